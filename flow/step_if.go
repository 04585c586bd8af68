package flow

import (
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

var ifStep = stepKind{
	Spec: Spec{
		Kind: plan.KindIf,
		Summary: "Takes the first branch whose condition is true, with the person's data of that moment. " +
			"After the branch the steps below go on.",
		Value: "an expression",
		Beside: []Field{
			{Name: "then", Type: "steps", Required: true, Example: "[{email: welcome}]", Summary: "The branch if the condition is true. [] is an empty branch."},
			{Name: "elif", Type: "list of if and then", Summary: "More conditions, tried in order."},
			{Name: "else", Type: "steps", Summary: "The branch if none is true."},
		},
		Example: "if: person.location.country == \"United States\"\n" +
			"then:\n  - email: reminder-us\nelse:\n  - email: reminder-world\n",
		words: []string{"when", "condition", "conditional", "unless"},
	},
	read: func(r *steps, s *step, value *node, beside map[string]*node) {
		s.If = &plan.If{}
		r.depth++
		defer func() { r.depth-- }()

		s.branches = []branch{r.branch(value, beside["then"])}
		if n := beside["elif"]; n != nil {
			s.branches = append(s.branches, r.elifs(n)...)
		}
		if n := beside["else"]; n != nil {
			s.hasElse = true
			s.branches = append(s.branches, branch{steps: r.list(n, "else")})
		}
	},
}

func (r *steps) branch(when, then *node) branch {
	b := branch{when: r.condition(when, "if", expression.Person)}
	if then != nil { // else reported already
		b.steps = r.list(then, "then")
	}
	return b
}

func (r *steps) elifs(n *node) []branch {
	const hint = "a list: elif, and below it - if: … with then: …"
	if n.shape != list {
		if n.shape != unreadable {
			r.fail(n, hint, "elif must be a list of if and then, not %s", n.shape)
		}
		return nil
	}
	if len(n.items) >= maxBranches {
		r.fail(n, "", "an if has at most %d branches and else", maxBranches)
		return nil
	}
	fields := []Field{
		{Name: "if", Required: true, Example: `person.location.country == "Canada"`},
		{Name: "then", Required: true, Example: "[]"},
	}
	var branches []branch
	for _, item := range n.items {
		if item.shape != mapping {
			r.fail(item, hint, "elif must be a list of if and then, not of %s", item.shape)
			continue
		}
		found := r.fields(item, check{what: "elif", fields: fields})
		if found["if"] != nil {
			branches = append(branches, r.branch(found["if"], found["then"]))
		}
	}
	return branches
}
