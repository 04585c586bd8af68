package flow

import "github.com/legato-flow/legato/flow/plan"

var metricTrigger = triggerKind{
	Spec: Spec{
		Kind:    "metric",
		Summary: "A person enters for each new event of the metric.",
		Value:   "the metric's name",
		Type:    "metric",
		Beside: []Field{
			{Name: "filter", Type: "expression", Example: "event.value >= 20", Summary: "Which events count. It sees the event only, once, at entry."},
			{Name: "late", Type: "duration", Default: "the worker's setting, 6h", Example: "1d",
				Summary: "How long after it happened an event may still arrive and count."},
		},
		Example: "trigger:\n  metric: Added to Cart\n  filter: event.value >= 20\n",
		words:   []string{"event", "events", "on"},
	},
	read: func(r *reader, value *node, beside map[string]*node) plan.Trigger {
		trigger := &plan.MetricTrigger{Metric: r.metric(value)}
		if n := beside["filter"]; n != nil {
			trigger.Filter = r.eventFilter(n, "the trigger's filter", trigger.Metric)
		}
		if n := beside["late"]; n != nil {
			trigger.Late = r.holdFor(n, "late")
		}
		return plan.Trigger{Metric: trigger}
	},
}
