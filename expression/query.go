package expression

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// Query is one question about a person that the database answers.
type Query struct {
	Source string // the call as written
	Metric string // the metric asked about; "" for membership and consent
	gives  kind
	sql    fragment // a scalar expression over s: profile, start, now and the inputs
	inputs []input
}

// input is a property of the person, the trigger event or the flow that a condition over past events compares
// with. Answer gives it to the database as a column of s.
type input struct {
	column string
	path   []string
}

func newInput(path []string) input {
	h := fnv.New64a()
	fmt.Fprintf(h, "%q", path)
	return input{column: fmt.Sprintf("p_%016x", h.Sum64()), path: path}
}

// query takes a call about history, membership or consent out of the expression.
func (c *compiler) query(n ast.Node, f *Function, args []ast.Node) (ast.Node, kind, error) {
	if c.depth > 0 {
		return nil, 0, c.fail(n, "%s cannot be used inside a condition over a list; ask it outside, or with let before it", f.Name)
	}
	q := Query{gives: f.gives, Source: c.callText(n)}
	var err error
	switch f.Name {
	case "in_list":
		q.sql, err = c.inList(args)
	case "sent":
		q.sql, err = c.sent(args)
	case "entered_flow":
		err = c.enteredFlow(&q, args)
	case "can_receive":
		q.sql, err = c.canReceive(args[0])
	case "events":
		err = c.fail(n, "events are asked about, not loaded: wrap them, like count(events(…)) > 0 or sum(events(…), .value)")
	case "did", "first_at", "last_at":
		q.Metric, q.sql, err = c.moment(f.Name, args)
	default:
		err = c.aggregate(&q, n, f, args)
	}
	if err != nil {
		return nil, 0, err
	}
	index := slices.IndexFunc(c.queries, func(other Query) bool { return other.equal(q) })
	if index < 0 {
		if len(c.queries) == MaxQueries {
			return nil, 0, c.fail(n, "at most %d different questions about history and membership fit into one expression", MaxQueries)
		}
		index = len(c.queries)
		c.queries = append(c.queries, q)
	}
	if q.Metric != "" {
		c.metrics[q.Metric] = true
	}
	c.uses = append(c.uses, use{name: q.Source, query: index})
	return invoke(n, "answer", state(n), constant(n, &q), constant(n, index)), q.gives, nil
}

func (q Query) equal(other Query) bool {
	return q.gives == other.gives && q.sql.text == other.sql.text && fmt.Sprint(q.sql.args) == fmt.Sprint(other.sql.args)
}

// read takes an answer as Answer gave it, or as it came back from JSON.
func (q *Query) read(answer any) (any, error) {
	v := canonical(answer)
	if s, ok := v.(string); ok && q.gives == instant {
		v = readAs(instant, s)
	}
	if v != nil && kindOf(v) != q.gives {
		return nil, fmt.Errorf("the answer to %s is %s, expected %s", clip(q.Source), kindOf(v), q.gives)
	}
	return v, nil
}

// scan takes an answer as the driver gave it.
func (q *Query) scan(v any) (any, error) {
	switch v := v.(type) {
	case []byte:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("the answer to %s is not a number: %w", clip(q.Source), err)
		}
		return canonical(f), nil // beyond float64 it is infinite, hence missing
	case time.Time:
		return v.UTC(), nil
	}
	return canonical(v), nil
}

// callText cuts a call out of the source, up to its closing parenthesis.
func (c *compiler) callText(n ast.Node) string {
	start := byteOffset(c.source, n.Location().From)
	if _, args, _ := called(n); len(args) > 0 && args[0].Location().From < n.Location().From {
		return n.String() // piped: the call begins with its argument
	}
	depth := 0
	for i, ch := range outsideQuotes(c.source[start:]) {
		switch ch {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return c.source[start : start+i+1]
			}
		}
	}
	return n.String()
}

// constantText takes an argument that must be text written out.
func (c *compiler) constantText(n ast.Node, what string) (string, error) {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return "", c.fail(n, "%s must be written out in quotes", what)
	}
	if strings.TrimSpace(s.Value) == "" || len(s.Value) > 1000 {
		return "", c.fail(n, "%s must not be empty or longer than 1000 bytes", what)
	}
	return s.Value, nil
}

// history gives the metric and the rows of events(metric, window?), did and the like, as e.
//
// The order by costs nothing where the index event_history is read, and makes the planner choose it over
// event_profile, which looks as good for most people but reads all events of the person. The two offsets keep
// the planner from merging the levels, which would lose the metric as a condition of the index.
func (c *compiler) history(args []ast.Node, order string) (metric string, from fragment, err error) {
	if metric, err = c.constantText(args[0], "the metric's name"); err != nil {
		return "", fragment{}, err
	}
	var w ast.Node
	if len(args) == 2 {
		w = args[1]
	}
	window, err := c.window(w)
	if err != nil {
		return "", fragment{}, err
	}
	return metric, sqlf("(select m.id from metric m where m.name = %s offset 0) m,"+
		" lateral (select e.* from event e where e.profile_id = s.profile and e.metric_id = m.id and %s "+order+") e", bind("text", metric), window), nil
}

const oldestFirst = "order by e.time, e.unique_id offset 0"

func (c *compiler) moment(name string, args []ast.Node) (string, fragment, error) {
	form := map[string]struct{ order, format string }{
		"did":      {oldestFirst, "exists (select 1 from %s)"},
		"first_at": {"order by e.time, e.unique_id limit 1", "(select min(e.time) from %s)"},
		"last_at":  {"order by e.time desc, e.unique_id desc limit 1", "(select max(e.time) from %s)"},
	}[name]
	metric, from, err := c.history(args, form.order)
	if err != nil {
		return "", fragment{}, err
	}
	return metric, sqlf(form.format, from), nil
}

// canReceive knows email only: other channels need consent, which is not stored yet.
func (c *compiler) canReceive(n ast.Node) (fragment, error) {
	channel, err := c.constantText(n, "the channel")
	if err != nil {
		return fragment{}, err
	}
	if channel != "email" {
		return fragment{}, c.fail(n, `can_receive(%q) is not available yet; the only channel is "email"`, clip(channel))
	}
	return sqlf("(exists (select 1 from profile p where p.id = s.profile and p.email <> '')"+
		" and not exists (select 1 from suppression u where u.profile_id = s.profile and u.channel = %s))", bind("text", channel)), nil
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only text, finite numbers and booleans come here
	}
	return string(b)
}
