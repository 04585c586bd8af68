package expression

import (
	"fmt"

	"github.com/expr-lang/expr/ast"
)

// maxSQL bounds the SQL of one query, in bytes.
const maxSQL = 64 << 10

// column is an SQL expression for a value. Missing is NULL in it, and a boolean is never NULL. Of kind anything
// it is jsonb that is never the JSON null; of kind number it is numeric.
type column struct {
	fragment
	kind   kind
	event  bool // the event row itself, of which only properties can be taken
	metric string
}

// translator turns a condition over past events, or over lists inside them, into SQL. What an operator means is
// defined by the VM's functions; a property test holds the two to the same answers.
type translator struct {
	c      *compiler
	items  []column // what # is, innermost last
	inputs []input
	tables int
}

// rows is what a list function goes over.
type rows struct {
	from  fragment
	where []fragment
	item  column
}

// overEvents reports whether filter and map lead down to events(...).
func overEvents(n ast.Node) bool {
	for {
		name, args, ok := called(n)
		switch {
		case !ok || len(args) == 0:
			return false
		case name == "events":
			return true
		case name != "filter" && name != "map":
			return false
		}
		n = args[0]
	}
}

// aggregate translates a list function over events.
func (c *compiler) aggregate(q *Query, n ast.Node, f *Function, args []ast.Node) error {
	switch f.Name {
	case "filter", "map", "find":
		return c.fail(n, "%s over events is a list, which is not loaded; wrap it in count, any, all, none, sum, min, max or mean", f.Name)
	}
	t := &translator{c: c}
	r, err := t.rows(args[0], true)
	if err != nil {
		return err
	}
	v, err := t.fold(n, f, r, args)
	q.Metric, q.sql, q.inputs = r.item.metric, v.fragment, t.inputs
	return err
}

// rows translates what a list function goes over: events at the outside only, else a property that is a list.
func (t *translator) rows(n ast.Node, outermost bool) (rows, error) {
	name, args, ok := called(n)
	if ok && (name == "events" || name == "filter" || name == "map") {
		f, err := t.c.function(n, name, args)
		if err != nil {
			return rows{}, err
		}
		if name == "events" {
			if !outermost {
				return rows{}, t.c.fail(n, "events cannot be asked inside a condition over events; join two questions with and / or")
			}
			metric, from, err := t.c.history(args, oldestFirst)
			return rows{from: from, item: column{kind: object, event: true, metric: metric}}, err
		}
		r, err := t.rows(args[0], outermost)
		if err != nil {
			return rows{}, err
		}
		if name == "map" {
			metric := r.item.metric
			r.item, err = t.over(r.item, f, args[1], t.value)
			r.item.metric = metric
			return r, err
		}
		return r, t.filter(&r, f, args[1])
	}
	v, err := t.value(n)
	if err != nil {
		return rows{}, err
	}
	if v.kind != anything {
		return rows{}, t.c.fail(n, "this is %s, expected a list", v.kind)
	}
	t.tables++
	alias := fmt.Sprintf("x%d", t.tables)
	from := sqlf("jsonb_array_elements(case jsonb_typeof(%s) when 'array' then %s end) as "+alias+"(v)", v.fragment, v.fragment)
	return rows{from: from, item: column{fragment: fragment{text: "nullif(" + alias + ".v, 'null')"}, kind: anything}}, t.size(n, from)
}

func (t *translator) filter(r *rows, f *Function, n ast.Node) error {
	cond, err := t.over(r.item, f, n, t.condition)
	r.where = append(r.where, cond.fragment)
	return err
}

// over translates the condition or value that a list function applies to every item.
func (t *translator) over(item column, f *Function, n ast.Node, translate func(ast.Node) (column, error)) (column, error) {
	p, ok := n.(*ast.PredicateNode)
	if !ok {
		return column{}, t.c.fail(n, "%s needs a condition over the items: %s", f.Name, f.Signature)
	}
	t.items = append(t.items, item)
	v, err := translate(p.Node)
	t.items = t.items[:len(t.items)-1]
	return v, err
}

