package expression

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

const eventOnly = "a trigger filter sees the event only; use filter: for person and history"

// compiler checks the parsed tree and rewrites it into one that is null-safe, taking queries out of it.
type compiler struct {
	source     string
	scope      Scope
	variables  []variable // let names that are visible, innermost last
	renamed    int
	depth      int // conditions over lists around the current node
	usesNow    bool
	queries    []Query
	uses       []use           // what was read so far, in order
	junctions  []file.Location // the outermost and/or, in the order of the source
	metrics    map[string]bool
	properties map[string]bool
}

type variable struct {
	name, renamed string
	kind          kind
}

// use is one input that a part of the expression reads: a property's path, or a query.
type use struct {
	name  string
	path  []string // from person, event or flow; nil for a query
	query int
}

func compile(source string, scope Scope) (*Expression, error) {
	if len(source) > MaxSource {
		return nil, &Error{Message: fmt.Sprintf("the expression is %d bytes long; at most %d are accepted", len(source), MaxSource), Offset: MaxSource}
	}
	if !utf8.ValidString(source) || strings.ContainsRune(source, 0) {
		return nil, &Error{Message: "the expression is not valid UTF-8 text", Length: len(source)}
	}
	if strings.TrimSpace(source) == "" {
		return nil, &Error{Message: "the expression is empty"}
	}
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	tree, err := parser.ParseWithConfig(source, config)
	if err != nil {
		return nil, syntaxError(source, err)
	}
	c := &compiler{source: source, scope: scope, metrics: map[string]bool{}, properties: map[string]bool{}}
	x := &Expression{source: source}
	if err := c.checkText(tree.Node); err != nil {
		return nil, err
	}
	node, k, err := c.top(tree.Node, x)
	if err != nil {
		return nil, err
	}
	c.cutClauses(x.clauses)
	if x.program, err = assemble(node, source); err != nil {
		message, _, _ := strings.Cut(err.Error(), "\n")
		return nil, &Error{Message: message, Length: len(source)}
	}
	x.kind, x.usesNow, x.queries = k, c.usesNow, c.queries
	x.metrics, x.properties = sortedKeys(c.metrics), sortedKeys(c.properties)
	return x, nil
}

// textCheck finds text that the database could not take, which escapes like "\xff" can write.
type textCheck struct{ found *ast.StringNode }

func (t *textCheck) Visit(n *ast.Node) {
	if s, ok := (*n).(*ast.StringNode); ok && (!utf8.ValidString(s.Value) || strings.ContainsRune(s.Value, 0)) {
		t.found = s
	}
}

