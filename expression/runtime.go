package expression

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	exprcompiler "github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// mark begins every name that only rewritten trees use; no source can spell it.
const mark = "§"

const stateName = mark + "state"

// calls holds what rewritten trees call. Arguments are canonical unless noted.
var calls = conf.FunctionsTable{}

func define(name string, f func(args ...any) (any, error)) {
	calls[mark+name] = &builtin.Function{Name: mark + name, Func: f}
}

// pure defines a function of canonical values that cannot fail.
func pure(name string, f func(args []any) any) {
	define(name, func(args ...any) (any, error) {
		for i := range args {
			args[i] = canonical(args[i])
		}
		return f(args), nil
	})
}

// stateful defines a function whose first argument is the evaluation.
func stateful(name string, f func(e *evaluation, args []any) (any, error)) {
	define(name, func(args ...any) (any, error) {
		for i := range args[1:] {
			args[i+1] = canonical(args[i+1])
		}
		return f(args[0].(*evaluation), args[1:])
	})
}

func init() {
	pure("value", func(a []any) any { return a[0] })
	pure("truth", func(a []any) any { return a[0] == true })
	pure("is_set", func(a []any) any { return a[0] != nil })
	pure("get", func(a []any) any { return get(a[0], a[1]) })
	pure("time", func(a []any) any { // an attribute that is a time, whether it comes as one or as text
		if _, ok := a[0].(string); ok {
			return toDate(a[0])
		}
		return a[0]
	})
	for _, negated := range []bool{false, true} {
		suffix := map[bool]string{false: "", true: "!"}[negated]
		stateful("=="+suffix, func(e *evaluation, a []any) (any, error) { return e.equal(a[0], a[1], negated) })
		stateful("in"+suffix, func(e *evaluation, a []any) (any, error) { return e.in(a[0], a[1], negated) })
		stateful("contains"+suffix, func(e *evaluation, a []any) (any, error) { return e.contains(a[0], a[1], negated) })
		stateful("startsWith"+suffix, func(e *evaluation, a []any) (any, error) {
			s, p, ok, err := e.texts(a[0], a[1])
			return ok && strings.HasPrefix(s, p) != negated, err
		})
		stateful("endsWith"+suffix, func(e *evaluation, a []any) (any, error) {
			s, p, ok, err := e.texts(a[0], a[1])
			return ok && strings.HasSuffix(s, p) != negated, err
		})
		define("matches"+suffix, func(args ...any) (any, error) { // evaluation, value, *pattern
			s, ok := canonical(args[1]).(string)
			if !ok {
				return false, nil
			}
			// Matching is linear, but its constant grows with the pattern.
			p := args[2].(*pattern)
			return p.MatchString(s) != negated, args[0].(*evaluation).spend(len(s) * (1 + p.size/100) / 1024)
		})
	}
	for _, op := range []string{"<", "<=", ">", ">="} {
		pure(op, func(a []any) any { return order(op, a[0], a[1]) })
	}
	for _, op := range []string{"+", "-", "*", "/", "%"} {
		pure(op, func(a []any) any { return arithmetic(op, a[0], a[1]) })
	}
	stateful("list", func(e *evaluation, a []any) (any, error) {
		l, ok := a[0].([]any)
		if !ok {
			return []any{}, nil
		}
		return l, e.spend(len(l) + 1)
	})
	define("answer", func(args ...any) (any, error) { // evaluation, *Query, index
		return args[1].(*Query).read(args[0].(*evaluation).answers[args[2].(int)])
	})
	defineText()
	defineNumbers()
	defineDates()
	defineHas()
	definePeople()
}

