package flow

import (
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// maxWatches bounds what one wait_for or exit_on looks out for.
const maxWatches = 10

var watchFields = []Field{
	{Name: "metric", Type: "metric", Example: "Placed Order", Summary: "An event of this metric."},
	{Name: "filter", Type: "expression", Example: "event.value > 10", Summary: "With metric: which events count. It sees that event only."},
	{Name: "condition", Type: "expression", Example: "person.vip == true", Summary: "Instead of metric: something about the person becomes true."},
}

// watch reads what a mapping's keys say to look out for.
func (r *reader) watch(n *node, what string, found map[string]*node) plan.Watch {
	var w plan.Watch
	metric, filter, condition := found["metric"], found["filter"], found["condition"]
	switch {
	case metric != nil && condition != nil:
		r.fail(condition, "make two of them, in a list", "%s has metric already: it is an event or a condition", what)
		return w
	case metric == nil && condition == nil && filter != nil:
		r.fail(filter, "what is true of the person is written condition: …", "filter needs a metric, whose events it filters")
		return w
	case metric == nil && condition == nil:
		r.fail(n, "for example metric: Placed Order", "%s needs metric or condition", what)
		return w
	case condition != nil && filter != nil:
		r.fail(filter, "join the two with and", "filter goes with metric; a condition has none")
		return w
	}
	if condition != nil {
		w.Condition = r.condition(condition, "condition", expression.Person)
		return w
	}
	w.Metric = r.metric(metric)
	if filter != nil {
		w.Filter = r.eventFilter(filter, "filter", w.Metric)
	}
	return w
}

// watches reads one thing to look out for, or a list of them.
func (r *reader) watches(n *node, what string) []plan.Watch {
	items := []*node{n}
	if n.shape == list {
		items = n.items
		if len(items) == 0 {
			r.fail(n, "for example metric: Placed Order", "%s is empty", what)
		}
	}
	if len(items) > maxWatches {
		r.fail(n, "", "%s has %d entries, the limit is %d", what, len(items), maxWatches)
		return nil
	}
	var all []plan.Watch
	for _, item := range items {
		switch item.shape {
		case mapping:
			found := r.fields(item, check{what: what, fields: watchFields})
			if len(found) == len(item.entries) || len(found) > 0 {
				all = append(all, r.watch(item, what, found))
			}
		case unreadable:
		default:
			r.fail(item, "for example metric: Placed Order", "%s must be a mapping with metric or condition, not %s", what, item.shape)
		}
	}
	return all
}
