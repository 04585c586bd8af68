package condition

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/legato-flow/legato/expression"
)

// filterOf recognises a comparison that compare writes: what is compared, and the filter. Nil is no such form.
func filterOf(n ast.Node) (ast.Node, map[string]any) {
	switch n := n.(type) {
	case *ast.BinaryNode:
		if chained(n) {
			return rangeOf(n)
		}
		return comparisonOf(n)
	case *ast.UnaryNode:
		if b, ok := n.Node.(*ast.BinaryNode); ok && n.Operator == "not" && n.Location() == b.Location() {
			return textFilter(b, "not "+b.Operator)
		}
		if inner, ok := negation(n); ok {
			if name, args := called(inner); name == "is_set" && len(args) == 1 {
				return args[0], map[string]any{"type": "existence", "operator": "not-set"}
			}
		}
	default:
		name, args := called(n)
		switch {
		case name == "is_set" && len(args) == 1:
			return args[0], map[string]any{"type": "existence", "operator": "is-set"}
		case (name == "anniversary_in" || name == "anniversary_ago") && len(args) == 2:
			return args[0], anniversaryOf(name, args[1])
		}
	}
	return nil, nil
}

func anniversaryOf(name string, span ast.Node) map[string]any {
	operator := map[string]string{"anniversary_in": "anniversary-next", "anniversary_ago": "anniversary-last"}[name]
	quantity, unit, ok := spanOf(span)
	switch {
	case ok && quantity == 0 && unit == "day" && name == "anniversary_in":
		return map[string]any{"type": "date", "operator": "anniversary"}
	case !ok || quantity == 0 || unit == "hour":
		return nil
	}
	return map[string]any{"type": "date", "operator": operator, "quantity": quantity, "unit": unit}
}

func comparisonOf(b *ast.BinaryNode) (ast.Node, map[string]any) {
	numeric := keyOf(numbers, b.Operator)
	if numeric == "" {
		return textFilter(b, b.Operator)
	}
	name, args := called(b.Left)
	if value, ok := numberOf(b.Right); ok {
		switch {
		case name == "":
			return b.Left, map[string]any{"type": "numeric", "operator": numeric, "value": value}
		case name == "len" && len(args) == 1 && numeric != "not-equals" && value >= 0 && value == float64(int(value)):
			return args[0], map[string]any{"type": "list", "operator": "length-" + numeric, "value": value}
		case name == "month" && len(args) == 1 && b.Operator == "==" && value >= 1 && value <= 12 && value == float64(int(value)):
			return args[0], map[string]any{"type": "date", "operator": "calendar-month", "value": value}
		}
		return nil, nil
	}
	if truth, ok := b.Right.(*ast.BoolNode); ok && b.Operator == "==" {
		if name == "" {
			return b.Left, map[string]any{"type": "boolean", "operator": "equals", "value": truth.Value}
		}
		return hasFilter(name, args, truth.Value)
	}
	if text, ok := textOf(b.Right); ok && name == "" {
		if b.Operator == "==" || b.Operator == "!=" {
			return textFilter(b, b.Operator)
		}
		operator := map[string]string{"<": "before", ">": "after"}[b.Operator]
		if _, isDate := expression.ParseDate(text); operator != "" && isDate {
			return b.Left, map[string]any{"type": "date", "operator": operator, "date": text}
		}
		return nil, nil
	}
	if name == "month" && len(args) == 1 && b.Operator == "==" && b.Right.String() == "month(now)" {
		return args[0], map[string]any{"type": "date", "operator": "anniversary-month"}
	}
	if quantity, unit, sign := shiftOf(b.Right); sign == "-" && b.Operator == "<=" && name == "" && quantity > 0 {
		return b.Left, map[string]any{"type": "date", "operator": "at-least", "quantity": quantity, "unit": unit}
	}
	return nil, nil
}

