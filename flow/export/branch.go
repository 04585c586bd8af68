package export

import (
	"fmt"

	"github.com/legato-flow/legato/flow/plan"
)

// conditions writes the branches of an if.
func (e *exporter) conditions(o *object, s *plan.Step) error {
	var others []any
	for i, branch := range s.If.Branches {
		if branch.When == "" {
			return fmt.Errorf("branch %d has no condition", i+1)
		}
		steps, err := e.branch(s, i)
		switch {
		case err != nil:
			return err
		case i == 0:
			(*o)[0].value = branch.When
			o.add("then", steps)
		default:
			others = append(others, object{{"if", branch.When}, {"then", steps}})
		}
	}
	if len(others) > 0 {
		o.add("elif", others)
	}
	return e.otherwise(o, s, s.If, len(s.If.Branches))
}

// cases writes the branches of a switch.
func (e *exporter) cases(o *object, s *plan.Step) error {
	cases := make([]any, len(s.Switch.Branches))
	for i, branch := range s.Switch.Branches {
		if branch.When == "" {
			return fmt.Errorf("branch %d has no condition", i+1)
		}
		steps, err := e.branch(s, i)
		if err != nil {
			return err
		}
		c := object{{"when", branch.When}}
		c.add("name", optional(branch.Name))
		c.add("then", steps)
		cases[i] = c
	}
	(*o)[0].value = cases
	return e.otherwise(o, s, s.Switch, len(s.Switch.Branches))
}

// otherwise writes the branch that is taken when no condition is true, unless the run just goes on below.
func (e *exporter) otherwise(o *object, s *plan.Step, f *plan.If, way int) error {
	steps, err := e.branch(s, way)
	if err != nil {
		return err
	}
	if len(steps) > 0 || f.ElseName != "" {
		o.add("else", steps)
	}
	o.add("else_name", optional(f.ElseName))
	return nil
}

// shares writes the branches of a split.
func (e *exporter) shares(o *object, s *plan.Step) error {
	shares := make([]any, len(s.Split.Branches))
	for i, branch := range s.Split.Branches {
		steps, err := e.branch(s, i)
		if err != nil {
			return err
		}
		share := object{{"weight", branch.Weight}}
		share.add("name", optional(branch.Name))
		share.add("then", steps)
		shares[i] = share
	}
	(*o)[0].value = shares
	return nil
}

// ways writes the branches of a wait_for.
func (e *exporter) ways(o *object, s *plan.Step) error {
	for i, key := range []string{"then", "else"} {
		steps, err := e.branch(s, i)
		if err != nil {
			return err
		}
		if len(steps) > 0 {
			o.add(key, steps)
		}
	}
	return nil
}
