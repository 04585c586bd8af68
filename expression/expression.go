// Package expression is the one language for decisions: trigger filters, profile filters, branches and values.
//
// An expression is written in the syntax of expr-lang/expr. Compile checks it against the names and functions
// below and replaces every operator by a null-safe one, so that a property that is missing, or of another type
// than expected, makes a comparison false and never an error. Questions about a person's history, lists and
// consent are taken out as queries: Answer asks Postgres all of them for a batch of people in one statement,
// and Eval decides with the answers. A predicate over past events becomes SQL with the same semantics.
//
// Rules that hold everywhere:
//
//   - missing is: no such property, JSON null, or a number that is not finite.
//   - Comparisons (== != < <= > >= in contains startsWith endsWith matches, and their "not" forms) with
//     something missing or with mismatched types are false. "not (a == b)" is plain logic and may be true.
//   - Where true or false is asked for, only the boolean true counts as true.
//   - Arithmetic is decimal; with something missing, and on division by zero, its result is missing.
//   - Text is case-sensitive and ordered by code point. Next to a time, and in < <= > >= with a literal that is
//     a date, text is read as a date.
package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr/vm"
)

// Limits on what Compile accepts and on what one evaluation may do.
const (
	MaxSource  = 10_000    // bytes of source
	MaxQueries = 50        // history and membership questions in one expression
	maxNodes   = 5_000     // nodes of the syntax tree
	maxWork    = 1_000_000 // list items visited and kilobytes of text searched in one evaluation
	maxText    = 100_000   // bytes of a text that an expression makes
)

// Scope says what an expression may see.
type Scope int

const (
	Trigger Scope = iota // event and now
	Person               // person, event, flow, now, history and membership
)

// Expression is a compiled expression. It is immutable and safe for concurrent use.
type Expression struct {
	source     string
	kind       kind
	usesNow    bool
	program    *vm.Program
	queries    []Query
	metrics    []string
	properties []string
	clauses    []*clause
	explain    sync.Once
	explainErr error
}

// Input is what an expression is evaluated with. Maps hold what encoding/json makes of JSON; times may be
// time.Time or text. Answers has one element per query, in the order of Queries.
type Input struct {
	Person, Event, Flow map[string]any
	Now, Start          time.Time
	Answers             []any
}

// Compile checks the source and makes it ready to run. The error is an *Error.
func Compile(source string, scope Scope) (x *Expression, err error) {
	defer func() {
		// The parser and the compiler are not ours: whatever a hostile source does to them stays an error.
		if r := recover(); r != nil {
			x, err = nil, &Error{Message: fmt.Sprintf("the expression cannot be compiled: %v", r), Length: len(source)}
		}
	}()
	return compile(source, scope)
}

// Source gives the text that was compiled.
func (x *Expression) Source() string { return x.source }

// Queries gives the questions that Answer has to answer before Eval.
func (x *Expression) Queries() []Query { return slices.Clone(x.queries) }

// Metrics gives the names of the metrics that are asked about, sorted.
func (x *Expression) Metrics() []string { return slices.Clone(x.metrics) }

// Properties gives the properties that are mentioned, as "person.name" and "event.name", sorted.
func (x *Expression) Properties() []string { return slices.Clone(x.properties) }

// Condition reports whether the result can be true or false. It is false for an expression that always gives a
// number, a text or the like, which is no filter.
func (x *Expression) Condition() bool { return x.kind == anything || x.kind == boolean }

// Eval gives the value: bool, float64, string, time.Time, time.Duration, []any, map[string]any, or nil when it
// is missing. Errors are a missing answer, a missing Now, and an expression that exceeds its limits.
func (x *Expression) Eval(in Input) (any, error) {
	return x.run(x.program, in)
}

// True evaluates a condition. Only the boolean true is true; missing is false.
func (x *Expression) True(in Input) (bool, error) {
	if !x.Condition() {
		return false, fmt.Errorf("expression %q gives %s, expected true or false", clip(x.source), x.kind)
	}
	v, err := x.Eval(in)
	return v == true, err
}

func (x *Expression) run(program *vm.Program, in Input) (v any, err error) {
	if len(in.Answers) != len(x.queries) {
		return nil, fmt.Errorf("expression %q has %d queries, got %d answers", clip(x.source), len(x.queries), len(in.Answers))
	}
	if x.usesNow && in.Now.IsZero() {
		return nil, fmt.Errorf("expression %q needs the time, Input.Now is not set", clip(x.source))
	}
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("evaluating %q: %v", clip(x.source), r)
		}
	}()
	state := &evaluation{now: in.Now.UTC(), answers: in.Answers, work: maxWork, input: &in}
	v, err = vm.Run(program, map[string]any{
		"person": in.Person, "event": in.Event, "flow": in.Flow, "now": in.Now.UTC(), stateName: state,
	})
	if errors.Is(err, errWork) {
		return nil, fmt.Errorf("evaluating %q: %w", clip(x.source), errWork)
	}
	if err != nil {
		message, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("evaluating %q: %s", clip(x.source), message)
	}
	return canonical(v), nil
}

// evaluation is the state of one run of a program.
type evaluation struct {
	now     time.Time
	answers []any
	work    int
	input   *Input
}

var errWork = errors.New("it goes through too many list items or too much text")

// spend takes from what this evaluation may do.
func (e *evaluation) spend(n int) error {
	e.work -= n
	if e.work < 0 {
		return errWork
	}
	return nil
}

func clip(source string) string {
	if len(source) <= 80 {
		return source
	}
	return strings.ToValidUTF8(source[:80], "") + "…"
}
