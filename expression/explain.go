package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// Clause is one operand of an expression's outermost and/or, evaluated.
type Clause struct {
	Source string // as written
	Value  any    // nil when missing
	Holds  bool   // the value is true
	Inputs []Seen // what it read, in order
	Error  string // why it has no value, when it could not be evaluated
}

// Seen is an input and the value that it had. Value is nil when it was missing.
type Seen struct {
	Name  string
	Value any
}

// clause is a Clause to be.
type clause struct {
	source  string
	node    ast.Node
	uses    []use
	program *vm.Program
}

// Explain evaluates every clause, also those that deciding would not have reached.
func (x *Expression) Explain(in Input) []Clause {
	x.explain.Do(x.prepareExplain)
	out := make([]Clause, len(x.clauses))
	for i, c := range x.clauses {
		out[i] = Clause{Source: c.source, Inputs: seen(c.uses, in)}
		err := x.explainErr
		if err == nil {
			out[i].Value, err = x.run(c.program, in)
		}
		if err != nil {
			out[i].Error = err.Error()
		}
		out[i].Holds = out[i].Value == true
	}
	return out
}

func (x *Expression) prepareExplain() {
	for _, c := range x.clauses {
		if len(x.clauses) == 1 {
			c.program = x.program
		} else if c.program, x.explainErr = assemble(c.node, x.source); x.explainErr != nil {
			return
		}
	}
}

func seen(uses []use, in Input) []Seen {
	var out []Seen
	known := map[string]bool{}
	for _, u := range uses {
		if known[u.name] {
			continue
		}
		known[u.name] = true
		s := Seen{Name: u.name}
		switch {
		case u.path != nil:
			var v any = map[string]any{"person": in.Person, "event": in.Event, "flow": in.Flow}
			for _, key := range u.path {
				v = get(v, key)
			}
			s.Value = v
		case u.query < len(in.Answers):
			s.Value = canonical(in.Answers[u.query])
		}
		out = append(out, s)
	}
	return out
}

// cutClauses finds the clauses' texts between the operators that join them.
func (c *compiler) cutClauses(clauses []*clause) {
	from := 0
	for i, cl := range clauses {
		to := len(c.source)
		if i < len(c.junctions) {
			to = byteOffset(c.source, c.junctions[i].From)
		}
		cl.source = clauseSource(c.source, from, to)
		if i < len(c.junctions) {
			from = byteOffset(c.source, c.junctions[i].To)
		}
	}
}

// clauseSource cuts a clause's text out of the source: what stands between the operators around it, without
// parentheses that are not its own.
func clauseSource(source string, from, to int) string {
	s := strings.TrimSpace(source[from:to])
	for {
		open, closed := unmatched(s)
		switch {
		case closed > 0 && strings.HasSuffix(s, ")"):
			s = strings.TrimSpace(s[:len(s)-1])
		case open > 0 && strings.HasPrefix(s, "("):
			s = strings.TrimSpace(s[1:])
		default:
			return s
		}
	}
}

// unmatched counts the parentheses that are not closed and not opened, outside of quotes.
func unmatched(s string) (open, closed int) {
	for _, ch := range outsideQuotes(s) {
		switch {
		case ch == '(':
			open++
		case ch == ')' && open > 0:
			open--
		case ch == ')':
			closed++
		}
	}
	return open, closed
}
