package flow

import (
	"slices"
	"time"

	"github.com/legato-flow/legato/flow/plan"
)

var waitForFields = slices.Concat(watchFields, []Field{
	{Name: "any", Type: "mapping", List: Several, Max: maxWatches, Fields: watchFields, Example: "[{metric: Placed Order}, {condition: person.vip == true}]",
		Summary: "Instead of these: several things, any of which ends the wait."},
	{Name: "timeout", Type: "duration", Required: true, Example: "3d", Summary: "How long at most. A day is 24 hours."},
})

var waitForStep = stepKind{
	Spec: Spec{
		Kind: plan.KindWaitFor,
		Summary: "Waits until something happens, or gives up. Events count from the moment the wait begins. " +
			"After the branch the steps below go on.",
		Fields: waitForFields,
		Beside: []Field{
			{Name: "then", Type: "steps", Example: "[{email: thanks}]", Summary: "The branch if it happened."},
			{Name: "else", Type: "steps", Example: "[{email: reminder}]", Summary: "The branch if it did not happen in time."},
		},
		Example: "wait_for: {metric: Placed Order, filter: event.value > 10, timeout: 3d}\n" +
			"then:\n  - email: thanks\nelse:\n  - email: reminder\n",
		words: []string{"wait_until", "until", "await", "waitfor", "listen"},
	},
	read: func(r *steps, s *step, value *node, beside map[string]*node) {
		s.WaitFor = &plan.WaitFor{}
		if value.shape == mapping {
			r.waitFor(s.WaitFor, value)
		} else if value.shape != unreadable {
			r.fail(value, "for example {metric: Placed Order, timeout: 3d}", "wait_for must be a mapping with metric, condition or any, and timeout, not %s", describe(value))
		}
		r.branching(func() {
			r.path(s, &s.WaitFor.Then, beside["then"], "then")
			r.path(s, &s.WaitFor.Else, beside["else"], "else")
		})
	},
}

func (r *steps) waitFor(w *plan.WaitFor, n *node) {
	hints := map[string]string{"then": "it stands beside wait_for, not in it", "else": "it stands beside wait_for, not in it"}
	found := r.fields(n, check{what: "wait_for", fields: waitForFields, hints: hints})
	if timeout := found["timeout"]; timeout != nil {
		w.Timeout = r.holdFor(timeout, "timeout")
	}
	anyOf := found["any"]
	switch {
	case anyOf == nil && (found["metric"] != nil || found["filter"] != nil || found["condition"] != nil || len(found) == len(n.entries)):
		w.For = []plan.Watch{r.watch(n, "wait_for", found)}
	case anyOf == nil: // a key was misspelt, and reported
	case found["metric"] != nil || found["filter"] != nil || found["condition"] != nil:
		r.fail(anyOf, "put all of it into any", "any stands instead of metric, filter and condition, not beside them")
	case anyOf.shape != list && anyOf.shape != unreadable:
		r.fail(anyOf, "put a dash before each: - metric: Placed Order", "any must be a list, not %s", describe(anyOf))
	default:
		w.For = r.watches(anyOf, "any")
	}
}

// holdFor reads a duration in which a day is 24 hours.
func (r *reader) holdFor(n *node, what string) time.Duration {
	if n.shape == text && monthPattern.MatchString(n.text) {
		r.fail(n, "write days: 30d", "%s has no months", what)
		return 0
	}
	s, _ := r.duration(n, what)
	return s.length()
}
