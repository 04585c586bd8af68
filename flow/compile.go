package flow

import (
	"fmt"
	"slices"

	"github.com/legato-flow/legato/flow/plan"
)

// compile gives every step an id and writes the steps into the plan, flat, in the order of the file.
func (r *steps) compile(p *plan.Plan, sequence []*step) {
	r.name()
	p.Steps = make([]plan.Step, 0, len(r.all))
	p.Entry = first(sequence, "")
	flatten(p, sequence, "")
}

// name gives ids to the steps that have none: the kind and the how-manieth of its kind it is, or for an email
// its template. They stay the same when steps of other kinds come or go, and ids that are written win.
func (r *steps) name() {
	taken := make(map[string]bool, len(r.all))
	for id := range r.ids {
		taken[id] = true
	}
	ordinal := map[string]int{}
	for _, s := range r.all {
		ordinal[s.Kind]++
		if s.ID != "" {
			continue
		}
		id := fmt.Sprintf("%s-%d", s.Kind, ordinal[s.Kind])
		if s.Email != nil {
			if slug := slugOf(s.Email.Template); slug != "" {
				id = s.Kind + "-" + slug
			}
		}
		s.ID = id
		for n := 2; taken[s.ID]; n++ {
			s.ID = fmt.Sprintf("%s-%d", id, n)
		}
		taken[s.ID] = true
	}
}

// flatten appends the steps of a sequence, after which a run goes on with the step next.
func flatten(p *plan.Plan, sequence []*step, next string) {
	for i, s := range sequence {
		if s.to != nil {
			continue
		}
		after := first(sequence[i+1:], next)
		if s.Exit == nil || passedOver(&s.Step) {
			s.Next = after
		}
		for _, path := range s.paths {
			*path.next = first(path.steps, after)
		}
		p.Steps = append(p.Steps, s.Step)
		for _, path := range s.paths {
			flatten(p, path.steps, after)
		}
	}
}

// first is the id of the step at which a sequence begins, or next if it is empty.
func first(sequence []*step, next string) string {
	switch {
	case len(sequence) == 0:
		return next
	case sequence[0].to != nil:
		return sequence[0].to.text
	default:
		return sequence[0].ID
	}
}

// idle warns of steps that do nothing.
func (r *steps) idle(p *plan.Plan, steps *node) {
	acts := func(s *step) bool { return s.Acts() }
	if slices.ContainsFunc(r.all, acts) {
		if !slices.ContainsFunc(r.all, func(s *step) bool { return s.Acts() && s.Status != plan.Draft }) {
			r.warn(steps, "", "every step that does something is a draft: people go through and nothing happens")
			return
		}
	}
	for _, s := range r.all {
		if s.Kind == plan.KindWait && s.Status != plan.Draft && !p.ActsAfter(s.ID) {
			r.warn(s.at, "an email or update_profile after it would make people wait",
				"no live step comes after this wait, so nobody waits: people leave the flow here")
		}
	}
}
