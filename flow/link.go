package flow

import (
	"maps"
	"slices"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

// passedOver says whether a run may go past the step as if it were not there.
func passedOver(s *plan.Step) bool { return s.Status == plan.Draft || s.Filter != "" }

// ways are the steps to which a run goes on from the step when nothing fails. The Next of a step with branches is
// one of them only if the step may be passed over.
func ways(s *plan.Step) []string {
	if next := s.Successors(); s.Branches() && !passedOver(s) {
		return next[:len(next)-1]
	}
	return s.Successors()
}

// reached are the ids of the steps that can be reached from one, itself among them.
func reached(p *plan.Plan, from string) map[string]bool {
	index := make(map[string]*plan.Step, len(p.Steps))
	for i := range p.Steps {
		index[p.Steps[i].ID] = &p.Steps[i]
	}
	seen := map[string]bool{}
	for open := []string{from}; len(open) > 0; {
		id := open[len(open)-1]
		open = open[:len(open)-1]
		if s := index[id]; s != nil && !seen[id] {
			seen[id] = true
			open = append(open, ways(s)...)
		}
	}
	return seen
}

// checkLinks reports where a continue leads nowhere or back, and steps that no run can reach, and puts the steps
// of the plan in order.
func (r *steps) checkLinks(p *plan.Plan, sequence []*step) {
	failed := false
	links := r.continues(sequence)
	for _, s := range links {
		if s.to.text == "" { // reported when it was read
			failed = true
		} else if r.ids[s.to.text] == nil {
			failed = true
			r.fail(s.to, r.targetHint(s.to.text), "there is no step with the id %s", quoted(s.to.text))
		}
	}
	if failed {
		return
	}
	for _, s := range links {
		if circle := circleThrough(p, s.to.text); circle != nil {
			r.fail(s.to, "the steps of a flow lead forward only", "this leads back: %s", strings.Join(circle, " → "))
			return
		}
	}
	if !slices.ContainsFunc(r.all, pathless) {
		r.unreached(sequence, reached(p, p.Entry))
	}
	straighten(p)
	if circle := p.Order(); circle != nil && !r.failed() {
		r.fail(r.all[0].at, "", "these steps lead back to each other: %s", strings.Join(circle, " → "))
	}
}

// pathless says whether the ways out of a step could not be read, which is reported.
func pathless(s *step) bool { return s.Split != nil && len(s.paths) == 0 }

// continues are the continues of a sequence and of all below it.
func (r *steps) continues(sequence []*step) []*step {
	var all []*step
	for _, s := range sequence {
		if s.to != nil {
			all = append(all, s)
		}
		for _, path := range s.paths {
			all = append(all, r.continues(path.steps)...)
		}
	}
	return all
}

// targetHint helps to name a step that is there.
func (r *steps) targetHint(id string) string {
	for _, s := range r.all {
		if s.ID == id {
			return "the step must have it written: id: " + id
		}
	}
	if hint := suggestion(id, slices.Sorted(maps.Keys(r.ids))); hint != "" {
		return hint
	}
	return "give the step an id: id: " + id
}

// circleThrough is a way from a step back to itself, or nil.
func circleThrough(p *plan.Plan, id string) []string {
	from := map[string]string{} // the step that led to each
	for open := []string{id}; len(open) > 0; {
		at := open[0]
		open = open[1:]
		s := p.Step(at)
		if s == nil {
			continue
		}
		for _, next := range ways(s) {
			if next == id {
				circle := []string{id}
				for ; at != id; at = from[at] {
					circle = append(circle, at)
				}
				circle = append(circle, id)
				slices.Reverse(circle)
				return circle
			}
			if _, seen := from[next]; !seen {
				from[next] = at
				open = append(open, next)
			}
		}
	}
	return nil
}

// unreached reports the first of the steps in a sequence that cannot be reached.
func (r *steps) unreached(sequence []*step, reached map[string]bool) {
	said := false
	for _, s := range sequence {
		switch {
		case s.to != nil:
		case reached[s.ID]:
			said = false
			for _, path := range s.paths {
				r.unreached(path.steps, reached)
			}
		case !said:
			said = true
			r.fail(s.at, "", "this step cannot be reached: every way to it ends before")
		}
	}
}

// straighten lets a step with branches end the run where passing over it, because it failed, would lead back: a
// continue in one of its branches can lead past the step below it and from there to the step itself.
func straighten(p *plan.Plan) {
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Branches() && !passedOver(s) && s.Next != "" && reached(p, s.Next)[s.ID] {
			s.Next = ""
		}
	}
}