// hasFilter is a filter on the items of a list, or its negative form.
func hasFilter(name string, args []ast.Node, truth bool) (ast.Node, map[string]any) {
	operator := map[string]string{"has_any": "contains-any", "has_all": "contains-all", "has_part": "contains-substring"}[name]
	if operator == "" || len(args) != 2 {
		return nil, nil
	}
	if !truth {
		operator = "not-" + operator
	}
	if name == "has_part" {
		if part, ok := textOf(args[1]); ok && part != "" {
			return args[0], map[string]any{"type": "list", "operator": operator, "value": part}
		}
		return nil, nil
	}
	if items, ok := textsOf(args[1]); ok {
		return args[0], map[string]any{"type": "list", "operator": operator, "value": items}
	}
	return nil, nil
}

func textFilter(b *ast.BinaryNode, word string) (ast.Node, map[string]any) {
	operator := keyOf(texts, word)
	if operator == "" {
		return nil, nil
	}
	if b.Operator != "in" {
		value, ok := textOf(b.Right)
		if name, _ := called(b.Left); !ok || name != "" || value == "" {
			return nil, nil
		}
		return b.Left, map[string]any{"type": "string", "operator": operator, "value": value}
	}
	if items, ok := textsOf(b.Right); ok {
		name, args := called(b.Left)
		switch {
		case name == "phone_country" && len(args) == 1:
			return args[0], map[string]any{"type": "string", "operator": "phone-country-code-" + operator, "value": items}
		case name == "":
			return b.Left, map[string]any{"type": "string", "operator": operator, "value": items}
		}
		return nil, nil
	}
	operator = map[string]string{"in": "contains", "not-in": "not-contains"}[operator]
	if text, ok := textOf(b.Left); ok && text != "" {
		return b.Right, map[string]any{"type": "list", "operator": operator, "value": text}
	}
	if x, ok := numberOf(b.Left); ok {
		return b.Right, map[string]any{"type": "list", "operator": operator, "value": x}
	}
	return nil, nil
}

// rangeOf recognises a <= x <= b and its like.
func rangeOf(n *ast.BinaryNode) (ast.Node, map[string]any) {
	left, ok := n.Left.(*ast.BinaryNode)
	right, also := n.Right.(*ast.BinaryNode)
	if !ok || !also || chained(left) || left.Operator != "<" && left.Operator != "<=" || right.Operator != "<" && right.Operator != "<=" {
		return nil, nil
	}
	on, from, to, form := left.Right, left.Left, right.Right, left.Operator+right.Operator
	if a, ok := numberOf(from); ok && form == "<=<=" {
		if b, ok := numberOf(to); ok && a <= b {
			return on, map[string]any{"type": "numeric", "operator": "between", "start": a, "end": b}
		}
		return nil, nil
	}
	if a, ok := textOf(from); ok && form == "<=<=" {
		b, ok := textOf(to)
		start, isDate := expression.ParseDate(a)
		end, alsoDate := expression.ParseDate(b)
		if ok && isDate && alsoDate && !end.Before(start) {
			return on, map[string]any{"type": "date", "operator": "between-static", "start": a, "end": b}
		}
		return nil, nil
	}
	quantity, unit, sign := shiftOf(from)
	end, endUnit, endSign := shiftOf(to)
	switch {
	case sign == "-" && form == "<<=" && to.String() == "now" && quantity > 0:
		return on, map[string]any{"type": "date", "operator": "in-the-last", "quantity": quantity, "unit": unit}
	case from.String() == "now" && form == "<=<=" && endSign == "+" && end > 0:
		return on, map[string]any{"type": "date", "operator": "in-the-next", "quantity": end, "unit": endUnit}
	case sign == "-" && endSign == "-" && form == "<=<" && unit == endUnit && end < quantity:
		return on, map[string]any{"type": "date", "operator": "between", "start": end, "end": quantity, "unit": unit}
	}
	return nil, nil
}

