package condition

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// Context is what Decompile has to know besides the expression.
type Context struct {
	Names     Names
	EventKind string // the type of conditions on the event; "" is metric-property
	MetricID  string // of the trigger's metric, "" where there is none
}

// Decompile shows an expression as the API's JSON: the forms that Compile writes as what they were written from,
// all else as conditions of the type expression. "" gives nil.
func Decompile(source string, in Context) *Filter {
	if source == "" {
		return nil
	}
	if comments(source) {
		return &Filter{Groups: []Group{{Conditions: []any{verbatim(source)}}}}
	}
	d := decompiler{in}
	f := &Filter{}
	for _, part := range split(source, "and") {
		g := Group{}
		for _, one := range split(part, "or") {
			g.Conditions = append(g.Conditions, d.condition(one))
		}
		f.Groups = append(f.Groups, g)
	}
	return f
}

// Sample gives the percentage of an expression that is a sample and nothing else.
func Sample(source string) (percent float64, ok bool) {
	tree, err := parser.Parse(source)
	if err != nil {
		return 0, false
	}
	name, args := called(tree.Node)
	if name != "sample" || len(args) != 1 {
		return 0, false
	}
	return numberOf(args[0])
}

// EventOnly says whether all conditions are about the event.
func EventOnly(f *Filter) bool {
	if f == nil {
		return false
	}
	for _, g := range f.Groups {
		for _, c := range g.Conditions {
			kind, _ := c.(map[string]any)["type"].(string)
			if !eventKinds[kind] {
				return false
			}
		}
	}
	return true
}

type decompiler struct{ Context }

func verbatim(source string) map[string]any {
	return map[string]any{"type": "expression", "expression": source}
}

// condition shows one operand.
func (d decompiler) condition(source string) map[string]any {
	tree, err := parser.Parse(source)
	if err != nil {
		return verbatim(source)
	}
	for _, form := range []func(ast.Node) map[string]any{d.property, d.history, d.membership, d.person} {
		if found := form(tree.Node); found != nil {
			return found
		}
	}
	return verbatim(source)
}

// property is a comparison of a property of the profile or the event.
func (d decompiler) property(n ast.Node) map[string]any {
	on, filter := filterOf(n)
	if filter == nil {
		return nil
	}
	root, keys := pathOf(on)
	if filter["type"] == "string" && (filter["operator"] == "phone-country-code-in" || filter["operator"] == "phone-country-code-not-in") &&
		!(root == "person" && len(keys) == 1 && keys[0] == "phone_number") {
		return nil
	}
	switch root {
	case "person":
		if name, ok := propertyName(keys); ok {
			return map[string]any{"type": "profile-property", "property": name, "filter": filter}
		}
	case "event":
		if len(keys) == 1 {
			kind := d.EventKind
			if kind == "" {
				kind = "metric-property"
			}
			var metric any
			if d.MetricID != "" {
				metric = d.MetricID
			}
			return map[string]any{"type": kind, "metric_id": metric, "field": fieldName(keys[0]), "filter": filter}
		}
	}
	return nil
}

// history is a question about past events.
func (d decompiler) history(n ast.Node) map[string]any {
	measurement, operator, value := "count", "greater-than", 0.0
	asked := n
	if inner, ok := negation(n); ok {
		asked, operator = inner, "equals"
	}
	name, args := called(asked)
	if name == "did" {
		return d.metric(args, measurement, operator, value, nil)
	}
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return nil
	}
	if operator = keyOf(numbers, b.Operator); operator == "" {
		return nil
	}
	if value, ok = numberOf(b.Right); !ok {
		return nil
	}
	measurement, args = called(b.Left)
	var filters []any
	switch {
	case measurement == "count" && (len(args) == 1 || len(args) == 2):
		if len(args) == 2 {
			if filters, ok = pastFilters(args[1]); !ok {
				return nil
			}
		}
	case measurement == "sum" && len(args) == 2:
		if p, ok := args[1].(*ast.PredicateNode); !ok || p.Node.String() != ".value" {
			return nil
		}
		if inner, filtered := called(args[0]); inner == "filter" && len(filtered) == 2 {
			if filters, ok = pastFilters(filtered[1]); !ok {
				return nil
			}
			args = filtered
		}
	default:
		return nil
	}
	name, args = called(args[0])
	if name != "events" {
		return nil
	}
	if measurement == "count" && filters == nil && value == 0 && (operator == "equals" || operator == "greater-than") {
		return nil // did says this
	}
	return d.metric(args, measurement, operator, value, filters)
}

