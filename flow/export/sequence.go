package export

import (
	"fmt"
	"slices"

	"github.com/legato-flow/legato/flow/plan"
)

// exporter finds back to nested steps. Steps are placed along the tree that plan.Order walks: a step stands behind
// the last of those that lead to it, in its order, so that steps come in the file as in the plan. What a split
// names as its Next comes after its branches, which is where they meet again. All other links are a branch's end,
// where the run goes on below, or are written out with continue.
type exporter struct {
	plan    *plan.Plan
	manual  bool          // the flow is
	claimed map[edge]bool // the links along which steps are placed
	placed  map[string]bool
}

// edge is a way out of a step, counted as in Successors.
type edge struct {
	from string
	way  int
}

func (e *exporter) steps() ([]any, error) {
	ordered := *e.plan
	ordered.Steps = slices.Clone(e.plan.Steps)
	if circle := ordered.Order(); circle != nil {
		return nil, fmt.Errorf("steps %v lead in a circle", circle)
	}
	if e.plan.Step(e.plan.Entry) == nil {
		return nil, fmt.Errorf("there is no first step %q", e.plan.Entry)
	}
	if err := e.claim(e.plan.Entry); err != nil {
		return nil, err
	}
	for i := range e.plan.Steps {
		if id := e.plan.Steps[i].ID; !e.placed[id] {
			return nil, fmt.Errorf("nothing leads to step %s", id)
		}
	}
	return e.sequence(e.plan.Entry, "")
}

// claim places the step and those that it leads to.
func (e *exporter) claim(id string) error {
	e.placed[id] = true
	ways := e.plan.Step(id).Successors()
	for way, next := range slices.Backward(ways) {
		switch {
		case next == "" || e.placed[next]:
		case e.plan.Step(next) == nil:
			return fmt.Errorf("step %s leads to %q, which is not there", id, next)
		default:
			e.claimed[edge{id, way}] = true
			if err := e.claim(next); err != nil {
				return err
			}
		}
	}
	return nil
}

// sequence writes the step and those that follow it, up to where the run goes on with the step after in any case.
func (e *exporter) sequence(id, after string) ([]any, error) {
	var list []any
	for {
		s := e.plan.Step(id)
		written, err := e.step(s)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", id, err)
		}
		list = append(list, written)
		last := len(s.Successors()) - 1
		if e.claimed[edge{id, last}] {
			id = s.Next
			continue
		}
		if s.Next == "" && s.Exit != nil {
			return list, nil
		}
		link, err := e.link(s, s.Next, after)
		return append(list, link...), err
	}
}

// branch writes what stands in the branch of a step, by the number of its way out.
func (e *exporter) branch(s *plan.Step, way int) ([]any, error) {
	next := s.Successors()[way]
	if e.claimed[edge{s.ID, way}] {
		return e.sequence(next, s.Next)
	}
	return e.link(s, next, s.Next)
}

// link writes that the run goes on with the step next, where without a word it would go on with the step after.
func (e *exporter) link(s *plan.Step, next, after string) ([]any, error) {
	switch next {
	case after:
		return []any{}, nil
	case "":
		return nil, fmt.Errorf("a run ends after step %s, and below it there is step %s: an exit step must be put between", s.ID, after)
	default:
		return []any{object{{"continue", next}}}, nil
	}
}
