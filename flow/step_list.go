package flow

import "github.com/legato-flow/legato/flow/plan"

var listFields = []Field{
	{Name: "add", Type: "list", Example: "Newsletter", Summary: "The list to which the person is added."},
	{Name: "remove", Type: "list", Example: "Newsletter", Summary: "Instead: the list from which the person is removed."},
}

var listStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindList,
		Summary: "Adds the person to a list, or removes them from it.",
		Fields:  listFields,
		Example: "list: {add: Newsletter}",
		words:   []string{"lists", "add_to_list", "remove_from_list", "subscribe"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.List = &plan.ListChange{}
		if value.shape != mapping {
			if value.shape != unreadable {
				r.fail(value, "for example {add: Newsletter}", "list must be a mapping with add or remove, not %s", describe(value))
			}
			return
		}
		found := r.fields(value, check{what: "list", fields: listFields})
		add, remove := found["add"], found["remove"]
		switch {
		case add != nil && remove != nil:
			r.fail(remove, "make two steps", "a step list has add or remove, not both")
		case add != nil:
			s.List.List = r.listName(add, "the list")
		case remove != nil:
			s.List.List, s.List.Remove = r.listName(remove, "the list"), true
		case len(found) == len(value.entries):
			r.fail(value, "for example add: Newsletter", "list needs add or remove")
		}
	},
}