// frameOf recognises a window of history as a time frame; none is all of the time.
func frameOf(args []ast.Node) map[string]any {
	frame := func(operator string, more ...any) map[string]any {
		f := map[string]any{"type": "date", "operator": operator}
		for i := 0; i < len(more); i += 2 {
			f[more[i].(string)] = more[i+1]
		}
		return f
	}
	if len(args) == 0 {
		return frame("alltime")
	}
	if args[0].String() == "since_start" {
		return frame("flow-start")
	}
	name, bounds := called(args[0])
	if len(bounds) == 0 {
		return nil
	}
	quantity, unit, isSpan := spanOf(bounds[0])
	date, isText := textOf(bounds[0])
	if isText {
		_, isText = expression.ParseDate(date)
	}
	switch {
	case name == "last" && isSpan && quantity > 0:
		return frame("in-the-last", "quantity", quantity, "unit", unit)
	case name == "before" && isSpan && quantity > 0:
		return frame("at-least", "quantity", quantity, "unit", unit)
	case (name == "before" || name == "after") && isText:
		return frame(name, "date", date)
	case name == "between" && len(bounds) == 2 && isText:
		if end, ok := textOf(bounds[1]); ok {
			if _, ok := expression.ParseDate(end); ok {
				return frame("between-static", "start", date, "end", end)
			}
		}
	case name == "between" && len(bounds) == 2 && isSpan:
		if start, other, ok := spanOf(bounds[1]); ok && other == unit {
			return frame("between", "start", start, "end", quantity, "unit", unit)
		}
	}
	return nil
}

func keyOf(operators map[string]string, word string) string {
	for key, w := range operators {
		if w == word {
			return key
		}
	}
	return ""
}

// negation gives what "not" stands before, unless it belongs to an operator as in "a not in b".
func negation(n ast.Node) (ast.Node, bool) {
	u, ok := n.(*ast.UnaryNode)
	if !ok || u.Operator != "not" && u.Operator != "!" || u.Location() == u.Node.Location() {
		return nil, false
	}
	return u.Node, true
}

func called(n ast.Node) (name string, args []ast.Node) {
	switch n := n.(type) {
	case *ast.BuiltinNode:
		return n.Name, n.Arguments
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return callee.Value, n.Arguments
		}
	}
	return "", nil
}

// pathOf follows a property down to its root: person, event or # for a past event.
func pathOf(n ast.Node) (root string, keys []string) {
	for {
		switch m := n.(type) {
		case *ast.ChainNode:
			n = m.Node
		case *ast.MemberNode:
			key, ok := textOf(m.Property)
			if !ok {
				return "", nil
			}
			keys = append([]string{key}, keys...)
			n = m.Node
		case *ast.IdentifierNode:
			return m.Value, keys
		case *ast.PointerNode:
			return "#" + m.Name, keys
		default:
			return "", nil
		}
	}
}

func textOf(n ast.Node) (string, bool) {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return "", false
	}
	return s.Value, true
}

func textsOf(n ast.Node) ([]any, bool) {
	items, ok := n.(*ast.ArrayNode)
	if !ok || len(items.Nodes) == 0 {
		return nil, false
	}
	var all []any
	for _, item := range items.Nodes {
		s, ok := textOf(item)
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}

func numberOf(n ast.Node) (float64, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return float64(n.Value), true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.UnaryNode:
		if x, ok := numberOf(n.Node); ok && n.Operator == "-" {
			return -x, true
		}
	}
	return 0, false
}

var spanForm = regexp.MustCompile(`^([0-9]{1,7})([hdw])$`)

func spanOf(n ast.Node) (quantity int, unit string, ok bool) {
	s, ok := textOf(n)
	if !ok {
		return 0, "", false
	}
	found := spanForm.FindStringSubmatch(s)
	if found == nil || strings.HasPrefix(found[1], "0") && found[1] != "0" {
		return 0, "", false
	}
	quantity, err := strconv.Atoi(found[1])
	return quantity, keyOf(units, found[2]), err == nil && quantity <= 1_000_000
}

// shiftOf recognises now plus or minus a span.
func shiftOf(n ast.Node) (quantity int, unit, sign string) {
	b, ok := n.(*ast.BinaryNode)
	if !ok || b.Operator != "+" && b.Operator != "-" || b.Left.String() != "now" {
		return 0, "", ""
	}
	quantity, unit, ok = spanOf(b.Right)
	if !ok {
		return 0, "", ""
	}
	return quantity, unit, b.Operator
}
