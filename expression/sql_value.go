package expression

import (
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/lib/pq"
)

// value translates a node.
func (t *translator) value(n ast.Node) (column, error) {
	v, err := t.translate(n)
	if err == nil {
		err = t.size(n, v.fragment)
	}
	return v, err
}

func (t *translator) translate(n ast.Node) (column, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return column{fragment: bind("text", n.Value), kind: text}, nil
	case *ast.IntegerNode:
		return column{fragment: bindNumber(float64(n.Value)), kind: number}, nil
	case *ast.FloatNode:
		return column{fragment: bindNumber(n.Value), kind: number}, nil
	case *ast.BoolNode:
		return column{fragment: fragment{text: map[bool]string{true: "true", false: "false"}[n.Value]}, kind: boolean}, nil
	case *ast.IdentifierNode:
		return t.identifier(n)
	case *ast.PointerNode:
		if n.Name != "" {
			_, _, err := t.c.pointer(n)
			return column{}, err
		}
		return t.items[len(t.items)-1], nil
	case *ast.ChainNode:
		return t.value(n.Node)
	case *ast.MemberNode:
		return t.member(n)
	case *ast.UnaryNode:
		return t.unary(n)
	case *ast.BinaryNode:
		return t.binary(n)
	case *ast.ConditionalNode:
		return t.conditional(n)
	case *ast.CallNode, *ast.BuiltinNode:
		return t.call(n)
	case *ast.ArrayNode:
		return column{}, t.c.fail(n, `inside a condition over events a list may stand after "in" only`)
	case *ast.VariableDeclaratorNode:
		return column{}, t.c.fail(n, "let is not available inside a condition over events")
	}
	return column{}, t.c.unsupported(n)
}

func (t *translator) identifier(n *ast.IdentifierNode) (column, error) {
	switch n.Value {
	case "now":
		return column{fragment: fragment{text: "s.now"}, kind: instant}, nil
	case "person", "event", "flow":
		return column{}, t.c.fail(n, "inside a condition over past events name a property, like %s.name; a property of the past event is written .name", n.Value)
	}
	for _, v := range t.c.variables {
		if v.name == n.Value {
			return column{}, t.c.fail(n, "%s, a let name, cannot be used inside a condition over past events; write out what it stands for", n.Value)
		}
	}
	return column{}, t.c.unknownName(n, n.Value)
}

// member translates a path of constant keys at once: #> reads it as get does.
func (t *translator) member(n *ast.MemberNode) (column, error) {
	var path []string
	var of ast.Node = n
	for {
		if chain, ok := of.(*ast.ChainNode); ok {
			of = chain.Node
			continue
		}
		m, ok := of.(*ast.MemberNode)
		if !ok {
			break
		}
		key, ok := staticKey(m.Property)
		if !ok {
			return column{}, t.c.fail(m.Property, "inside a condition over events a property's name must be written out")
		}
		path = append([]string{key}, path...)
		of = m.Node
	}
	if root, ok := of.(*ast.IdentifierNode); ok && (root.Value == "person" || root.Value == "event" || root.Value == "flow") {
		return t.input(n, root, path)
	}
	v, err := t.value(of)
	if err != nil {
		return column{}, err
	}
	if v.event {
		return t.eventProperty(n, v, path)
	}
	if v.kind != anything {
		return column{}, t.c.fail(n, "%s has no properties or items", v.kind)
	}
	return within(v, path), nil
}

// input is a property of the person, the trigger event or the flow, to compare past events with.
func (t *translator) input(n ast.Node, root *ast.IdentifierNode, path []string) (column, error) {
	// The VM's half checks the name, its scope and its use, and is not needed otherwise.
	if _, _, err := t.c.property(n, root, path); err != nil {
		return column{}, err
	}
	if len(path) == 1 && times[root.Value+"."+path[0]] {
		return column{}, t.c.fail(n, "a time of the person or the trigger event cannot be used inside a condition over past events; use a window")
	}
	in := newInput(append([]string{root.Value}, path...))
	t.inputs = append(t.inputs, in)
	return column{fragment: fragment{text: "s." + in.column}, kind: anything}, nil
}

// within reads a path inside a jsonb value. The aliases of get apply to every key of the path.
func within(v column, path []string) column {
	for len(path) > 0 {
		plain := 0
		for plain < len(path) && aliases[path[plain]] == "" {
			plain++
		}
		if plain > 0 {
			v.fragment = sqlf("nullif(%s #> %s, 'null')", v.fragment, bindArray("text", path[:plain]))
			path = path[plain:]
			continue
		}
		v.fragment = sqlf("coalesce(nullif(%s #> %s, 'null'), nullif(%s #> %s, 'null'))",
			v.fragment, bindArray("text", path[:1]), v.fragment, bindArray("text", []string{aliases[path[0]]}))
		path = path[1:]
	}
	return v
}

// eventProperty reads an attribute or a property of the event row. Attributes win over properties of their name.
func (t *translator) eventProperty(n ast.Node, v column, path []string) (column, error) {
	properties := column{fragment: fragment{text: "e.properties"}, kind: anything}
	own := map[string]column{
		"value":    {fragment: fragment{text: "coalesce(to_jsonb(e.value), nullif(e.properties -> 'value', 'null'))"}, kind: anything},
		"currency": {fragment: fragment{text: "coalesce(to_jsonb(e.currency), nullif(e.properties -> 'currency', 'null'))"}, kind: anything},
		"id":       {fragment: fragment{text: "e.id::text"}, kind: text},
		"metric":   {fragment: bind("text", v.metric), kind: text},
		"time":     {fragment: fragment{text: "e.time"}, kind: instant},
	}
	attribute, ok := own[path[0]]
	if !ok && aliases[path[0]] != "" {
		attribute, ok = own[aliases[path[0]]], true
		json, err := t.json(n, attribute)
		if err != nil {
			return column{}, err
		}
		attribute = column{fragment: sqlf("coalesce(nullif(e.properties #> %s, 'null'), %s)", bindArray("text", path[:1]), json), kind: anything}
	}
	switch {
	case !ok:
		return within(properties, path), nil
	case len(path) == 1:
		return attribute, nil
	case attribute.kind != anything:
		return column{}, t.c.fail(n, "%s has no properties or items", attribute.kind)
	}
	return within(attribute, path[1:]), nil
}

