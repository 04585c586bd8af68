package expression

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
)

// What a mention is of.
const (
	OfPerson = "person" // a property of the person
	OfEvent  = "event"  // a property of the event that the expression sees as event
	OfPast   = "past"   // a property of past events of Metric
	OfMetric = "metric" // a metric
	OfList   = "list"   // a list, by id or name
)

// Need is the kind that a property must have for what is done with it to make sense.
type Need string

// Needs. The zero value is any kind.
const (
	NeedsText       Need = "text"
	NeedsNumber     Need = "a number"
	NeedsBoolean    Need = "true or false"
	NeedsDate       Need = "a date"
	NeedsList       Need = "a list"
	NeedsTextOrList Need = "text or a list"
)

// Mention is a place where an expression names something that the data of a shop may have or not.
type Mention struct {
	Of       string
	Metric   string   // of past events
	Path     []string // of a property: the keys from person or event on
	Name     string   // of a metric or list
	Written  string   // the property as one writes it
	Needs    Need
	Operator string // what needs it, as the operator or function is written; "" for a condition by itself
	Literal  bool   // what the property is compared with is written out
	Offset   int    // bytes into the source
}

// Mentions gives the properties, metrics and lists that the expression names, in the order in which they are read. A
// property that only evaluation can know, like event[person.x], and one of an item of a list is not among them. As a
// condition, the whole of it needs to be true or false.
func (x *Expression) Mentions(condition bool) []Mention {
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	tree, err := parser.ParseWithConfig(x.source, config)
	if err != nil {
		return nil // it was compiled, so it can be parsed
	}
	m := &mentions{source: x.source}
	need := demand{}
	if condition {
		need.needs = NeedsBoolean
	}
	m.visit(tree.Node, need)
	return m.all
}

// mentions walks a tree that has been checked.
type mentions struct {
	source string
	items  []string // the metric whose events # goes over, innermost last; "" for other items
	all    []Mention
}

// demand is what the surroundings of a node need it to be.
type demand struct {
	needs    Need
	operator string
	literal  bool
}

func (m *mentions) add(n ast.Node, mention Mention) {
	mention.Offset = byteOffset(m.source, n.Location().From)
	m.all = append(m.all, mention)
}

func (m *mentions) visit(n ast.Node, d demand) {
	switch n := n.(type) {
	case *ast.ChainNode:
		m.visit(n.Node, d)
	case *ast.MemberNode:
		m.member(n, d)
	case *ast.UnaryNode:
		switch n.Operator {
		case "not", "!":
			m.visit(n.Node, demand{needs: NeedsBoolean})
		default:
			m.visit(n.Node, demand{needs: NeedsNumber, operator: n.Operator})
		}
	case *ast.BinaryNode:
		m.binary(n, d)
	case *ast.ConditionalNode:
		m.visit(n.Cond, demand{needs: NeedsBoolean})
		m.visit(n.Exp1, d)
		m.visit(n.Exp2, d)
	case *ast.ArrayNode:
		for _, item := range n.Nodes {
			m.visit(item, demand{})
		}
	case *ast.VariableDeclaratorNode:
		m.visit(n.Value, demand{})
		m.visit(n.Expr, d)
	case *ast.CallNode, *ast.BuiltinNode:
		m.call(n)
	case *ast.PredicateNode:
		m.visit(n.Node, d)
	}
}

// member notes a property of the person, of the event, or of past events.
func (m *mentions) member(n *ast.MemberNode, d demand) {
	mention := Mention{}
	if d.needs != "" {
		mention.Needs, mention.Operator, mention.Literal = d.needs, d.operator, d.literal
	}
	if root, path, ok := staticPath(n); ok {
		if root.Value == "person" || root.Value == "event" {
			mention.Of, mention.Path, mention.Written = root.Value, path, pathName(root.Value, path)
			m.add(root, mention)
		}
		return
	}
	var path []string
	var of ast.Node = n
	for {
		if chain, ok := of.(*ast.ChainNode); ok {
			of = chain.Node
			continue
		}
		inner, ok := of.(*ast.MemberNode)
		if !ok {
			break
		}
		key, ok := staticKey(inner.Property)
		if !ok {
			m.visit(inner.Node, demand{})
			m.visit(inner.Property, demand{})
			return
		}
		path = append([]string{key}, path...)
		of = inner.Node
	}
	if _, ok := of.(*ast.PointerNode); !ok {
		m.visit(of, demand{})
		return
	}
	if metric := m.items[len(m.items)-1]; metric != "" {
		mention.Of, mention.Metric, mention.Path, mention.Written = OfPast, metric, path, pathName("", path)
		m.add(of, mention)
	}
}