func (d decompiler) metric(args []ast.Node, measurement, operator string, value float64, filters []any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	name, ok := textOf(args[0])
	if !ok {
		return nil
	}
	id, ok := d.Names.MetricID(name)
	if !ok {
		return nil
	}
	if known, _ := d.Names.Metric(id); known != name {
		return nil
	}
	frame := frameOf(args[1:])
	if frame == nil {
		return nil
	}
	var all any
	if filters != nil {
		all = filters
	}
	return map[string]any{
		"type": "profile-metric", "metric_id": id, "measurement": measurement,
		"measurement_filter": map[string]any{"type": "numeric", "operator": operator, "value": value},
		"timeframe_filter":   frame, "metric_filters": all,
	}
}

// pastFilters are filters on the properties of past events, all of which have to hold.
func pastFilters(n ast.Node) ([]any, bool) {
	if p, ok := n.(*ast.PredicateNode); ok {
		n = p.Node
	}
	if junction(n) == "and" {
		b := n.(*ast.BinaryNode)
		left, ok := pastFilters(b.Left)
		right, also := pastFilters(b.Right)
		return append(left, right...), ok && also
	}
	on, filter := filterOf(n)
	if filter == nil || filter["type"] == "date" {
		return nil, false
	}
	root, keys := pathOf(on)
	if root != "#" || len(keys) != 1 {
		return nil, false
	}
	return []any{map[string]any{"property": fieldName(keys[0]), "filter": filter}}, true
}

// membership is being in a list, or in none of several.
func (d decompiler) membership(n ast.Node) map[string]any {
	inner, negative := negation(n)
	if negative {
		n = inner
	}
	var ids []any
	var frame any
	for _, call := range alternatives(n) {
		name, args := called(call)
		if name != "in_list" || len(args) == 0 || len(args) == 2 && negative {
			return nil
		}
		list, ok := textOf(args[0])
		if !ok {
			return nil
		}
		id, ok := d.Names.ListID(list)
		if known, _ := d.Names.List(id); !ok || known != list {
			return nil
		}
		if len(args) == 2 {
			f := frameOf(args[1:])
			if f == nil || f["operator"] == "flow-start" {
				return nil
			}
			frame = f
		}
		ids = append(ids, id)
	}
	condition := map[string]any{"type": "profile-group-membership", "is_member": !negative, "group_ids": ids}
	if !negative {
		condition["timeframe_filter"] = frame
	}
	return condition
}

func alternatives(n ast.Node) []ast.Node {
	if junction(n) != "or" {
		return []ast.Node{n}
	}
	b := n.(*ast.BinaryNode)
	return append(alternatives(b.Left), alternatives(b.Right)...)
}

// person is what else is asked about people.
func (d decompiler) person(n ast.Node) map[string]any {
	if b, ok := n.(*ast.BinaryNode); ok && b.Operator == "==" {
		name, args := called(b.Left)
		in, isBool := b.Right.(*ast.BoolNode)
		if name == "in_region" && isBool && len(args) == 2 && args[0].String() == "person.location.country" {
			if region, ok := textOf(args[1]); ok {
				return map[string]any{"type": "profile-region", "in_region": in.Value, "region": region}
			}
		}
		return nil
	}
	inner, negative := negation(n)
	if negative {
		n = inner
	}
	name, args := called(n)
	switch {
	case name == "can_receive" && len(args) == 1 && args[0].String() == `"email"`:
		return map[string]any{"type": "profile-marketing-consent", "consent": map[string]any{
			"channel": "email", "can_receive_marketing": !negative,
			"consent_status": map[string]any{"subscription": "any", "filters": nil},
		}}
	case name == "sample" && len(args) == 1 && !negative:
		if percent, ok := numberOf(args[0]); ok {
			return map[string]any{"type": "profile-sample", "percentage": percent}
		}
	case name == "sent" && len(args) > 0 && negative:
		channel, ok := textOf(args[0])
		if frame := shortFrame(args[1:]); ok && frame != nil {
			return map[string]any{"type": "profile-not-sent-" + channel, "timeframe_filter": frame}
		}
	case name == "entered_flow" && negative:
		if frame := shortFrame(args); frame != nil {
			return map[string]any{"type": "profile-not-in-flow", "timeframe_filter": frame}
		}
	}
	return nil
}

// shortFrame is a time frame of those conditions that take few.
func shortFrame(args []ast.Node) map[string]any {
	f := frameOf(args)
	if f == nil || f["operator"] != "alltime" && f["operator"] != "in-the-last" {
		return nil
	}
	return f
}
