package flow

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// assignments reads a mapping of properties to values.
func (r *steps) assignments(n *node, what string, property func(n *node) string, read func(n *node, a *plan.Assignment)) []plan.Assignment {
	switch {
	case n.shape == unreadable:
		return nil
	case n.shape != mapping || len(n.entries) == 0:
		r.fail(n, "for example {vip: true}", "%s must be a mapping of properties to values", what)
		return nil
	case len(n.entries) > maxProperties:
		r.fail(n, "", "%s has %d properties, the limit is %d", what, len(n.entries), maxProperties)
		return nil
	}
	var all []plan.Assignment
	for _, e := range n.entries {
		key := *e.key
		key.shape = text // a property may be called 1 or true
		a := plan.Assignment{Property: property(&key)}
		read(e.value, &a)
		all = append(all, a)
	}
	return all
}

// value reads what a property is set to: what datum reads, {date: …}, or either where there is none, {create: …}.
func (r *steps) value(n *node, a *plan.Assignment) {
	if n.shape == mapping && len(n.entries) == 1 {
		inner := n.entries[0].value
		switch n.entries[0].key.text {
		case "create":
			a.Create = true
			if inner.shape == mapping && len(inner.entries) == 1 && inner.entries[0].key.text == "date" {
				r.calendarDate(inner.entries[0].value, a)
				return
			}
			r.datum(inner, a)
			return
		case "date":
			r.calendarDate(inner, a)
			return
		}
	}
	r.datum(n, a)
}

// calendarDate reads a date that exists.
func (r *steps) calendarDate(n *node, a *plan.Assignment) {
	s := r.string(n, "date", maxName)
	if s == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		r.fail(n, `for example {date: "2026-05-01"}`, "date must be a day that exists, as YYYY-MM-DD, not %s", quoted(s))
		return
	}
	a.Value, a.Date = s, true
}

// datum reads a text, a number, true, false, a list of them, or {expr: …}.
func (r *steps) datum(n *node, a *plan.Assignment) {
	if n.shape != list {
		r.item(n, a)
		return
	}
	if len(n.items) > maxValues {
		r.fail(n, "", "the list has %d entries, the limit is %d", len(n.items), maxValues)
		return
	}
	values := make([]any, 0, len(n.items))
	for _, item := range n.items {
		if v, ok := r.literal(item); ok {
			values = append(values, v)
		}
	}
	a.Value = values
}

// item reads a single value: a text, a number, true, false, or {expr: …}.
func (r *steps) item(n *node, a *plan.Assignment) {
	if n.shape == mapping {
		a.Expression = r.computed(n)
		return
	}
	a.Value, _ = r.literal(n)
}

// amount reads what is added to a property.
func (r *steps) amount(n *node, a *plan.Assignment) {
	switch n.shape {
	case mapping:
		a.Expression = r.computed(n)
	case number, oddNumber:
		a.Value, _ = r.literal(n)
	case unreadable:
	default:
		r.fail(n, "", "increment needs a number or {expr: …}, not %s", n.shape)
	}
}

// computed reads {expr: expression}, also with the long name of it.
func (r *steps) computed(n *node) string {
	found := r.fields(n, check{what: "a computed value", fields: []Field{
		{Name: "expr", Type: "expression", Required: true, Instead: "expression", Example: "event.value"},
		{Name: "expression", Type: "expression", Instead: "expr"}}})
	written := found["expr"]
	if written == nil {
		written = found["expression"]
	}
	if written == nil {
		return ""
	}
	s, _ := r.expression(written, "expr", expression.Person)
	return s
}

// literal reads a text, a number, true or false.
func (r *reader) literal(n *node) (any, bool) {
	switch n.shape {
	case text:
		if count := utf8.RuneCountInString(n.text); count > maxValue {
			r.fail(n, "", "the text has %d characters, the limit is %d", count, maxValue)
			return nil, false
		}
		if strings.ContainsRune(n.text, 0) {
			r.fail(n, "", "the text contains a zero byte")
			return nil, false
		}
		return n.text, true
	case boolean:
		return strings.EqualFold(n.text, "true"), true
	case number:
		f, err := strconv.ParseFloat(n.text, 64)
		if err != nil || math.Abs(f) >= 1<<53 {
			r.fail(n, "put it in quotes to keep it as text", "the number %s is too large", quoted(n.text))
			return nil, false
		}
		return f, true
	case oddNumber:
		r.fail(n, "write a decimal number, or put it in quotes to keep it as text", "%s could be a number or text", quoted(n.text))
	case nothing:
		r.fail(n, "unset removes a property", "a value is missing")
	case unreadable:
	default:
		r.fail(n, "", "a value must be text, a number, true or false, not %s", n.shape)
	}
	return nil, false
}
