package condition

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/legato-flow/legato/expression"
)

// subject is what a filter compares: a property by its path.
type subject struct {
	path string
	past bool // of an event that is asked about in the database
}

// texts are the operators of filters on text, with their negative forms.
var texts = map[string]string{
	"equals": "==", "not-equals": "!=",
	"contains": "contains", "not-contains": "not contains",
	"starts-with": "startsWith", "not-starts-with": "not startsWith",
	"ends-with": "endsWith", "not-ends-with": "not endsWith",
	"regex": "matches", "nregex": "not matches",
	"in": "in", "not-in": "not in",
}

// numbers are the operators of filters on numbers, and of list lengths behind "length-".
var numbers = map[string]string{
	"equals": "==", "not-equals": "!=",
	"greater-than": ">", "greater-than-or-equal": ">=", "less-than": "<", "less-than-or-equal": "<=",
}

// filter writes the filter in a member of o, on a property.
func (c *compiler) compare(o *object, on subject) string {
	f := o.object("filter", true)
	if f == nil {
		return ""
	}
	defer f.done()
	kind := f.choice("type", "string", "numeric", "boolean", "date", "list", "existence")
	if kind == "" {
		f.members = nil
		return ""
	}
	switch kind {
	case "string":
		return c.string(f, on)
	case "numeric":
		return c.numeric(f, on)
	case "boolean":
		f.choice("operator", "equals")
		return fmt.Sprintf("%s == %t", on.path, f.flag("value"))
	case "date":
		return c.date(f, on)
	case "list":
		return c.list(f, on)
	}
	if f.choice("operator", "is-set", "not-set") == "not-set" {
		return "not is_set(" + on.path + ")"
	}
	return "is_set(" + on.path + ")"
}

func (c *compiler) string(f *object, on subject) string {
	operator := f.text("operator", true)
	switch operator {
	case "in", "not-in":
		return fmt.Sprintf("%s %s %s", on.path, texts[operator], array(f.texts("value")))
	case "phone-country-code-in", "phone-country-code-not-in":
		if on.path != "person.phone_number" {
			f.fail("operator", "%s is for the property phone_number.", operator)
		}
		word := texts[strings.TrimPrefix(operator, "phone-country-code-")]
		return fmt.Sprintf("phone_country(%s) %s %s", on.path, word, array(f.texts("value")))
	}
	if texts[operator] == "" {
		f.fail("operator", "There is no operator %q for strings.", clip(operator))
		f.take("value", false)
		return ""
	}
	return fmt.Sprintf("%s %s %s", on.path, texts[operator], strconv.Quote(f.text("value", true)))
}

func (c *compiler) numeric(f *object, on subject) string {
	operator := f.text("operator", true)
	if operator == "between" {
		from, to := f.number("start"), f.number("end")
		if from > to {
			f.fail("end", "end must not be less than start.")
		}
		return fmt.Sprintf("%s <= %s <= %s", number(from), on.path, number(to))
	}
	if numbers[operator] == "" {
		f.fail("operator", "There is no operator %q for numbers.", clip(operator))
		f.take("value", false)
		return ""
	}
	return fmt.Sprintf("%s %s %s", on.path, numbers[operator], number(f.number("value")))
}

func (c *compiler) list(f *object, on subject) string {
	operator := f.text("operator", true)
	positive, negative := strings.CutPrefix(operator, "not-")
	if length, ok := strings.CutPrefix(operator, "length-"); ok && numbers[length] != "" && length != "not-equals" {
		return fmt.Sprintf("len(%s) %s %d", on.path, numbers[length], f.whole("value", 0))
	}
	var source string
	switch positive {
	case "contains":
		word := map[bool]string{true: "not in", false: "in"}[negative]
		return fmt.Sprintf("%s %s %s", c.item(f), word, on.path)
	case "contains-any", "contains-all":
		source = fmt.Sprintf("has_%s(%s, %s)", strings.TrimPrefix(positive, "contains-"), on.path, array(f.texts("value")))
	case "contains-substring":
		source = fmt.Sprintf("has_part(%s, %s)", on.path, strconv.Quote(f.text("value", true)))
	default:
		f.fail("operator", "There is no operator %q for lists here.", clip(operator))
		f.take("value", false)
		return ""
	}
	if negative {
		return source + " == false"
	}
	return source + " == true"
}

// item is a text or number that a list contains.
func (c *compiler) item(f *object) string {
	raw := f.take("value", true)
	if raw == nil {
		return ""
	}
	f.members["value"] = raw
	if raw[0] == '"' {
		return strconv.Quote(f.text("value", true))
	}
	return number(f.number("value"))
}

