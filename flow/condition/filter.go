package condition

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/member"
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
func (c *compiler) compare(o *member.Object, on subject) string {
	f := o.Object("filter", true)
	if f == nil {
		return ""
	}
	defer f.Done()
	kind := f.Choice("type", "string", "numeric", "boolean", "date", "list", "existence")
	if kind == "" {
		f.Skip()
		return ""
	}
	switch kind {
	case "string":
		return c.string(f, on)
	case "numeric":
		return c.numeric(f, on)
	case "boolean":
		f.Choice("operator", "equals")
		return fmt.Sprintf("%s == %t", on.path, f.Flag("value"))
	case "date":
		return c.date(f, on)
	case "list":
		return c.list(f, on)
	}
	if f.Choice("operator", "is-set", "not-set") == "not-set" {
		return "not is_set(" + on.path + ")"
	}
	return "is_set(" + on.path + ")"
}

func (c *compiler) string(f *member.Object, on subject) string {
	operator := f.Text("operator", true)
	switch operator {
	case "in", "not-in":
		return fmt.Sprintf("%s %s %s", on.path, texts[operator], array(f.Texts("value")))
	case "phone-country-code-in", "phone-country-code-not-in":
		if on.path != "person.phone_number" {
			f.Fail("operator", "%s is for the property phone_number.", operator)
		}
		word := texts[strings.TrimPrefix(operator, "phone-country-code-")]
		return fmt.Sprintf("phone_country(%s) %s %s", on.path, word, array(f.Texts("value")))
	}
	if texts[operator] == "" {
		f.Fail("operator", "There is no operator %q for strings.", clip(operator))
		f.Take("value", false)
		return ""
	}
	return fmt.Sprintf("%s %s %s", on.path, texts[operator], strconv.Quote(f.Text("value", true)))
}

func (c *compiler) numeric(f *member.Object, on subject) string {
	operator := f.Text("operator", true)
	if operator == "between" {
		from, to := f.Number("start"), f.Number("end")
		if from > to {
			f.Fail("end", "end must not be less than start.")
		}
		return fmt.Sprintf("%s <= %s <= %s", number(from), on.path, number(to))
	}
	if numbers[operator] == "" {
		f.Fail("operator", "There is no operator %q for numbers.", clip(operator))
		f.Take("value", false)
		return ""
	}
	return fmt.Sprintf("%s %s %s", on.path, numbers[operator], number(f.Number("value")))
}

func (c *compiler) list(f *member.Object, on subject) string {
	operator := f.Text("operator", true)
	positive, negative := strings.CutPrefix(operator, "not-")
	if length, ok := strings.CutPrefix(operator, "length-"); ok && numbers[length] != "" && length != "not-equals" {
		return fmt.Sprintf("len(%s) %s %d", on.path, numbers[length], f.Whole("value", 0))
	}
	var source string
	switch positive {
	case "contains":
		word := map[bool]string{true: "not in", false: "in"}[negative]
		return fmt.Sprintf("%s %s %s", c.item(f), word, on.path)
	case "contains-any", "contains-all":
		source = fmt.Sprintf("has_%s(%s, %s)", strings.TrimPrefix(positive, "contains-"), on.path, array(f.Texts("value")))
	case "contains-substring":
		source = fmt.Sprintf("has_part(%s, %s)", on.path, strconv.Quote(f.Text("value", true)))
	default:
		f.Fail("operator", "There is no operator %q for lists here.", clip(operator))
		f.Take("value", false)
		return ""
	}
	if negative {
		return source + " == false"
	}
	return source + " == true"
}

