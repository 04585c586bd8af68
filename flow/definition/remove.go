package definition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

// RemoveAction gives the plan without a step. What led there leads to what came after it: for a split, where its
// ways meet again. It fails if other steps could not be reached any more, or none would be left. The plan itself
// is not changed.
func RemoveAction(p *plan.Plan, step string) (*plan.Plan, error) {
	gone := p.Step(step)
	if gone == nil {
		return nil, fmt.Errorf("there is no step %s", step)
	}
	past := func(next *string) {
		if *next == step {
			*next = gone.Next
		}
	}
	changed := *p
	changed.Steps = nil
	past(&changed.Entry)
	for _, s := range p.Steps {
		if s.ID == step {
			continue
		}
		past(&s.Next)
		for _, to := range []**plan.If{&s.If, &s.Switch} {
			if *to == nil {
				continue
			}
			f := **to
			f.Branches = slices.Clone(f.Branches)
			for i := range f.Branches {
				past(&f.Branches[i].Next)
			}
			past(&f.Else)
			*to = &f
		}
		if s.Split != nil {
			split := plan.Split{Branches: slices.Clone(s.Split.Branches)}
			for i := range split.Branches {
				past(&split.Branches[i].Next)
			}
			s.Split = &split
		}
		if s.WaitFor != nil {
			w := *s.WaitFor
			past(&w.Then)
			past(&w.Else)
			s.WaitFor = &w
		}
		changed.Steps = append(changed.Steps, s)
	}
	if changed.Entry == "" {
		return nil, fmt.Errorf("no action would be left for people to begin with")
	}
	r := &reader{}
	r.Flow, r.places = p.Flow, map[string]string{}
	for _, s := range changed.Steps {
		r.places[s.ID] = ActionID(p.Flow, s.ID)
	}
	if r.arrange(&changed); len(r.Problems) > 0 {
		var lost []string
		for _, problem := range r.Problems {
			lost = append(lost, problem.Error())
		}
		return nil, fmt.Errorf("%s", strings.Join(lost, " "))
	}
	return &changed, nil
}
