package flow

import "github.com/legato-flow/legato/flow/plan"

var listTrigger = triggerKind{
	Spec: Spec{
		Kind:    "list",
		Summary: "A person enters who becomes a member of the list.",
		Value:   "the list's name or id",
		Type:    "list",
		Example: "trigger:\n  list: Newsletter\n",
		words:   []string{"lists", "added_to_list", "subscribed"},
	},
	read: func(r *reader, value *node, _ map[string]*node) plan.Trigger {
		return plan.Trigger{List: &plan.ListTrigger{List: r.listName(value, "list")}}
	},
}
