package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
)

// names are what an expression sees besides functions.
var names = []string{"person", "event", "flow", "now"}

// times are the attributes that are times, whether they come as one or as text.
var times = map[string]bool{"event.time": true, "person.created": true, "person.updated": true}

func (c *compiler) identifier(n *ast.IdentifierNode) (ast.Node, kind, error) {
	for i := len(c.variables) - 1; i >= 0; i-- {
		if v := c.variables[i]; v.name == n.Value {
			return place(&ast.IdentifierNode{Value: v.renamed}, n), v.kind, nil
		}
	}
	switch n.Value {
	case "now":
		c.usesNow = true
		return place(&ast.IdentifierNode{Value: "now"}, n), instant, nil
	case "person", "flow":
		if c.scope == Trigger {
			return nil, 0, c.fail(n, "%s", eventOnly)
		}
		fallthrough
	case "event":
		return invoke(n, "value", place(&ast.IdentifierNode{Value: n.Value}, n)), object, nil
	case "since_start":
		return nil, 0, c.fail(n, `since_start is a window; use it like did("Placed Order", since_start)`)
	}
	return nil, 0, c.unknownName(n, n.Value)
}

func (c *compiler) unknownName(n ast.Node, name string) error {
	if f := functions[name]; f != nil {
		return c.fail(n, "%s is a function: %s", name, f.Signature)
	}
	candidates := append([]string{"true", "false"}, names...)
	for _, v := range c.variables {
		candidates = append(candidates, v.name)
	}
	if meant := nearest(name, candidates); meant != "" {
		return c.fail(n, "unknown name %s; did you mean %s?", name, meant)
	}
	root := "person"
	if c.scope == Trigger {
		root = "event"
	}
	return c.fail(n, "unknown name %s; a property is written %s.%s, and text in quotes", name, root, name)
}

func (c *compiler) unknownFunction(n ast.Node, name string) error {
	if hint, ok := elsewhere[name]; ok {
		if name == "in_segment" {
			return c.fail(n, "%s", hint)
		}
		return c.fail(n, "unknown function %s; %s", name, hint)
	}
	var candidates []string
	for _, f := range Functions {
		candidates = append(candidates, f.Name)
	}
	if meant := nearest(name, candidates); meant != "" {
		return c.fail(n, "unknown function %s; did you mean %s?", name, functions[meant].Signature)
	}
	return c.fail(n, "unknown function %s", name)
}

// pointer is the current item, # or the dot before a property, in a condition over a list.
func (c *compiler) pointer(n *ast.PointerNode) (ast.Node, kind, error) {
	if n.Name != "" {
		return nil, 0, c.fail(n, "#%s is not supported; # is the current item and .name its property", n.Name)
	}
	if c.depth == 0 {
		return nil, 0, c.fail(n, "there is no current item here; # and .name belong in a condition like any(list, .price > 10)")
	}
	return invoke(n, "value", place(&ast.PointerNode{}, n)), anything, nil
}

// member reads a property or an item.
func (c *compiler) member(n *ast.MemberNode) (ast.Node, kind, error) {
	if root, path, ok := staticPath(n); ok {
		return c.property(n, root, path)
	}
	of, k, err := c.rewrite(n.Node)
	if err != nil {
		return nil, 0, err
	}
	if k != anything && k != list && k != object {
		return nil, 0, c.fail(n, "%s has no properties or items", k)
	}
	key, _, err := c.rewrite(n.Property)
	if err != nil {
		return nil, 0, err
	}
	return invoke(n, "get", of, key), anything, nil
}

// property reads a path that is known when compiling, from person, event or flow.
func (c *compiler) property(n ast.Node, root *ast.IdentifierNode, path []string) (ast.Node, kind, error) {
	node, k, err := c.identifier(root)
	if err != nil {
		return nil, 0, err
	}
	if k != object && k != anything && k != list {
		return nil, 0, c.fail(n, "%s has no properties or items", k)
	}
	for _, key := range path {
		node = invoke(n, "get", node, constant(n, key))
	}
	for _, v := range c.variables {
		if v.name == root.Value {
			return node, anything, nil
		}
	}
	name := root.Value + "." + path[0]
	if root.Value != "flow" {
		c.properties[name] = true
	}
	c.uses = append(c.uses, use{name: pathName(root.Value, path), path: append([]string{root.Value}, path...)})
	if len(path) == 1 && times[name] {
		return invoke(n, "time", node), anything, nil
	}
	return node, anything, nil
}

func pathName(root string, path []string) string {
	var b strings.Builder
	b.WriteString(root)
	for _, key := range path {
		if plainName(key) {
			b.WriteString("." + key)
		} else {
			b.WriteString(`["` + key + `"]`)
		}
	}
	return b.String()
}

func plainName(key string) bool {
	for i, r := range key {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return key != ""
}

// staticPath follows members with constant keys down to a name.
func staticPath(n ast.Node) (*ast.IdentifierNode, []string, bool) {
	var reversed []string
	for {
		switch m := n.(type) {
		case *ast.ChainNode:
			n = m.Node
		case *ast.MemberNode:
			key, ok := staticKey(m.Property)
			if !ok {
				return nil, nil, false
			}
			reversed = append(reversed, key)
			n = m.Node
		case *ast.IdentifierNode:
			for i, j := 0, len(reversed)-1; i < j; i, j = i+1, j-1 {
				reversed[i], reversed[j] = reversed[j], reversed[i]
			}
			return m, reversed, len(reversed) > 0
		default:
			return nil, nil, false
		}
	}
}

// staticKey gives a constant key as the text of a path.
func staticKey(n ast.Node) (string, bool) {
	v, ok := literal(n)
	if !ok {
		return "", false
	}
	return pathText(v)
}

// literal gives the value of a constant: text, a number (with its sign), true or false.
func literal(n ast.Node) (any, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.BoolNode:
		return n.Value, true
	case *ast.UnaryNode:
		if v, ok := literal(n.Node); ok && (n.Operator == "-" || n.Operator == "+") {
			if f, ok := v.(float64); ok {
				if n.Operator == "-" {
					f = -f
				}
				return f, true
			}
		}
	}
	return nil, false
}