func (t *translator) unary(n *ast.UnaryNode) (column, error) {
	if b, ok := negatedOperator(n); ok {
		return t.comparison(b, true)
	}
	if v, ok := literal(n); ok {
		return column{fragment: bindNumber(v.(float64)), kind: number}, nil
	}
	if n.Operator == "not" || n.Operator == "!" {
		v, err := t.condition(n.Node)
		return column{fragment: sqlf("(not %s)", v.fragment), kind: boolean}, err
	}
	v, err := t.value(n.Node)
	if err != nil {
		return column{}, err
	}
	if n.Operator != "-" {
		return column{}, t.c.fail(n, "the operator %s is not supported here", n.Operator)
	}
	x, err := t.number(n, v, false)
	return column{fragment: sqlf("(- (%s))", x), kind: number}, err
}

func (t *translator) conditional(n *ast.ConditionalNode) (column, error) {
	cond, err := t.condition(n.Cond)
	if err != nil {
		return column{}, err
	}
	a, b, k, err := t.alike(n, n.Exp1, n.Exp2)
	return column{fragment: sqlf("(case when %s then %s else %s end)", cond.fragment, a, b), kind: k}, err
}

// alike translates two nodes of which one will be the value, to one SQL type.
func (t *translator) alike(n, x, y ast.Node) (a, b fragment, k kind, err error) {
	left, err := t.value(x)
	if err != nil {
		return a, b, k, err
	}
	right, err := t.value(y)
	if err != nil {
		return a, b, k, err
	}
	if left.kind == right.kind && !left.event && !right.event {
		return left.fragment, right.fragment, left.kind, nil
	}
	if a, err = t.json(x, left); err != nil {
		return a, b, k, err
	}
	b, err = t.json(y, right)
	return a, b, anything, err
}

func (t *translator) call(n ast.Node) (column, error) {
	name, args, ok := called(n)
	if !ok {
		return column{}, t.c.fail(n, "only functions can be called; a property has no methods")
	}
	f, err := t.c.function(n, name, args)
	if err != nil {
		return column{}, err
	}
	switch {
	case name == "is_set":
		v, err := t.value(args[0])
		if v.event {
			return column{fragment: fragment{text: "true"}, kind: boolean}, err
		}
		return column{fragment: sqlf("(%s is not null)", v.fragment), kind: boolean}, err
	case name == "today":
		return column{fragment: fragment{text: "to_char(s.now at time zone 'UTC', 'YYYY-MM-DD')"}, kind: text}, nil
	case name == "date":
		if s, ok := args[0].(*ast.StringNode); ok {
			at, ok := toDate(s.Value).(time.Time)
			if !ok {
				return column{}, t.c.fail(s, "%q is not a date like 2026-05-10", clip(s.Value))
			}
			return column{fragment: bound{at: at}.sql(), kind: instant}, nil
		}
		return column{}, t.noDates(n)
	case strings.HasPrefix(name, "has_"):
		return t.has(n, f, args)
	case f.Group == "history" || f.Group == "membership" || overEvents(args[0]):
		return column{}, t.c.fail(n, "%s cannot be asked inside a condition over events; join two questions with and / or", name)
	case name == "len" && !rowsCall(args[0]):
		v, err := t.value(args[0])
		if err != nil {
			return column{}, err
		}
		if v.kind == text {
			return column{fragment: sqlf("char_length(%s)::numeric", v.fragment), kind: number}, nil
		}
		if v.kind != anything {
			return column{}, t.c.fail(n, "len needs a list or text, this is %s", v.kind)
		}
		return column{fragment: sqlf("(case jsonb_typeof(%s) when 'array' then jsonb_array_length(%s) when 'string' then char_length(%s #>> '{}') end)::numeric",
			v.fragment, v.fragment, v.fragment), kind: number}, nil
	case f.Group == "lists" && name != "find" && !rowsCall(n):
		r, err := t.rows(args[0], false)
		if err != nil {
			return column{}, err
		}
		return t.fold(n, f, r, args)
	case rowsCall(n):
		return column{}, t.c.fail(n, "%s must stand inside count, any, all, none, sum, len, min, max or mean here", name)
	}
	return column{}, t.c.fail(n, "%s is not available inside a condition over events", name)
}

func rowsCall(n ast.Node) bool {
	name, _, ok := called(n)
	return ok && (name == "filter" || name == "map")
}

func (t *translator) noDates(n ast.Node) error {
	return t.c.fail(n, "dates inside the properties of past events cannot be compared; .time is the event's own time, and other dates belong on the profile")
}

// constants gives the literals of a list as JSON, for "in".
func (t *translator) constants(n *ast.ArrayNode) (fragment, error) {
	items := make(pq.StringArray, len(n.Nodes))
	for i, item := range n.Nodes {
		v, ok := literal(item)
		if !ok {
			return fragment{}, t.c.fail(item, "inside a condition over events the items of a list must be written out")
		}
		items[i] = jsonText(v)
	}
	return bindArray("jsonb", items), nil
}