func defineText() {
	for name, f := range map[string]func(string) string{"lower": strings.ToLower, "upper": strings.ToUpper, "trim": strings.TrimSpace} {
		stateful(name, func(e *evaluation, a []any) (any, error) {
			s, ok := a[0].(string)
			if !ok {
				return nil, nil
			}
			return f(s), e.spend(len(s) / 1024)
		})
	}
	pure("len", func(a []any) any {
		switch v := a[0].(type) {
		case string:
			return float64(len([]rune(v)))
		case []any:
			return float64(len(v))
		}
		return nil
	})
	pure("string", func(a []any) any {
		switch v := a[0].(type) {
		case string:
			return v
		case bool:
			return strconv.FormatBool(v)
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		case time.Time:
			return v.UTC().Format(time.RFC3339)
		}
		return nil
	})
	pure("join", func(a []any) any {
		l, isList := a[0].([]any)
		separator, isText := a[1].(string)
		if !isList || !isText {
			return nil
		}
		var parts []string
		size := 0
		for _, item := range l {
			if s, ok := canonical(item).(string); ok {
				parts = append(parts, s)
				size += len(s) + len(separator)
			}
		}
		if size > maxText {
			return nil
		}
		return strings.Join(parts, separator)
	})
}

func defineNumbers() {
	for name, f := range map[string]func(float64) float64{"abs": math.Abs, "floor": math.Floor, "ceil": math.Ceil, "negate": func(x float64) float64 { return -x }} {
		pure(name, func(a []any) any {
			if x, ok := a[0].(float64); ok {
				return canonical(f(x))
			}
			return nil
		})
	}
	pure("round", func(a []any) any {
		x, ok := a[0].(float64)
		digits, also := a[1].(float64)
		if !ok || !also {
			return nil
		}
		return round(x, digits)
	})
	pure("number", func(a []any) any {
		switch v := a[0].(type) {
		case float64:
			return v
		case string:
			f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			if err != nil || len(v) > 100 {
				return nil
			}
			return canonical(f)
		}
		return nil
	})
	pure("sum", func(a []any) any { sum, _ := total(a[0].([]any)); return sum })
	pure("mean", func(a []any) any { return mean(a[0].([]any)) })
	pure("min", func(a []any) any { return extreme(a[0].([]any), -1) })
	pure("max", func(a []any) any { return extreme(a[0].([]any), 1) })
}

func defineDates() {
	pure("date", func(a []any) any { return toDate(a[0]) })
	stateful("today", func(e *evaluation, _ []any) (any, error) { return e.now.Format(time.DateOnly), nil })
	stateful("days_until", func(e *evaluation, a []any) (any, error) {
		if t, ok := toDate(a[0]).(time.Time); ok {
			return float64(daysUntil(e.now, t)), nil
		}
		return nil, nil
	})
	stateful("anniversary_in", func(e *evaluation, a []any) (any, error) {
		t, ok := toDate(a[0]).(time.Time)
		return ok && daysToAnniversary(e.now, t) <= int(a[1].(float64)), nil
	})
	stateful("anniversary_ago", func(e *evaluation, a []any) (any, error) {
		t, ok := toDate(a[0]).(time.Time)
		return ok && daysSinceAnniversary(e.now, t) <= int(a[1].(float64)), nil
	})
	for name, f := range map[string]func(time.Time) int{
		"year": time.Time.Year, "month": func(t time.Time) int { return int(t.Month()) }, "day": time.Time.Day,
	} {
		pure(name, func(a []any) any {
			if t, ok := toDate(a[0]).(time.Time); ok {
				return float64(f(t))
			}
			return nil
		})
	}
}

// assemble turns a rewritten tree into a program.
func assemble(node ast.Node, source string) (*vm.Program, error) {
	config := conf.CreateNew()
	config.WithEnv(map[string]any{})
	config.Strict = false // names are checked already
	config.Functions = calls
	tree := &parser.Tree{Node: node, Source: file.NewSource(source)}
	if _, err := checker.Check(tree, config); err != nil {
		return nil, fmt.Errorf("assembling the expression: %w", err)
	}
	program, err := exprcompiler.Compile(tree, config)
	if err != nil {
		return nil, fmt.Errorf("assembling the expression: %w", err)
	}
	return program, nil
}
