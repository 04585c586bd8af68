package flow

import (
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

var switchFields = []Field{
	{Name: "when", Type: "expression", Required: true, Example: "person.points >= 100", Summary: "The condition."},
	{Name: "name", Type: "text", Example: "Gold", Summary: "What people see of the path."},
	{Name: "then", Type: "steps", Required: true, Example: "[]", Summary: "The path if it is true and none before it was."},
}

var switchStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindSwitch,
		Summary: "Takes the first path whose condition is true, like if, with a name for each path.",
		Many:    true, Min: 1, Max: maxBranches - 1,
		Fields: switchFields,
		Beside: []Field{
			{Name: "else", Type: "steps", Example: "[{email: welcome}]", Summary: "The path if none is true."},
			{Name: "else_name", Type: "text", Example: "Everybody else", Summary: "What people see of it."},
		},
		Example: "switch:\n" +
			"  - when: person.points >= 1000\n    name: Gold\n    then: [{email: gold}]\n" +
			"  - when: person.points >= 100\n    name: Silver\n    then: [{email: silver}]\n" +
			"else: [{email: join}]\nelse_name: Everybody else\n",
		words: []string{"case", "match", "branch"},
	},
	read: func(r *steps, s *step, value *node, beside map[string]*node) {
		s.Switch = &plan.If{}
		r.branching(func() {
			for _, found := range r.branches(value, "switch", "when", 1, maxBranches-1, switchFields) {
				var b plan.Branch
				if n := found["when"]; n != nil {
					b.When = r.condition(n, "when", expression.Person)
				}
				if n := found["name"]; n != nil {
					b.Name = r.string(n, "name", maxName)
				}
				r.branch(s, s.Switch, b, found["then"])
			}
			r.otherwise(s, s.Switch, beside["else"])
			if n := beside["else_name"]; n != nil {
				s.Switch.ElseName = r.string(n, "else_name", maxName)
			}
		})
	},
}

// branches reads the keys of each of a list of mappings; with is the one that makes it.
func (r *steps) branches(n *node, what, with string, least, most int, fields []Field) []map[string]*node {
	switch {
	case n.shape == unreadable:
		return nil
	case n.shape != list:
		r.fail(n, "put a dash before each of them: - "+with+": …", "%s must be a list of mappings with %s, not %s", what, with, n.shape)
		return nil
	case len(n.items) < least || len(n.items) > most:
		r.fail(n, "", "%s has %d entries; possible are %d to %d", what, len(n.items), least, most)
		return nil
	}
	var all []map[string]*node
	for _, item := range n.items {
		if item.shape != mapping {
			if item.shape != unreadable {
				r.fail(item, "", "an entry of %s must be a mapping with %s, not %s", what, with, item.shape)
			}
			continue
		}
		all = append(all, r.fields(item, check{what: "an entry of " + what, fields: fields}))
	}
	return all
}