func (m *mentions) binary(n *ast.BinaryNode, d demand) {
	both := func(left, right demand) {
		left.operator, right.operator = n.Operator, n.Operator
		m.visit(n.Left, left)
		m.visit(n.Right, right)
	}
	switch n.Operator {
	case "and", "or", "&&", "||":
		m.visit(n.Left, demand{needs: NeedsBoolean})
		m.visit(n.Right, demand{needs: NeedsBoolean})
	case "==", "!=", "<", "<=", ">", ">=":
		both(m.opposite(n.Operator, n.Right), m.opposite(n.Operator, n.Left))
	case "in":
		right := demand{needs: NeedsList}
		if _, ok := n.Right.(*ast.ArrayNode); ok {
			right = demand{}
		}
		both(m.oneOf(n.Right), right)
	case "contains":
		both(demand{needs: NeedsTextOrList}, demand{})
	case "startsWith", "endsWith", "matches":
		both(demand{needs: NeedsText}, demand{needs: NeedsText})
	case "??":
		m.visit(n.Left, d)
		m.visit(n.Right, d)
	case "*", "/", "%":
		both(demand{needs: NeedsNumber}, demand{needs: NeedsNumber})
	case "+", "-":
		both(m.summand(n.Operator, n.Right), m.summand(n.Operator, n.Left))
	default:
		both(demand{}, demand{})
	}
}

// opposite is what a comparison needs on the other side of a node.
func (m *mentions) opposite(operator string, n ast.Node) demand {
	d := demand{}
	switch k := staticKind(n); k {
	case number:
		d.needs = NeedsNumber
	case boolean:
		d.needs = NeedsBoolean
	case instant:
		d.needs = NeedsDate
	case text:
		d.needs = NeedsText
		if _, isDate := dateLiteral(n); isDate && operator != "==" && operator != "!=" {
			d.needs = NeedsDate
		}
	}
	_, d.literal = literal(n)
	return d
}

// oneOf is what "in" needs on its left: the kind of the items, where they are of one.
func (m *mentions) oneOf(n ast.Node) demand {
	items, ok := n.(*ast.ArrayNode)
	if !ok || len(items.Nodes) == 0 {
		return demand{}
	}
	first := m.opposite("==", items.Nodes[0])
	for _, item := range items.Nodes[1:] {
		if m.opposite("==", item) != first {
			return demand{}
		}
	}
	return first
}

// summand is what + and - need beside a node.
func (m *mentions) summand(operator string, n ast.Node) demand {
	if staticKind(n) == number {
		return demand{needs: NeedsNumber}
	}
	if s, ok := n.(*ast.StringNode); ok && operator == "-" && readAs(duration, s.Value) != nil {
		return demand{needs: NeedsDate}
	}
	return demand{}
}

// argumentNeeds are what the functions of a group need for their first argument.
var argumentNeeds = map[string]Need{"text": NeedsText, "numbers": NeedsNumber, "dates": NeedsDate, "lists": NeedsList}

func (m *mentions) call(n ast.Node) {
	name, args, ok := called(n)
	f := functions[name]
	if !ok || f == nil {
		return
	}
	if text, ok := firstText(args); ok {
		switch {
		case name == "in_list":
			m.add(args[0], Mention{Of: OfList, Name: text})
		case f.Group == "history":
			m.add(args[0], Mention{Of: OfMetric, Name: text})
		}
	}
	d := demand{needs: argumentNeeds[f.Group], operator: name}
	switch name {
	case "len":
		d.needs = NeedsTextOrList
	case "join":
		d.needs = NeedsList
	case "in_region", "phone_country":
		d.needs = NeedsText
	}
	metric := ""
	for i, arg := range args {
		body, ok := arg.(*ast.PredicateNode)
		switch {
		case i == 0:
			m.visit(arg, d)
			metric = pastMetric(arg)
		case ok:
			m.items = append(m.items, metric)
			m.visit(body.Node, bodyNeeds(name))
			m.items = m.items[:len(m.items)-1]
		default:
			m.visit(arg, demand{})
		}
	}
}

// bodyNeeds is what a function needs from what it applies to every item.
func bodyNeeds(name string) demand {
	switch name {
	case "sum":
		return demand{needs: NeedsNumber, operator: name}
	case "map":
		return demand{}
	}
	return demand{needs: NeedsBoolean}
}

func firstText(args []ast.Node) (string, bool) {
	if len(args) == 0 {
		return "", false
	}
	s, ok := args[0].(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

// pastMetric is the metric of whose events a list consists, or "".
func pastMetric(n ast.Node) string {
	for {
		name, args, ok := called(n)
		if !ok || len(args) == 0 {
			return ""
		}
		switch name {
		case "events":
			metric, _ := firstText(args)
			return metric
		case "filter":
			n = args[0]
		default:
			return ""
		}
	}
}

// staticKind is the kind of a node as far as it shows without its surroundings.
func staticKind(n ast.Node) kind {
	if v, ok := literal(n); ok {
		return kindOf(v)
	}
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if n.Value == "now" {
			return instant
		}
	case *ast.MemberNode:
		if root, path, ok := staticPath(n); ok && len(path) == 1 && times[root.Value+"."+path[0]] {
			return instant
		}
	case *ast.CallNode, *ast.BuiltinNode:
		if name, _, ok := called(n); ok && functions[name] != nil {
			return functions[name].gives
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "*", "/", "%":
			return number
		case "+", "-":
			return staticKind(n.Left)
		}
	}
	return anything
}