// fold translates the list function itself.
func (t *translator) fold(n ast.Node, f *Function, r rows, args []ast.Node) (column, error) {
	item := r.item
	if len(args) == 2 {
		translate := t.condition
		if f.Name == "sum" {
			translate = t.value
		}
		v, err := t.over(r.item, f, args[1], translate)
		if err != nil {
			return column{}, err
		}
		switch f.Name {
		case "sum":
			item = v
		case "all":
			r.where = append(r.where, sqlf("not %s", v.fragment))
		default:
			r.where = append(r.where, v.fragment)
		}
	}
	source := sqlf("from %s where %s", r.from, allOf(r.where))
	var out fragment
	switch f.Name {
	case "any":
		out = sqlf("exists (select 1 %s)", source)
	case "all", "none":
		out = sqlf("not exists (select 1 %s)", source)
	case "count", "len":
		out = sqlf("(select count(*) %s)::numeric", source)
	case "sum", "min", "max", "mean":
		if item.event {
			return column{}, t.c.fail(n, "%s needs numbers: name the property, like %s", f.Name,
				map[bool]string{true: "sum(events(…), .value)", false: f.Name + "(map(events(…), .value))"}[f.Name == "sum"])
		}
		x, err := t.number(n, item, true)
		if err != nil {
			return column{}, err
		}
		format := map[string]string{"sum": "(select coalesce(sum(%s), 0) %s)", "min": "(select min(%s) %s)", "max": "(select max(%s) %s)", "mean": "(select avg(%s) %s)"}[f.Name]
		out = sqlf(format, x, source)
	default:
		return column{}, t.c.fail(n, "%s is not available inside a condition over events", f.Name)
	}
	return column{fragment: out, kind: f.gives}, t.size(n, out)
}

// size refuses SQL that grows beyond reason before it is built further.
func (t *translator) size(n ast.Node, f fragment) error {
	if len(f.text) > maxSQL || len(f.args) > 2000 {
		return t.c.fail(n, "this condition over events is too large")
	}
	return nil
}

// condition translates a node where true or false is asked for.
func (t *translator) condition(n ast.Node) (column, error) {
	v, err := t.value(n)
	if err != nil {
		return column{}, err
	}
	return t.truth(n, v)
}

func (t *translator) truth(n ast.Node, v column) (column, error) {
	switch v.kind {
	case boolean:
		return v, nil
	case anything:
		return column{fragment: sqlf("coalesce(%s = 'true'::jsonb, false)", v.fragment), kind: boolean}, nil
	}
	return column{}, t.c.fail(n, "a condition is needed here, this is %s", v.kind)
}

// number gives a value as numeric, NULL when it is none. With bounded, numbers that arithmetic does not take
// are NULL as well.
func (t *translator) number(n ast.Node, v column, bounded bool) (fragment, error) {
	switch {
	case v.kind == number:
		return v.fragment, nil
	case v.kind == anything && bounded:
		return sqlf("case jsonb_typeof(%s) when 'number' then case when abs((%s)::numeric) <= 1e300 then (%s)::numeric end end", v.fragment, v.fragment, v.fragment), nil
	case v.kind == anything:
		return sqlf("case jsonb_typeof(%s) when 'number' then (%s)::numeric end", v.fragment, v.fragment), nil
	}
	return fragment{}, t.c.fail(n, "a number is needed here, this is %s", v.kind)
}

// textOf gives a value as text, NULL when it is none.
func (t *translator) textOf(n ast.Node, v column) (fragment, error) {
	switch v.kind {
	case text:
		return v.fragment, nil
	case anything:
		return sqlf("case jsonb_typeof(%s) when 'string' then %s #>> '{}' end", v.fragment, v.fragment), nil
	}
	return fragment{}, t.c.fail(n, "text is needed here, this is %s", v.kind)
}

// json gives a value as jsonb.
func (t *translator) json(n ast.Node, v column) (fragment, error) {
	switch v.kind {
	case anything:
		return v.fragment, nil
	case text, number, boolean:
		return sqlf("to_jsonb(%s)", v.fragment), nil
	}
	return fragment{}, t.c.fail(n, "%s cannot be used like this inside a condition over events", v.kind)
}
