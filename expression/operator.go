package expression

import (
	"github.com/expr-lang/expr/ast"
)

// negatedOperator reports whether the parser made this "not" from a form like "a not in b": both then have the
// operator's place.
func negatedOperator(n *ast.UnaryNode) (*ast.BinaryNode, bool) {
	b, ok := n.Node.(*ast.BinaryNode)
	if !ok || n.Operator != "not" || n.Location() != b.Location() {
		return nil, false
	}
	switch b.Operator {
	case "in", "contains", "startsWith", "endsWith", "matches":
		return b, true
	}
	return nil, false
}

func (c *compiler) unary(n *ast.UnaryNode) (ast.Node, kind, error) {
	if b, ok := negatedOperator(n); ok {
		return c.comparison(b, true)
	}
	if v, ok := literal(n); ok {
		return place(&ast.FloatNode{Value: v.(float64)}, n), number, nil
	}
	node, k, err := c.rewrite(n.Node)
	if err != nil {
		return nil, 0, err
	}
	switch n.Operator {
	case "not", "!":
		if k != anything && k != boolean {
			return nil, 0, c.fail(n, "not needs a condition, this is %s", k)
		}
		return place(&ast.UnaryNode{Operator: "not", Node: truth(node, k)}, n), boolean, nil
	case "-":
		if k != anything && k != number {
			return nil, 0, c.fail(n, "- needs a number, this is %s", k)
		}
		return invoke(n, "negate", node), number, nil
	}
	return nil, 0, c.fail(n, "the operator %s is not supported here", n.Operator)
}

// checkNot refuses "not a == b", which the grammar reads as "(not a) == b".
func (c *compiler) checkNot(b *ast.BinaryNode) error {
	if junction(b.Operator) {
		return nil
	}
	u, ok := b.Left.(*ast.UnaryNode)
	if !ok || u.Operator != "not" && u.Operator != "!" {
		return nil
	}
	if _, ok := negatedOperator(u); ok {
		return nil
	}
	return c.fail(u, "%s binds before %s here; write not (a %s b)", u.Operator, b.Operator, b.Operator)
}

func (c *compiler) binary(n *ast.BinaryNode) (ast.Node, kind, error) {
	if err := c.checkNot(n); err != nil {
		return nil, 0, err
	}
	switch n.Operator {
	case "and", "or", "&&", "||":
		parts, kinds, err := c.rewriteAll([]ast.Node{n.Left, n.Right})
		if err != nil {
			return nil, 0, err
		}
		return c.join(n, parts[0], parts[1], kinds[0], kinds[1])
	case "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches":
		return c.comparison(n, false)
	case "+", "-", "*", "/", "%":
		return c.arithmetic(n)
	case "??":
		parts, kinds, err := c.rewriteAll([]ast.Node{n.Left, n.Right})
		if err != nil {
			return nil, 0, err
		}
		k := anything
		if kinds[0] == kinds[1] {
			k = kinds[0]
		}
		return place(&ast.BinaryNode{Operator: "??", Left: parts[0], Right: parts[1]}, n), k, nil
	case "..":
		return nil, 0, c.fail(n, "ranges like 1..5 are not supported; use x >= 1 and x <= 5")
	}
	return nil, 0, c.fail(n, "the operator %s is not supported", n.Operator)
}

func side(i int) string { return [...]string{"left", "right"}[i] }

// arithmetic checks the kinds that are known; what is not a number when evaluated makes the result missing.
func (c *compiler) arithmetic(n *ast.BinaryNode) (ast.Node, kind, error) {
	parts, kinds, err := c.rewriteAll([]ast.Node{n.Left, n.Right})
	if err != nil {
		return nil, 0, err
	}
	k, err := c.arithmeticKind(n, kinds[0], kinds[1])
	return invoke(n, n.Operator, parts...), k, err
}

