package flow

const kindContinue = "continue"

var continueStep = stepKind{
	Spec: Spec{
		Kind: kindContinue,
		Summary: "The run goes on at another step, which may be anywhere in the flow but must not lead back here. " +
			"It is the last thing in its list of steps, and no step of its own.",
		Value:   "the id of a step, as written there",
		Type:    "id",
		Link:    true,
		Example: "continue: last-reminder",
		words:   []string{"goto", "go_to", "jump", "next", "join", "rejoin"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		to := *value
		to.text = r.id(value, "the id of a step")
		s.to = &to
	},
}
