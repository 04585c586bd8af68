package flow

import (
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

var trackFields = []Field{
	{Name: "metric", Type: "metric", Required: true, Example: "Became VIP", Summary: "The event's metric."},
	{Name: "properties", Type: "data", Example: "{tier: gold, total: {expr: event.value}}", Summary: "The event's properties."},
	{Name: "value", Type: "expression", Example: "event.value", Summary: "The event's value: a number, or an expression that gives one."},
}

var trackStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindTrack,
		Summary: "Records an event of the person. It may start other flows.",
		Value:   "the metric",
		Type:    "metric",
		Fields:  trackFields,
		Example: "track: {metric: Became VIP, properties: {tier: gold}, value: event.value}",
		words:   []string{"event", "emit", "record", "track_event"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.Track = &plan.Track{}
		if value.shape != mapping {
			s.Track.Metric = r.string(value, "metric", maxName)
			return
		}
		found := r.fields(value, check{what: "track", fields: trackFields})
		if n := found["metric"]; n != nil {
			s.Track.Metric = r.string(n, "metric", maxName)
		}
		if n := found["properties"]; n != nil {
			s.Track.Properties = r.assignments(n, "properties", r.eventProperty, r.datum)
		}
		if n := found["value"]; n != nil {
			s.Track.Value, _ = r.expression(n, "value", expression.Person)
		}
	},
}

// eventProperty reads the name of a property that an event gets.
func (r *steps) eventProperty(n *node) string {
	s := r.string(n, "a property's name", maxName)
	if strings.HasPrefix(s, "$") {
		r.fail(n, "the event's value is written value: …, beside properties", "a property's name must not begin with $")
		return ""
	}
	return s
}