func (c *compiler) checkText(n ast.Node) error {
	check := &textCheck{}
	ast.Walk(&n, check)
	if check.found != nil {
		return c.fail(check.found, "this text has a zero byte or is not valid UTF-8")
	}
	return nil
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// top rewrites the operands of the outermost and/or, each of which explain shows as a clause.
func (c *compiler) top(n ast.Node, x *Expression) (ast.Node, kind, error) {
	if b, ok := n.(*ast.BinaryNode); ok && junction(b.Operator) && !chained(b) {
		left, kl, err := c.top(b.Left, x)
		if err != nil {
			return nil, 0, err
		}
		c.junctions = append(c.junctions, b.Location())
		right, kr, err := c.top(b.Right, x)
		if err != nil {
			return nil, 0, err
		}
		return c.join(b, left, right, kl, kr)
	}
	first := len(c.uses)
	node, k, err := c.rewrite(n)
	if err == nil {
		x.clauses = append(x.clauses, &clause{node: node, uses: slices.Clone(c.uses[first:])})
	}
	return node, k, err
}

// join builds an and/or of two rewritten operands.
func (c *compiler) join(b *ast.BinaryNode, left, right ast.Node, kl, kr kind) (ast.Node, kind, error) {
	for i, k := range []kind{kl, kr} {
		if k != anything && k != boolean {
			return nil, 0, c.fail(b, "%s needs a condition on both sides, the %s is %s", b.Operator, side(i), k)
		}
	}
	return place(&ast.BinaryNode{Operator: b.Operator, Left: truth(left, kl), Right: truth(right, kr)}, b), boolean, nil
}

func junction(op string) bool { return op == "and" || op == "or" || op == "&&" || op == "||" }

// chained reports whether the parser made this "and" from 1 < x < 3.
func chained(b *ast.BinaryNode) bool {
	r, ok := b.Right.(*ast.BinaryNode)
	return ok && r.Location() == b.Location()
}

// place gives a new node the location of the one it stands for.
func place[N ast.Node](n N, origin ast.Node) N {
	n.SetLocation(origin.Location())
	return n
}

func invoke(origin ast.Node, name string, args ...ast.Node) ast.Node {
	return place(&ast.CallNode{Callee: place(&ast.IdentifierNode{Value: mark + name}, origin), Arguments: args}, origin)
}

func state(origin ast.Node) ast.Node { return place(&ast.IdentifierNode{Value: stateName}, origin) }

func constant(origin ast.Node, v any) ast.Node { return place(&ast.ConstantNode{Value: v}, origin) }

func truth(n ast.Node, k kind) ast.Node {
	if k == boolean {
		return n
	}
	return invoke(n, "truth", n)
}

// rewrite checks a node and gives its null-safe form, whose value is canonical.
func (c *compiler) rewrite(n ast.Node) (ast.Node, kind, error) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return place(&ast.FloatNode{Value: float64(n.Value)}, n), number, nil
	case *ast.FloatNode:
		return place(&ast.FloatNode{Value: n.Value}, n), number, nil
	case *ast.StringNode:
		return place(&ast.StringNode{Value: n.Value}, n), text, nil
	case *ast.BoolNode:
		return place(&ast.BoolNode{Value: n.Value}, n), boolean, nil
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.ChainNode:
		return c.rewrite(n.Node)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.ArrayNode:
		items, _, err := c.rewriteAll(n.Nodes)
		return place(&ast.ArrayNode{Nodes: items}, n), list, err
	case *ast.VariableDeclaratorNode:
		return c.let(n)
	case *ast.CallNode, *ast.BuiltinNode:
		return c.call(n)
	}
	return nil, 0, c.unsupported(n)
}

func (c *compiler) rewriteAll(nodes []ast.Node) ([]ast.Node, []kind, error) {
	out, kinds := make([]ast.Node, len(nodes)), make([]kind, len(nodes))
	for i, n := range nodes {
		var err error
		if out[i], kinds[i], err = c.rewrite(n); err != nil {
			return nil, nil, err
		}
	}
	return out, kinds, nil
}

// unsupported names what stands in the place of the syntax that the language leaves out.
func (c *compiler) unsupported(n ast.Node) error {
	switch n.(type) {
	case *ast.NilNode:
		return c.fail(n, "a comparison with nil is always false; use is_set(x) or not is_set(x)")
	case *ast.SliceNode:
		return c.fail(n, "parts of lists like x[1:3] are not supported; use a single index like x[0]")
	case *ast.MapNode, *ast.PairNode:
		return c.fail(n, "an object like {a: 1} is not supported in an expression")
	case *ast.SequenceNode:
		return c.fail(n, "several expressions separated by ; are not supported; join conditions with and / or")
	case *ast.BytesNode:
		return c.fail(n, "bytes are not supported; write text as \"…\"")
	}
	return c.fail(n, "this syntax is not supported in an expression")
}

func (c *compiler) let(n *ast.VariableDeclaratorNode) (ast.Node, kind, error) {
	if slices.Contains(names, n.Name) || functions[n.Name] != nil {
		return nil, 0, c.fail(n, "let %s: the name is taken; choose another", n.Name)
	}
	value, k, err := c.rewrite(n.Value)
	if err != nil {
		return nil, 0, err
	}
	c.renamed++
	v := variable{n.Name, fmt.Sprintf("%s%d", mark, c.renamed), k}
	c.variables = append(c.variables, v)
	body, k, err := c.rewrite(n.Expr)
	c.variables = c.variables[:len(c.variables)-1]
	return place(&ast.VariableDeclaratorNode{Name: v.renamed, Value: value, Expr: body}, n), k, err
}

func (c *compiler) conditional(n *ast.ConditionalNode) (ast.Node, kind, error) {
	parts, kinds, err := c.rewriteAll([]ast.Node{n.Cond, n.Exp1, n.Exp2})
	if err != nil {
		return nil, 0, err
	}
	k := anything
	if kinds[1] == kinds[2] {
		k = kinds[1]
	}
	return place(&ast.ConditionalNode{Ternary: n.Ternary, Cond: truth(parts[0], kinds[0]), Exp1: parts[1], Exp2: parts[2]}, n), k, nil
}
