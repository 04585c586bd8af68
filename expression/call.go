package expression

import (
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// called gives the name and arguments of a call of a function.
func called(n ast.Node) (name string, args []ast.Node, ok bool) {
	switch n := n.(type) {
	case *ast.BuiltinNode:
		return n.Name, n.Arguments, true
	case *ast.CallNode:
		if callee, isName := n.Callee.(*ast.IdentifierNode); isName {
			return callee.Value, n.Arguments, true
		}
	}
	return "", nil, false
}

func (c *compiler) call(n ast.Node) (ast.Node, kind, error) {
	name, args, ok := called(n)
	if !ok {
		return nil, 0, c.fail(n, "only functions can be called; a property has no methods")
	}
	f, err := c.function(n, name, args)
	if err != nil {
		return nil, 0, err
	}
	switch f.Group {
	case "history", "membership":
		return c.query(n, f, args)
	case "people":
		return c.people(n, f, args)
	case "windows":
		return nil, 0, c.fail(n, `%s is a window; use it like did("Placed Order", %s)`, name, f.Signature)
	case "lists":
		if strings.HasPrefix(name, "has_") {
			return c.listHas(n, f, args)
		}
		if overEvents(args[0]) {
			return c.query(n, f, args)
		}
		return c.listCall(n, f, args)
	}
	parts, kinds, err := c.rewriteAll(args)
	if err != nil {
		return nil, 0, err
	}
	if err := c.arguments(n, f, args, kinds); err != nil {
		return nil, 0, err
	}
	switch name {
	case "round":
		if len(parts) == 1 {
			parts = append(parts, constant(n, 0.0))
		}
	case "lower", "upper", "trim", "days_until", "today":
		parts = append([]ast.Node{state(n)}, parts...)
	case "anniversary_in", "anniversary_ago":
		days, err := c.days(args[1])
		if err != nil {
			return nil, 0, err
		}
		parts = []ast.Node{state(n), parts[0], constant(args[1], days)}
	}
	switch name {
	case "days_until", "anniversary_in", "anniversary_ago", "today":
		c.usesNow = true
	}
	return invoke(n, name, parts...), f.gives, nil
}

// function finds the function and checks how many arguments it gets.
func (c *compiler) function(n ast.Node, name string, args []ast.Node) (*Function, error) {
	f := functions[name]
	if f == nil {
		return nil, c.unknownFunction(n, name)
	}
	if name == "since_start" {
		return nil, c.fail(n, "since_start is a name: write it without parentheses")
	}
	if c.scope == Trigger && (name == "sample" || f.Group == "history" || f.Group == "membership" || f.Group == "windows") {
		return nil, c.fail(n, "%s", eventOnly)
	}
	if len(args) < f.min || len(args) > f.max {
		return nil, c.fail(n, "%s takes %s, got %d: %s", name, arity(f), len(args), f.Signature)
	}
	return f, nil
}

func arity(f *Function) string {
	few := map[int]string{0: "no arguments", 1: "one argument", 2: "two arguments"}
	if f.min == f.max {
		return few[f.min]
	}
	if f.max == 1 {
		return "one argument or none"
	}
	return "one or two arguments"
}

// arguments checks the kinds of arguments that are known.
func (c *compiler) arguments(n ast.Node, f *Function, args []ast.Node, kinds []kind) error {
	wants := map[string][]kind{
		"text":    {text},
		"numbers": {number},
		"dates":   {text, instant, number},
	}[f.Group]
	if f.Name == "join" {
		wants = []kind{list}
	}
	if wants == nil || len(kinds) == 0 || kinds[0] == anything {
		return nil
	}
	for _, k := range wants {
		if kinds[0] == k {
			if s, ok := args[0].(*ast.StringNode); ok && f.Group == "dates" && toDate(s.Value) == nil {
				return c.fail(args[0], "%q is not a date like 2026-05-10", clip(s.Value))
			}
			return nil
		}
	}
	return c.fail(n, "%s needs %s, got %s: %s", f.Name, wants[0], kinds[0], f.Signature)
}

// days reads the span of anniversary_in, which counts calendar days.
func (c *compiler) days(n ast.Node) (float64, error) {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return 0, c.fail(n, `the span is a duration in quotes, like "7d"`)
	}
	d, err := ParseDuration(s.Value)
	if err != nil {
		return 0, c.fail(n, "%v", err)
	}
	if d%(24*time.Hour) != 0 {
		return 0, c.fail(n, "an anniversary is counted in whole days; %q is not", clip(s.Value))
	}
	return float64(d / (24 * time.Hour)), nil
}

// listCall rewrites a function over a list that is at hand.
func (c *compiler) listCall(n ast.Node, f *Function, args []ast.Node) (ast.Node, kind, error) {
	items, k, err := c.rewrite(args[0])
	if err != nil {
		return nil, 0, err
	}
	if k != anything && k != list && (f.Name != "len" || k != text) {
		return nil, 0, c.fail(args[0], "%s needs a list, got %s: %s", f.Name, k, f.Signature)
	}
	if f.Name == "len" {
		return invoke(n, "len", items), number, nil
	}
	items = invoke(n, "list", state(n), items)
	var body ast.Node
	if len(args) == 2 {
		if body, err = c.body(f, args[1]); err != nil {
			return nil, 0, err
		}
	}
	builtin := func(name string) ast.Node {
		return place(&ast.BuiltinNode{Name: name, Arguments: []ast.Node{items, body}}, n)
	}
	switch f.Name {
	case "count":
		if body == nil {
			return invoke(n, "len", items), number, nil
		}
		return invoke(n, "value", builtin("count")), number, nil
	case "sum":
		if body != nil {
			items = builtin("map")
		}
		return invoke(n, "sum", items), number, nil
	case "min", "max", "mean":
		return invoke(n, f.Name, items), number, nil
	case "find":
		return invoke(n, "value", builtin("find")), anything, nil
	}
	return builtin(f.Name), f.gives, nil
}

// body rewrites the condition or value that a list function applies to every item.
func (c *compiler) body(f *Function, n ast.Node) (ast.Node, error) {
	p, ok := n.(*ast.PredicateNode)
	if !ok {
		return nil, c.fail(n, "%s needs a condition over the items: %s", f.Name, f.Signature)
	}
	c.depth++
	node, k, err := c.rewrite(p.Node)
	c.depth--
	if err != nil {
		return nil, err
	}
	if !strings.Contains(f.Signature, "value") {
		if k != anything && k != boolean {
			return nil, c.fail(n, "%s needs a condition, this is %s", f.Name, k)
		}
		node = truth(node, k)
	}
	return place(&ast.PredicateNode{Node: node}, n), nil
}
