package export_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/plan"
)

// anyPlan draws a plan: steps whose links lead only to later ones, in any way, so that paths part and meet again
// wherever they like. Each kind of step and trigger that the language knows is drawn.
func anyPlan(t *rapid.T) *plan.Plan {
	p := &plan.Plan{
		Format:     plan.Format,
		Flow:       rapid.StringMatching(`[a-z][a-z0-9_-]{0,20}`).Draw(t, "flow"),
		Name:       anyName().Draw(t, "name"),
		Filter:     maybe(t, anyCondition()),
		Cap:        anyRules(t, "cap", plan.Defer, plan.Off),
		QuietHours: anyRules(t, "quiet hours", plan.Skip, plan.Off),
		Reentry:    anyReentry(t),
	}
	p.Triggers = anyTriggers(t)
	if rapid.Bool().Draw(t, "exit on") {
		p.ExitOn = rapid.SliceOfN(rapid.Custom(anyWatch), 1, 3).Draw(t, "exits")
	}
	n := rapid.IntRange(1, 12).Draw(t, "steps")
	p.Entry = stepID(0)
	led := map[string]int{stepID(0): 1} // how many links lead there
	for i := range n {
		s := plan.Step{ID: stepID(i)}
		later := func(label string) string {
			to := rapid.IntRange(i+1, min(i+4, n)).Draw(t, label)
			led[stepID(to)]++
			return stepID(to)
		}
		links(t, p, &s, i+1 >= n || led[stepID(i+1)] > 0, later)
		if next := stepID(i + 1); led[next] == 0 && i+1 < n { // so that every step can be reached
			led[*way(&s)]--
			*way(&s) = next
			led[next]++
		}
		common(t, &s)
		if bringsAbout(p, &s) { // the language has no flow that starts itself over and over
			p.Reentry = plan.Reentry{Mode: plan.Never}
		}
		p.Steps = append(p.Steps, s)
	}
	end := stepID(n)
	meet(p, end)
	for i := range p.Steps {
		forEachLink(&p.Steps[i], func(next *string) {
			if *next == end {
				*next = ""
			}
		})
	}
	if circle := p.Order(); circle != nil {
		t.Fatalf("circle %v", circle)
	}
	return p
}

// bringsAbout says whether the step sets off a trigger of its own flow.
func bringsAbout(p *plan.Plan, s *plan.Step) bool {
	switch {
	case s.List != nil:
		return p.TriggerOf(plan.TriggerList, s.List.List) != nil
	case s.Track != nil:
		return p.TriggerOf(plan.TriggerMetric, s.Track.Metric) != nil
	}
	return false
}

func stepID(i int) string { return fmt.Sprintf("s%d", i) }

// way is the link that may be set to anything: the last branch, else Next.
func way(s *plan.Step) *string {
	all := allLinks(s)
	if s.Branches() {
		return all[len(all)-2]
	}
	return &s.Next
}

// allLinks are the links of a step in the order of Successors.
func allLinks(s *plan.Step) (all []*string) {
	for _, f := range []*plan.If{s.If, s.Switch} {
		if f == nil {
			continue
		}
		for i := range f.Branches {
			all = append(all, &f.Branches[i].Next)
		}
		all = append(all, &f.Else)
	}
	if s.Split != nil {
		for i := range s.Split.Branches {
			all = append(all, &s.Split.Branches[i].Next)
		}
	}
	if s.WaitFor != nil {
		all = append(all, &s.WaitFor.Then, &s.WaitFor.Else)
	}
	return append(all, &s.Next)
}

func forEachLink(s *plan.Step, visit func(*string)) {
	for _, link := range allLinks(s) {
		visit(link)
	}
}

// meet lets every step with branches go on where all its branches have met: at its immediate post-dominator.
func meet(p *plan.Plan, end string) {
	above := map[string]string{} // by step, the first step that every way from it comes through
	through := func(id string) (all []string) {
		for ; id != end; id = above[id] {
			all = append(all, id)
		}
		return append(all, end)
	}
	for i := len(p.Steps) - 1; i >= 0; i-- {
		s := &p.Steps[i]
		if s.Exit != nil {
			above[s.ID] = end // also one that is passed over: some runs end there
			continue
		}
		if !s.Branches() {
			above[s.ID] = s.Next
			continue
		}
		all := allLinks(s)
		shared := through(*all[0])
		for _, link := range all[1 : len(all)-1] {
			other := through(*link)
			shared = slices.DeleteFunc(shared, func(id string) bool { return !slices.Contains(other, id) })
		}
		s.Next = shared[0]
		above[s.ID] = s.Next
	}
}

// links draws a kind and where it leads. ends says whether the step may be one that leads nowhere.
func links(t *rapid.T, p *plan.Plan, s *plan.Step, ends bool, later func(string) string) {
	var kinds []string
	for _, spec := range flow.Steps() {
		if !spec.Link {
			kinds = append(kinds, spec.Kind)
		}
	}
	if !ends {
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == plan.KindExit })
	}
	s.Kind = rapid.SampledFrom(kinds).Draw(t, "kind")
	draw, ok := settings[s.Kind]
	if !ok {
		t.Fatalf("draw settings of steps of kind %s, too", s.Kind)
	}
	draw(t, s, p)
	if s.Branches() {
		all := allLinks(s)
		for _, next := range all[:len(all)-1] {
			*next = later("branch")
		}
		return
	}
	if s.Exit == nil {
		s.Next = later("next")
	}
}

func common(t *rapid.T, s *plan.Step) {
	s.Name = maybe(t, anyName())
	if s.Exit == nil { // one that is passed over has a way on
		s.Status = rapid.SampledFrom([]string{"", "", plan.Draft, plan.Manual}).Draw(t, "status")
		s.Filter = maybe(t, anyCondition())
	}
	if s.Channel() != "" {
		s.Cap = rapid.SampledFrom([]string{"", "", plan.Skip, plan.Defer, plan.Off}).Draw(t, "cap of a step")
		s.QuietHours = rapid.SampledFrom([]string{"", "", plan.Skip, plan.Defer, plan.Off}).Draw(t, "quiet hours of a step")
	}
	if s.Acts() {
		s.OnFailure = rapid.SampledFrom([]string{"", "", plan.FailureExits}).Draw(t, "on failure")
	}
}
