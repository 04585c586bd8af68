package flow

import (
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

var elifFields = []Field{
	{Name: "if", Type: "expression", Required: true, Example: `person.location.country == "Canada"`, Summary: "The condition."},
	{Name: "then", Type: "steps", Required: true, Example: "[]", Summary: "The branch if it is true and none before it was."},
}

var ifStep = stepKind{
	Spec: Spec{
		Kind: plan.KindIf,
		Summary: "Takes the first branch whose condition is true, with the person's data of that moment. " +
			"After the branch the steps below go on.",
		Value: "an expression",
		Type:  "expression",
		Beside: []Field{
			{Name: "then", Type: "steps", Required: true, Example: "[{email: welcome}]", Summary: "The branch if the condition is true. [] is an empty branch."},
			{Name: "elif", Type: "mapping", List: Several, Max: maxBranches - 1, Fields: elifFields, Example: "[{if: person.vip == true, then: []}]",
				Summary: "More conditions, tried in order."},
			{Name: "else", Type: "steps", Example: "[{email: welcome}]", Summary: "The branch if none is true."},
		},
		Example: "if: person.location.country == \"United States\"\n" +
			"then:\n  - email: reminder-us\nelse:\n  - email: reminder-world\n",
		words: []string{"when", "condition", "conditional", "unless"},
	},
	read: func(r *steps, s *step, value *node, beside map[string]*node) {
		s.If = &plan.If{}
		r.branching(func() {
			r.branch(s, s.If, plan.Branch{When: r.condition(value, "if", expression.Person)}, beside["then"])
			if n := beside["elif"]; n != nil {
				r.elifs(s, n)
			}
			r.otherwise(s, s.If, beside["else"])
		})
	},
}

// branching calls read one level deeper.
func (r *steps) branching(read func()) {
	r.depth++
	read()
	r.depth--
}

// branch adds a branch of an if or switch. then may be missing, which is reported already.
func (r *steps) branch(s *step, to *plan.If, b plan.Branch, then *node) {
	if to.Branches == nil { // paths point into it, so it must never grow
		to.Branches = make([]plan.Branch, 0, maxBranches)
	}
	to.Branches = append(to.Branches, b)
	r.path(s, &to.Branches[len(to.Branches)-1].Next, then, "then")
}

// otherwise adds the branch that is taken when no other is.
func (r *steps) otherwise(s *step, to *plan.If, steps *node) {
	r.path(s, &to.Else, steps, "else")
}

// path adds a way out of a step; without steps it goes on below.
func (r *steps) path(s *step, next *string, steps *node, what string) {
	out := way{next: next}
	if steps != nil {
		out.steps = r.list(steps, what)
	}
	s.paths = append(s.paths, out)
}

func (r *steps) elifs(s *step, n *node) {
	const hint = "a list: elif, and below it - if: … with then: …"
	if n.shape != list {
		if n.shape != unreadable {
			r.fail(n, hint, "elif must be a list of if and then, not %s", n.shape)
		}
		return
	}
	if len(n.items) >= maxBranches {
		r.fail(n, "", "an if has at most %d branches and else", maxBranches)
		return
	}
	for _, item := range n.items {
		if item.shape != mapping {
			r.fail(item, hint, "elif must be a list of if and then, not of %s", item.shape)
			continue
		}
		found := r.fields(item, check{what: "elif", fields: elifFields})
		if found["if"] != nil {
			r.branch(s, s.If, plan.Branch{When: r.condition(found["if"], "if", expression.Person)}, found["then"])
		}
	}
}
