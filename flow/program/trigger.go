package program

import "github.com/legato-flow/legato/expression"

// Triggered says whether the event that in holds is of a metric that triggers the flow and passes that trigger's
// filter. An error is one that evaluating a filter met; the others are asked all the same.
func (g *Program) Triggered(in expression.Input) (bool, error) {
	metric, _ := in.Event["metric"].(string)
	var failed error
	for i := range g.Plan.Triggers {
		trigger := g.Plan.Triggers[i].Metric
		if trigger == nil || trigger.Metric != metric {
			continue
		}
		if g.Triggers[i] == nil {
			return true, nil
		}
		ok, err := g.Triggers[i].True(in)
		if ok {
			return true, nil
		}
		if err != nil {
			failed = err
		}
	}
	return false, failed
}