func (c *compiler) arithmeticKind(n *ast.BinaryNode, left, right kind) (kind, error) {
	for i, k := range []kind{left, right} {
		if k == boolean || k == list || k == object {
			return 0, c.fail(n, "%s cannot be applied to %s, on its %s", n.Operator, k, side(i))
		}
	}
	plusOrMinus := n.Operator == "+" || n.Operator == "-"
	timed := func(k kind) bool { return k == instant || k == duration }
	switch {
	case timed(left) || timed(right):
		other := left
		if timed(left) {
			other = right
		}
		if !plusOrMinus || other == number {
			return 0, c.fail(n, `with a time, write a duration as text: now - "30d"`)
		}
		if d, ok := n.Right.(*ast.StringNode); ok && left == instant {
			if _, err := ParseDuration(d.Value); err == nil {
				return instant, nil
			}
			if _, ok := ParseDate(d.Value); !ok {
				return 0, c.fail(n.Right, "%q is neither a duration like 30d nor a date", clip(d.Value))
			}
		}
		if n.Operator == "-" && left == instant && right == instant {
			return duration, nil
		}
		return anything, nil
	case left == number && right == number:
		return number, nil
	case left == text && right == text && n.Operator == "+":
		return text, nil
	case left == text || right == text:
		if d, ok := n.Right.(*ast.StringNode); ok && n.Operator == "-" && left == anything && readAs(duration, d.Value) != nil {
			return instant, nil
		}
		if n.Operator != "+" || left == number || right == number {
			return 0, c.fail(n, "%s cannot be applied to text; number(x) reads a number from text", n.Operator)
		}
		return anything, nil
	case n.Operator == "+" || n.Operator == "-":
		return anything, nil
	}
	return number, nil
}

// comparison rewrites a comparison or its "not" form. Kinds that never meet are an error, because it would
// always be false.
func (c *compiler) comparison(n *ast.BinaryNode, negated bool) (ast.Node, kind, error) {
	if err := c.checkNot(n); err != nil {
		return nil, 0, err
	}
	for _, operand := range []ast.Node{n.Left, n.Right} {
		if _, ok := operand.(*ast.NilNode); ok {
			return nil, 0, c.unsupported(operand)
		}
	}
	parts, kinds, err := c.rewriteAll([]ast.Node{n.Left, n.Right})
	if err != nil {
		return nil, 0, err
	}
	if err := c.comparable(n, kinds[0], kinds[1]); err != nil {
		return nil, 0, err
	}
	suffix := ""
	if negated != (n.Operator == "!=") {
		suffix = "!"
	}
	switch n.Operator {
	case "==", "!=":
		return invoke(n, "=="+suffix, append([]ast.Node{state(n)}, parts...)...), boolean, nil
	case "<", "<=", ">", ">=":
		for i, operand := range []ast.Node{n.Left, n.Right} {
			if t, ok := dateLiteral(operand); ok {
				parts[i] = constant(operand, t)
			}
		}
		return invoke(n, n.Operator, parts...), boolean, nil
	case "matches":
		p, err := c.pattern(n.Right)
		if err != nil {
			return nil, 0, err
		}
		return invoke(n, "matches"+suffix, state(n), parts[0], constant(n.Right, p)), boolean, nil
	}
	return invoke(n, n.Operator+suffix, append([]ast.Node{state(n)}, parts...)...), boolean, nil
}

// dateLiteral gives the time of a text literal that is a date.
func dateLiteral(n ast.Node) (any, bool) {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return nil, false
	}
	t, ok := ParseDate(s.Value)
	return t, ok
}

// comparable checks the kinds that are known on both sides of a comparison.
func (c *compiler) comparable(n *ast.BinaryNode, left, right kind) error {
	never := func() error {
		return c.fail(n, "%s compares %s with %s, which is always false", n.Operator, left, right)
	}
	switch n.Operator {
	case "in":
		if right != anything && right != list {
			return c.fail(n, `in needs a list on its right, like x in ["a", "b"]; this is %s`, right)
		}
		return nil
	case "contains":
		if left != anything && left != text && left != list {
			return c.fail(n, "contains needs text or a list on its left; this is %s", left)
		}
		if left == text && right != anything && right != text {
			return never()
		}
		return nil
	case "startsWith", "endsWith", "matches":
		if left != anything && left != text || right != anything && right != text {
			return never()
		}
		return nil
	case "<", "<=", ">", ">=":
		for i, k := range []kind{left, right} {
			if k == boolean || k == list || k == object {
				return c.fail(n, "%s cannot be applied to %s, on its %s", n.Operator, k, side(i))
			}
		}
	}
	if left == anything || right == anything || left == right {
		return nil
	}
	for i, pair := range [][2]kind{{left, right}, {right, left}} {
		if pair[0] != text || pair[1] != instant && pair[1] != duration {
			continue
		}
		operand := []ast.Node{n.Left, n.Right}[i]
		if s, ok := operand.(*ast.StringNode); ok && readAs(pair[1], s.Value) == nil {
			example := map[kind]string{instant: "a date like 2026-05-10", duration: "a duration like 30d"}[pair[1]]
			return c.fail(operand, "%q is not %s", clip(s.Value), example)
		}
		return nil
	}
	return never()
}
