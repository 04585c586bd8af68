package flow

import (
	"regexp"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

var dateTrigger = triggerKind{
	Spec: Spec{
		Kind:    "date",
		Summary: "A person enters at a clock time on, before or after a date that a property holds.",
		Value:   "a custom property, as person.birthday",
		Type:    "property",
		Beside: []Field{
			{Name: "before", Type: "calendar", Example: "7d", Summary: "How long before the date: days, weeks (2w) or months (1mo)."},
			{Name: "after", Type: "calendar", Example: "3d", Summary: "How long after the date, likewise."},
			{Name: "at", Type: "time", Default: defaultTime, Example: `"09:00"`, Summary: "The time of day."},
			{Name: "timezone", Type: "zone", Default: plan.PersonZone, Example: "Europe/Berlin", Summary: "Whose day and clock: the person's, or that of a named zone."},
			{Name: "repeat", Type: "word", Default: plan.Yearly, Values: repeats, Summary: "How often the date comes round. With once the whole date counts."},
			{Name: "on", Type: "weekday", List: OrMore, Max: len(weekdays), Values: weekdays, Example: "[monday, friday]", Summary: "The days on which people may enter: it moves on to the next of them."},
		},
		Example: "trigger:\n  date: person.birthday\n  before: 7d\n  at: \"09:00\"\n",
		words:   []string{"birthday", "anniversary", "schedule"},
	},
	read: readDateTrigger,
}

const defaultTime = "09:00"

var repeats = []string{plan.Once, plan.Weekly, plan.Monthly, plan.Yearly}

func readDateTrigger(r *reader, value *node, beside map[string]*node) plan.Trigger {
	trigger := &plan.DateTrigger{
		Property: r.dateProperty(value),
		At:       defaultTime,
		Timezone: plan.PersonZone,
		Repeat:   plan.Yearly,
	}
	if n := beside["at"]; n != nil {
		trigger.At = r.clock(n, "at")
	}
	if n := beside["timezone"]; n != nil {
		trigger.Timezone = r.zone(n)
	}
	if n := beside["repeat"]; n != nil {
		trigger.Repeat = r.choice(n, "repeat", repeats...)
	}
	if n := beside["on"]; n != nil {
		trigger.Weekdays = r.weekdays(n)
	}
	trigger.Days, trigger.Months = r.offsets(beside["before"], beside["after"], "a date trigger")
	return plan.Trigger{Date: trigger}
}

// offsets reads before or after: days and months, negative before the date.
func (r *reader) offsets(before, after *node, what string) (days, months int) {
	switch {
	case before != nil && after != nil:
		r.fail(after, "", "%s is before or after the date, not both", what)
	case before != nil:
		s := r.offset(before, "before")
		return -s.days, -s.months
	case after != nil:
		s := r.offset(after, "after")
		return s.days, s.months
	}
	return 0, 0
}

// offset reads days, weeks or months.
func (r *reader) offset(n *node, what string) span {
	s, ok := r.duration(n, what)
	if ok && s.rest != 0 {
		r.fail(n, "the time of day is set by at", "%s must be in days, weeks or months, not %s", what, quoted(n.text))
		return span{}
	}
	return s
}

var propertyPattern = regexp.MustCompile(`^person(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[\s*"([^"\\]+)"\s*\]|\[\s*'([^'\\]+)'\s*\])$`)

// dateProperty reads the property that holds the date.
func (r *reader) dateProperty(n *node) string {
	name := r.property(n)
	if name != "" {
		r.noted.dates = append(r.noted.dates, use{name, n})
	}
	return name
}

// property reads person.x or person["x"], where x is a custom property, and gives x.
func (r *reader) property(n *node) string {
	s := r.string(n, "date", maxName)
	if s == "" {
		return ""
	}
	m := propertyPattern.FindStringSubmatch(s)
	if m == nil {
		hint := `for example person.birthday or person["Next delivery"]`
		if !strings.HasPrefix(s, "person") && propertyPattern.MatchString("person."+s) {
			hint = "did you mean person." + s + "?"
		}
		r.fail(n, hint, "date must name a property of the person, not %s", quoted(s))
		return ""
	}
	name := m[1] + m[2] + m[3]
	if standardAttribute(name) {
		r.fail(n, "", "person.%s is not a custom property; a date trigger reads those only", name)
		return ""
	}
	return name
}
