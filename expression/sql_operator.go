package expression

import (
	"fmt"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
)

func (t *translator) binary(n *ast.BinaryNode) (column, error) {
	if err := t.c.checkNot(n); err != nil {
		return column{}, err
	}
	switch n.Operator {
	case "and", "or", "&&", "||":
		left, err := t.condition(n.Left)
		if err != nil {
			return column{}, err
		}
		right, err := t.condition(n.Right)
		word := map[bool]string{true: "and", false: "or"}[n.Operator == "and" || n.Operator == "&&"]
		return column{fragment: sqlf("(%s "+word+" %s)", left.fragment, right.fragment), kind: boolean}, err
	case "??":
		a, b, k, err := t.alike(n, n.Left, n.Right)
		return column{fragment: sqlf("coalesce(%s, %s)", a, b), kind: k}, err
	case "+", "-", "*", "/":
		return t.arithmetic(n)
	case "%":
		return column{}, t.c.fail(n, "%% is not available inside a condition over events")
	case "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches":
		return t.comparison(n, false)
	case "..":
		return column{}, t.c.fail(n, "ranges like 1..5 are not supported; use x >= 1 and x <= 5")
	}
	return column{}, t.c.fail(n, "the operator %s is not supported", n.Operator)
}

func (t *translator) arithmetic(n *ast.BinaryNode) (column, error) {
	left, err := t.value(n.Left)
	if err != nil {
		return column{}, err
	}
	if left.kind == instant {
		return t.shifted(n, left)
	}
	right, err := t.value(n.Right)
	if err != nil {
		return column{}, err
	}
	if left.kind == text || right.kind == text {
		return column{}, t.c.fail(n, "%s cannot be applied to text inside a condition over events", n.Operator)
	}
	a, err := t.number(n.Left, left, true)
	if err != nil {
		return column{}, err
	}
	b, err := t.number(n.Right, right, true)
	if err != nil {
		return column{}, err
	}
	if n.Operator == "/" {
		b = sqlf("nullif(%s, 0)", b)
	}
	return column{fragment: sqlf("(%s "+n.Operator+" %s)", a, b), kind: number}, nil
}

// shifted is a time plus or minus a duration that is written out.
func (t *translator) shifted(n *ast.BinaryNode, left column) (column, error) {
	s, ok := n.Right.(*ast.StringNode)
	if !ok || n.Operator != "+" && n.Operator != "-" {
		return column{}, t.c.fail(n, `inside a condition over events a time can only be moved by a duration, like now - "30d"`)
	}
	d, err := ParseDuration(s.Value)
	if err != nil {
		return column{}, t.c.fail(s, "%v", err)
	}
	return column{fragment: sqlf("(%s "+n.Operator+" %s)", left.fragment, bind("interval", fmt.Sprintf("%d seconds", int64(d/time.Second)))), kind: instant}, nil
}

// comparison translates a comparison or its "not" form to SQL that is true or false, never NULL.
func (t *translator) comparison(n *ast.BinaryNode, negated bool) (column, error) {
	if err := t.c.checkNot(n); err != nil {
		return column{}, err
	}
	for _, operand := range []ast.Node{n.Left, n.Right} {
		if _, ok := operand.(*ast.NilNode); ok {
			return column{}, t.c.unsupported(operand)
		}
	}
	left, err := t.value(n.Left)
	if err != nil {
		return column{}, err
	}
	if left.event {
		return column{}, t.c.fail(n.Left, "# is a whole event; compare a property of it, like .value")
	}
	if items, ok := n.Right.(*ast.ArrayNode); ok && n.Operator == "in" {
		return t.inConstants(n, left, items, negated)
	}
	right, err := t.value(n.Right)
	if err != nil {
		return column{}, err
	}
	if right.event {
		return column{}, t.c.fail(n.Right, "# is a whole event; compare a property of it, like .value")
	}
	if err := t.c.comparable(n, left.kind, right.kind); err != nil {
		return column{}, err
	}
	var out fragment
	switch n.Operator {
	case "==":
		out, err = t.compare(n, "=", left, right)
	case "!=":
		out, err = t.compare(n, "<>", left, right)
	case "<", "<=", ">", ">=":
		out, err = t.compare(n, n.Operator, left, right)
	case "in":
		out, err = t.inList(n.Left, left, right, negated)
	case "contains":
		out, err = t.contains(n, left, right, negated)
	default:
		out, err = t.textTest(n, left, right, negated)
	}
	return column{fragment: sqlf("coalesce(%s, false)", out), kind: boolean}, err
}

