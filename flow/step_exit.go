package flow

import "github.com/legato-flow/legato/flow/plan"

var exitStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindExit,
		Summary: "The person leaves the flow.",
		Value:   "nothing, or the reason as text",
		Type:    "text",
		Bare:    true,
		Example: "exit: not interested",
		words:   []string{"stop", "end", "leave", "quit", "return"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.Exit = &plan.Exit{}
		if value.shape != nothing {
			s.Exit.Reason = r.string(value, "the reason of an exit", maxName)
		}
	},
}
