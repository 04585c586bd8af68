package expression

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
)

// pattern is a regular expression of "matches", which may match anywhere in the text. The syntax is Go's (RE2).
type pattern struct {
	*regexp.Regexp
	size int // instructions of its program
	tree *syntax.Regexp
}

const (
	maxPattern    = 2000 // instructions
	maxPatternSQL = 200  // Postgres gives up on what Go still takes
)

func (c *compiler) pattern(n ast.Node) (*pattern, error) {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return nil, c.fail(n, `the pattern of matches must be written out in quotes, like "^A[0-9]+$"`)
	}
	re, err := regexp.Compile(s.Value)
	if err != nil {
		return nil, c.fail(n, "the pattern is not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	tree, err := syntax.Parse(s.Value, syntax.Perl)
	if err != nil {
		return nil, c.fail(n, "the pattern is not a regular expression: %v", err)
	}
	tree = tree.Simplify()
	program, err := syntax.Compile(tree)
	if err != nil || len(program.Inst) > maxPattern {
		return nil, c.fail(n, "the pattern is too large")
	}
	return &pattern{Regexp: re, size: len(program.Inst), tree: tree}, nil
}

// postgres writes the pattern as an advanced regular expression of Postgres that matches the same texts. Every
// character is written as an escape, so that none has a second meaning there.
func (p *pattern) postgres() (string, error) {
	var b strings.Builder
	b.WriteString("(?:")
	if err := writePostgres(&b, p.tree); err != nil {
		return "", err
	}
	b.WriteString(")")
	return b.String(), nil
}

func writePostgres(b *strings.Builder, re *syntax.Regexp) error {
	group := func(subs []*syntax.Regexp, separator, suffix string) error {
		b.WriteString("(?:")
		for i, sub := range subs {
			if i > 0 {
				b.WriteString(separator)
			}
			if err := writePostgres(b, sub); err != nil {
				return err
			}
		}
		b.WriteString(")" + suffix)
		return nil
	}
	switch re.Op {
	case syntax.OpEmptyMatch:
		b.WriteString("(?:)")
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase == 0 {
				writeRune(b, r)
				continue
			}
			b.WriteString("[")
			writeRune(b, r)
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				writeRune(b, f)
			}
			b.WriteString("]")
		}
	case syntax.OpCharClass:
		if len(re.Rune) == 0 {
			return fmt.Errorf("an empty set of characters")
		}
		b.WriteString("[")
		for i := 0; i < len(re.Rune); i += 2 {
			lo, hi := max(re.Rune[i], 1), re.Rune[i+1] // text in Postgres has no zero character
			if hi < 1 {
				continue
			}
			writeRune(b, lo)
			if hi > lo {
				b.WriteString("-")
				writeRune(b, hi)
			}
		}
		b.WriteString("]")
	case syntax.OpAnyCharNotNL:
		b.WriteString(`[^\u000A]`)
	case syntax.OpAnyChar:
		b.WriteString(".")
	case syntax.OpBeginText:
		b.WriteString(`\A`)
	case syntax.OpEndText:
		b.WriteString(`\Z`)
	case syntax.OpCapture, syntax.OpConcat:
		return group(re.Sub, "", "")
	case syntax.OpAlternate:
		return group(re.Sub, "|", "")
	case syntax.OpStar:
		return group(re.Sub, "", "*")
	case syntax.OpPlus:
		return group(re.Sub, "", "+")
	case syntax.OpQuest:
		return group(re.Sub, "", "?")
	default:
		return fmt.Errorf("%s", re)
	}
	return nil
}

func writeRune(b *strings.Builder, r rune) {
	if r > 0xFFFF {
		fmt.Fprintf(b, `\U%08X`, r)
		return
	}
	fmt.Fprintf(b, `\u%04X`, r)
}