// item is a text or number that a list contains.
func (c *compiler) item(f *member.Object) string {
	raw := f.Take("value", true)
	var value any
	if raw != nil && json.Unmarshal(raw, &value) == nil {
		switch value := value.(type) {
		case string:
			return strconv.Quote(value)
		case float64:
			return number(value)
		}
		f.Fail("value", "value must be a string or a number.")
	}
	return ""
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
func span(f *member.Object, name string, least int) string {
	n := f.Whole(name, least)
	unit := f.Choice("unit", "hour", "day", "week")
	if unit != "" && !f.Failed {
		if _, err := expression.ParseDuration(strconv.Itoa(n) + units[unit]); err != nil {
			f.Fail(name, "%s must not be longer than 100 years.", name)
		}
	}
	return fmt.Sprintf(`"%d%s"`, n, units[unit])
}

// spans reads the start and end of "between", which share a unit: from end ago to start ago.
func spans(f *member.Object) (from, to string) {
	start, end := f.Whole("start", 0), f.Whole("end", 0)
	unit := f.Choice("unit", "hour", "day", "week")
	if !f.Failed && start >= end {
		f.Fail("end", "end must be more than start: both say how long ago.")
	}
	return fmt.Sprintf(`"%d%s"`, end, units[unit]), fmt.Sprintf(`"%d%s"`, start, units[unit])
}

// moment reads a date as text that expressions take.
func moment(f *member.Object, name string) string {
	s := f.Text(name, true)
	if _, ok := expression.ParseDate(s); s != "" && !ok {
		f.Fail(name, "%s must be a date such as 2026-05-10T09:00:00Z, not %q.", name, clip(s))
	}
	return strconv.Quote(s)
}

// date writes a filter on a property that is a date.
func (c *compiler) date(f *member.Object, on subject) string {
	if on.past {
		f.Fail("type", "Dates in the properties of past events cannot be compared; put the date on the profile.")
		f.Skip()
		return ""
	}
	p := on.path
	switch operator := f.Text("operator", true); operator {
	case "before":
		return p + " < " + moment(f, "date")
	case "after":
		return p + " > " + moment(f, "date")
	case "between-static":
		from, to := moment(f, "start"), moment(f, "end")
		if a, ok := expression.ParseDate(unquoted(from)); ok {
			if b, ok := expression.ParseDate(unquoted(to)); ok && b.Before(a) {
				f.Fail("end", "end must not be before start.")
			}
		}
		return from + " <= " + p + " <= " + to
	case "in-the-last":
		return fmt.Sprintf("now - %s < %s <= now", span(f, "quantity", 1), p)
	case "at-least":
		return fmt.Sprintf("%s <= now - %s", p, span(f, "quantity", 1))
	case "in-the-next":
		return fmt.Sprintf("now <= %s <= now + %s", p, span(f, "quantity", 1))
	case "between":
		from, to := spans(f)
		return fmt.Sprintf("now - %s <= %s < now - %s", from, p, to)
	case "anniversary":
		return fmt.Sprintf(`anniversary_in(%s, "0d")`, p)
	case "anniversary-month":
		return fmt.Sprintf("month(%s) == month(now)", p)
	case "calendar-month":
		month := f.Whole("value", 1)
		if month > 12 {
			f.Fail("value", "value must be a month from 1 to 12.")
		}
		return fmt.Sprintf("month(%s) == %d", p, month)
	case "anniversary-next", "anniversary-last":
		function := map[string]string{"anniversary-next": "anniversary_in", "anniversary-last": "anniversary_ago"}[operator]
		span := span(f, "quantity", 1)
		if strings.HasSuffix(span, `h"`) {
			f.Fail("unit", "An anniversary is counted in days or weeks.")
		}
		return fmt.Sprintf("%s(%s, %s)", function, p, span)
	default:
		f.Fail("operator", "There is no operator %q for a property that is a date.", clip(operator))
		f.Skip()
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
func (c *compiler) window(o *member.Object, required bool, also ...string) string {
	f := o.Object("timeframe_filter", required)
	if f == nil {
		return ""
	}
	defer f.Done()
	if f.Choice("type", "date") == "" {
		f.Skip()
		return ""
	}
	operator := f.Choice("operator", also...)
	switch operator {
	case "flow-start":
		return "since_start"
	case "before":
		return "before(" + moment(f, "date") + ")"
	case "after":
		return "after(" + moment(f, "date") + ")"
	case "between-static":
		return "between(" + moment(f, "start") + ", " + moment(f, "end") + ")"
	case "in-the-last":
		return "last(" + span(f, "quantity", 1) + ")"
	case "at-least":
		return "before(" + span(f, "quantity", 1) + ")"
	case "between":
		from, to := spans(f)
		return "between(" + from + ", " + to + ")"
	case "alltime":
		return ""
	}
	f.Skip()
	return ""
}