// compare is == != < <= > >=; NULL where the VM says false because kinds do not meet.
func (t *translator) compare(n *ast.BinaryNode, op string, left, right column) (fragment, error) {
	left, right, err := t.withDates(n, op, left, right)
	if err != nil {
		return fragment{}, err
	}
	ordering := op != "=" && op != "<>"
	known := left.kind
	if known == anything {
		known = right.kind
	}
	both := func(as func(ast.Node, column) (fragment, error), format string) (fragment, error) {
		a, err := as(n.Left, left)
		if err != nil {
			return fragment{}, err
		}
		b, err := as(n.Right, right)
		return sqlf(format, a, b), err
	}
	asNumber := func(n ast.Node, v column) (fragment, error) { return t.number(n, v, false) }
	switch known {
	case number:
		return both(asNumber, "(%s) "+op+" (%s)")
	case text:
		return both(t.textOf, `(%s) collate "C" `+op+` (%s) collate "C"`)
	case instant:
		return sqlf("%s "+op+" %s", left.fragment, right.fragment), nil
	case boolean:
		return both(t.booleanOf, "(%s) "+op+" (%s)")
	}
	a, b := left.fragment, right.fragment
	switch {
	case !ordering && op == "=":
		return sqlf("%s = %s", a, b), nil
	case !ordering:
		return sqlf("(jsonb_typeof(%s) = jsonb_typeof(%s) and %s <> %s)", a, b, a, b), nil
	}
	numbers, _ := both(asNumber, "(%s) "+op+" (%s)")
	texts, _ := both(t.textOf, `(%s) collate "C" `+op+` (%s) collate "C"`)
	return sqlf("coalesce(%s, %s)", numbers, texts), nil
}

func (t *translator) booleanOf(n ast.Node, v column) (fragment, error) {
	if v.kind == boolean {
		return v.fragment, nil
	}
	return sqlf("case jsonb_typeof(%s) when 'boolean' then (%s)::boolean end", v.fragment, v.fragment), nil
}

// withDates reads literals that are dates next to times, and refuses to read dates out of properties.
func (t *translator) withDates(n *ast.BinaryNode, op string, left, right column) (column, column, error) {
	sides := [2]*column{&left, &right}
	for i, operand := range []ast.Node{n.Left, n.Right} {
		at, isDate := dateLiteral(operand)
		if isDate && (sides[1-i].kind == instant || op != "=" && op != "<>") {
			*sides[i] = column{fragment: bound{at: at.(time.Time)}.sql(), kind: instant}
		}
	}
	if left.kind == instant != (right.kind == instant) {
		return left, right, t.noDates(n)
	}
	return left, right, nil
}

func (t *translator) inConstants(n *ast.BinaryNode, left column, items *ast.ArrayNode, negated bool) (column, error) {
	list, err := t.constants(items)
	if err != nil {
		return column{}, err
	}
	x, err := t.json(n.Left, left)
	if err != nil {
		return column{}, err
	}
	format := "coalesce(%s = any(%s), false)"
	parts := []fragment{x, list}
	if negated {
		format, parts = "(%s is not null and %s <> all(%s))", []fragment{x, x, list}
	}
	return column{fragment: sqlf(format, parts...), kind: boolean}, nil
}

// inList looks for an equal item in a list that is a property.
func (t *translator) inList(n ast.Node, x, items column, negated bool) (fragment, error) {
	v, err := t.json(n, x)
	if err != nil {
		return fragment{}, err
	}
	word := map[bool]string{true: "not exists", false: "exists"}[negated]
	return sqlf("case when jsonb_typeof(%s) = 'array' and %s is not null then "+word+" (select 1 from jsonb_array_elements(%s) as i(v) where i.v = %s) end",
		items.fragment, v, items.fragment, v), nil
}

func (t *translator) contains(n *ast.BinaryNode, left, right column, negated bool) (fragment, error) {
	inText := fragment{text: "null::boolean"}
	if right.kind == text || right.kind == anything {
		part, err := t.textOf(n.Right, right)
		if err != nil {
			return fragment{}, err
		}
		whole, err := t.textOf(n.Left, left)
		if err != nil {
			return fragment{}, err
		}
		op := map[bool]string{true: "=", false: ">"}[negated]
		inText = sqlf("strpos(%s, %s) "+op+" 0", whole, part)
	}
	if left.kind == text {
		return inText, nil
	}
	inItems, err := t.inList(n.Right, right, left, negated)
	return sqlf("coalesce(%s, %s)", inText, inItems), err
}

// textTest is startsWith, endsWith and matches.
func (t *translator) textTest(n *ast.BinaryNode, left, right column, negated bool) (fragment, error) {
	whole, err := t.textOf(n.Left, left)
	if err != nil {
		return fragment{}, err
	}
	part, err := t.textOf(n.Right, right)
	if err != nil {
		return fragment{}, err
	}
	not := map[bool]string{true: "not ", false: ""}[negated]
	switch n.Operator {
	case "startsWith":
		return sqlf(not+"starts_with(%s, %s)", whole, part), nil
	case "endsWith":
		return sqlf(not+"(right(%s, char_length(%s)) = %s)", whole, part, part), nil
	}
	p, err := t.c.pattern(n.Right)
	if err != nil {
		return fragment{}, err
	}
	if p.size > maxPatternSQL {
		return fragment{}, t.c.fail(n.Right, "the pattern is too large for a condition over events")
	}
	re, err := p.postgres()
	if err != nil {
		return fragment{}, t.c.fail(n.Right, "%v is not available in a pattern inside a condition over events", err)
	}
	return sqlf("%s "+map[bool]string{true: "!~", false: "~"}[negated]+" %s", slices.Concat([]fragment{sqlf("(%s)", whole)}, []fragment{bind("text", re)})...), nil
}
