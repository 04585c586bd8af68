package flow

import (
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

var metricTrigger = triggerKind{
	Spec: Spec{
		Kind:    "metric",
		Summary: "A person enters for each new event of the metric.",
		Value:   "the metric's name",
		Beside: []Field{{Name: "filter", Type: "expression", Example: "event.value >= 20",
			Summary: "Which events count. It sees the event only, once, at entry."}},
		Example: "trigger:\n  metric: Added to Cart\n  filter: event.value >= 20\n",
		words:   []string{"event", "events", "on"},
	},
	reentry: plan.Always,
	read: func(r *reader, value *node, beside map[string]*node) plan.Trigger {
		trigger := &plan.MetricTrigger{Metric: r.string(value, "metric", maxName)}
		if n := beside["filter"]; n != nil {
			trigger.Filter = r.condition(n, "the trigger's filter", expression.Trigger)
		}
		return plan.Trigger{Metric: trigger}
	},
}
