package condition

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// split cuts an expression at its outermost "and" or "or" into the texts of the operands, as they were written:
// printing the tree instead would lose the difference between "a not in b" and "not (a in b)".
func split(source, word string) []string {
	source = bare(source)
	tree, err := parser.Parse(source)
	if err != nil || comments(source) {
		return []string{source}
	}
	b, ok := tree.Node.(*ast.BinaryNode)
	if !ok || junction(b) != word {
		return []string{source}
	}
	from, to := offset(source, b.Location().From), offset(source, b.Location().To)
	if from >= to || to > len(source) {
		return []string{source}
	}
	return append(split(source[:from], word), split(source[to:], word)...)
}

// junction is "and" or "or" for a node that joins conditions, else "". What the parser makes of 1 < x < 3 is none.
func junction(n ast.Node) string {
	b, ok := n.(*ast.BinaryNode)
	if !ok || chained(b) {
		return ""
	}
	switch b.Operator {
	case "and", "&&":
		return "and"
	case "or", "||":
		return "or"
	}
	return ""
}

func chained(b *ast.BinaryNode) bool {
	r, ok := b.Right.(*ast.BinaryNode)
	return ok && r.Location() == b.Location()
}

// operand puts an expression into parentheses where a word next to it would tear it apart.
func operand(source string, and bool) string {
	tree, err := parser.Parse(source)
	if err != nil {
		return source
	}
	switch n := tree.Node.(type) {
	case *ast.ConditionalNode, *ast.VariableDeclaratorNode, *ast.SequenceNode:
		return "(" + source + ")"
	case *ast.BinaryNode:
		if junction(n) == "or" || junction(n) == "and" && and || n.Operator == "??" {
			return "(" + source + ")"
		}
	}
	return source
}

// bare takes away parentheses around the whole.
func bare(source string) string {
	source = strings.TrimSpace(source)
	for strings.HasPrefix(source, "(") && strings.HasSuffix(source, ")") {
		depth, closed := 0, -1
		for i, r := range plain(source) {
			switch r {
			case '(':
				depth++
			case ')':
				if depth--; depth == 0 && closed < 0 {
					closed = i
				}
			}
		}
		if closed != len(source)-1 {
			break
		}
		source = strings.TrimSpace(source[1:closed])
	}
	return source
}

// plain is the source with spaces in the place of what stands in quotes.
func plain(source string) string {
	out := []byte(source)
	for i := 0; i < len(out); i++ {
		quote := out[i]
		if quote != '"' && quote != '\'' && quote != '`' {
			continue
		}
		for i++; i < len(out) && out[i] != quote; i++ {
			if out[i] == '\\' && quote != '`' && i+1 < len(out) {
				out[i] = ' '
				i++
			}
			out[i] = ' '
		}
	}
	return string(out)
}

// comments says whether the expression has any: pieces of it could not be put together again.
func comments(source string) bool {
	text := plain(source)
	return slices.ContainsFunc([]string{"//", "/*", "# "}, func(mark string) bool { return strings.Contains(text, mark) })
}

// offset turns a place that counts runes into bytes.
func offset(source string, runes int) int {
	at := 0
	for ; runes > 0 && at < len(source); runes-- {
		_, size := utf8.DecodeRuneInString(source[at:])
		at += size
	}
	return at
}