func array(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = strconv.Quote(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func number(x float64) string {
	if math.Abs(x) < 1e15 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// units of spans of time, as durations write them.
var units = map[string]string{"hour": "h", "day": "d", "week": "w"}

// span reads quantity and unit as a duration like "3d".
func (f *object) span(name string, least int) string {
	n := f.whole(name, least)
	unit := f.choice("unit", "hour", "day", "week")
	if unit != "" && !f.failed {
		if _, err := expression.ParseDuration(strconv.Itoa(n) + units[unit]); err != nil {
			f.fail(name, "%s must not be longer than 100 years.", name)
		}
	}
	return fmt.Sprintf(`"%d%s"`, n, units[unit])
}

// spans reads the start and end of "between", which share a unit: from end ago to start ago.
func (f *object) spans() (from, to string) {
	start, end := f.whole("start", 0), f.whole("end", 0)
	unit := f.choice("unit", "hour", "day", "week")
	if !f.failed && start >= end {
		f.fail("end", "end must be more than start: both say how long ago.")
	}
	return fmt.Sprintf(`"%d%s"`, end, units[unit]), fmt.Sprintf(`"%d%s"`, start, units[unit])
}

// moment reads a date as text that expressions take.
func (f *object) moment(name string) string {
	s := f.text(name, true)
	if _, ok := expression.ParseDate(s); s != "" && !ok {
		f.fail(name, "%s must be a date such as 2026-05-10T09:00:00Z, not %q.", name, clip(s))
	}
	return strconv.Quote(s)
}

// date writes a filter on a property that is a date.
func (c *compiler) date(f *object, on subject) string {
	if on.past {
		f.fail("type", "Dates in the properties of past events cannot be compared; put the date on the profile.")
		f.members = nil
		return ""
	}
	p := on.path
	switch operator := f.text("operator", true); operator {
	case "before":
		return p + " < " + f.moment("date")
	case "after":
		return p + " > " + f.moment("date")
	case "between-static":
		from, to := f.moment("start"), f.moment("end")
		if a, ok := expression.ParseDate(unquoted(from)); ok {
			if b, ok := expression.ParseDate(unquoted(to)); ok && b.Before(a) {
				f.fail("end", "end must not be before start.")
			}
		}
		return from + " <= " + p + " <= " + to
	case "in-the-last":
		return fmt.Sprintf("now - %s < %s <= now", f.span("quantity", 1), p)
	case "at-least":
		return fmt.Sprintf("%s <= now - %s", p, f.span("quantity", 1))
	case "in-the-next":
		return fmt.Sprintf("now <= %s <= now + %s", p, f.span("quantity", 1))
	case "between":
		from, to := f.spans()
		return fmt.Sprintf("now - %s <= %s < now - %s", from, p, to)
	case "anniversary":
		return fmt.Sprintf(`anniversary_in(%s, "0d")`, p)
	case "anniversary-month":
		return fmt.Sprintf("month(%s) == month(now)", p)
	case "calendar-month":
		month := f.whole("value", 1)
		if month > 12 {
			f.fail("value", "value must be a month from 1 to 12.")
		}
		return fmt.Sprintf("month(%s) == %d", p, month)
	case "anniversary-next", "anniversary-last":
		function := map[string]string{"anniversary-next": "anniversary_in", "anniversary-last": "anniversary_ago"}[operator]
		span := f.span("quantity", 1)
		if strings.HasSuffix(span, `h"`) {
			f.fail("unit", "An anniversary is counted in days or weeks.")
		}
		return fmt.Sprintf("%s(%s, %s)", function, p, span)
	default:
		f.fail("operator", "There is no operator %q for a property that is a date.", clip(operator))
		f.members = nil
		return ""
	}
}

func unquoted(s string) string {
	text, err := strconv.Unquote(s)
	if err != nil {
		return ""
	}
	return text
}

// window writes the time frame in a member of o as a window of history; "" is all of the time.
func (c *compiler) window(o *object, required bool, also ...string) string {
	f := o.object("timeframe_filter", required)
	if f == nil {
		return ""
	}
	defer f.done()
	if f.choice("type", "date") == "" {
		f.members = nil
		return ""
	}
	operator := f.choice("operator", also...)
	switch operator {
	case "flow-start":
		return "since_start"
	case "before":
		return "before(" + f.moment("date") + ")"
	case "after":
		return "after(" + f.moment("date") + ")"
	case "between-static":
		return "between(" + f.moment("start") + ", " + f.moment("end") + ")"
	case "in-the-last":
		return "last(" + f.span("quantity", 1) + ")"
	case "at-least":
		return "before(" + f.span("quantity", 1) + ")"
	case "between":
		from, to := f.spans()
		return "between(" + from + ", " + to + ")"
	case "alltime":
		return ""
	}
	f.members = nil
	return ""
}
