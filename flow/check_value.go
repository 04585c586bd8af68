package flow

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// The methods below check one value of a plan each and say what is wrong with it. "" passes where a value may be
// missing.

func (c *checker) fault(step, field string, f fault) {
	if f.message != "" {
		c.add(IsError, step, field, f.hint, "%s", f.message)
	}
}

func (c *checker) word(step, field, s string, words []string) {
	if !slices.Contains(words, s) {
		c.add(IsError, step, field, suggestion(s, words), "%s must be %s, not %s", lastOf(field), oneOf(words), quoted(s))
	}
}

func (c *checker) optionalWord(step, field, s string, words ...string) {
	if s != "" {
		c.word(step, field, s, words)
	}
}

func (c *checker) id(step, field, s string, most int) {
	if !idPattern.MatchString(s) || len(s) > most {
		c.fail(step, field, "%s must be made of a-z, 0-9, - and _, begin with a letter or a digit and have at most %d characters, not %s",
			lastOf(field), most, quoted(s))
	}
}

// line is text in one line.
func (c *checker) line(step, field, s string, most int, required bool) {
	switch count := utf8.RuneCountInString(s); {
	case s == "" && !required:
	case !hasInk(s):
		c.fail(step, field, "%s is empty", lastOf(field))
	case count > most:
		c.fail(step, field, "%s has %d characters, the limit is %d", lastOf(field), count, most)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		c.fail(step, field, "%s contains a line break or another control character", lastOf(field))
	}
}

// liquid is text that may go over several lines.
func (c *checker) liquid(step, field, s string, most int, required bool) {
	if s == "" && !required {
		return
	}
	if f := checkLiquid(lastOf(field), s, most); f.message != "" {
		c.fault(step, field, f)
		return
	}
	c.liquidParses(step, field, s)
}

func (c *checker) address(step, field, s string) {
	if s != "" {
		c.fault(step, field, checkAddress(lastOf(field), s))
	}
}

func (c *checker) template(step, field, s string) {
	if s != "" && (!templatePattern.MatchString(s) || len(s) > maxID) {
		c.fail(step, field, "%s cannot be a template's name", quoted(s))
	}
}

func (c *checker) expression(step, field, source string, scope expression.Scope) *expression.Expression {
	if source == "" {
		return nil
	}
	x, err := expression.Compile(source, scope)
	if err != nil {
		c.fail(step, field, "%v", err)
		return nil
	}
	return x
}

func (c *checker) condition(step, field, source string, scope expression.Scope) {
	if x := c.expression(step, field, source, scope); x != nil && !x.Condition() {
		c.fail(step, field, "%s must be true or false, and this never is", lastOf(field))
	}
}

// length is a duration that is longer than nothing.
func (c *checker) length(step, field string, d time.Duration) {
	switch {
	case d <= 0:
		c.fail(step, field, "%s must be longer than nothing", lastOf(field))
	case d > maxWait:
		c.fail(step, field, "%s is %s, the limit is 400 days", lastOf(field), d)
	}
}

func (c *checker) offset(step, field string, days, months int) {
	switch {
	case days != 0 && months != 0:
		c.fail(step, field, "an offset is in days or in months, not both")
	case abs(days) > 400 || abs(months) > 12:
		c.fail(step, field, "an offset is at most 400 days or 12 months")
	}
}

func abs(i int) int { return max(i, -i) }

func (c *checker) clock(step, field, at string, required bool) {
	if at == "" && !required {
		return
	}
	if t, err := time.Parse(plan.Clock, at); err != nil || t.Format(plan.Clock) != at {
		c.fail(step, field, "%s must be a time of day from 00:00 to 23:59, not %s", lastOf(field), quoted(at))
	}
}

func (c *checker) zone(step, field, name string) {
	if name == plan.PersonZone {
		return
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" || name == "" {
		c.fail(step, field, "unknown time zone %s", quoted(name))
	}
}

func (c *checker) weekdays(step, field string, days []string) {
	for i, day := range days {
		if !slices.Contains(weekdays, day) {
			c.fail(step, field, "unknown weekday %s; possible are %s", quoted(day), oneOf(weekdays))
		} else if slices.Contains(days[:i], day) {
			c.fail(step, field, "%s is in the list twice", day)
		}
	}
}

func (c *checker) watches(step, field string, watches []plan.Watch, required bool) {
	if len(watches) > maxWatches || required && len(watches) == 0 {
		c.fail(step, field, "%s has %d entries; possible are 1 to %d", lastOf(field), len(watches), maxWatches)
		return
	}
	for i, w := range watches {
		field := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case (w.Metric == "") == (w.Condition == ""):
			c.fail(step, field, "it needs a metric or a condition, and not both")
		case w.Metric == "" && w.Filter != "":
			c.fail(step, field+".filter", "filter goes with metric; a condition has none")
		}
		c.line(step, field+".metric", w.Metric, maxName, false)
		c.condition(step, field+".filter", w.Filter, expression.Trigger)
		c.condition(step, field+".condition", w.Condition, expression.Person)
	}
}

// weight is a share in percent; sum adds it up.
func (c *checker) weight(step, field string, weight float64, sum *float64) {
	if !(weight > 0 && weight <= 100) { // also when it is no number
		c.fail(step, field, "weight is in percent, more than 0 and at most 100, not %v", weight)
	}
	*sum += weight
}

func (c *checker) whole(step, field string, sum float64) {
	if !math.IsNaN(sum) && !whole100(sum) {
		c.fail(step, field, "the weights add up to 100 percent, not %s", percent(sum))
	}
}

// lastOf is the last name in a field's path.
func lastOf(field string) string {
	field, _, _ = strings.Cut(field[strings.LastIndex(field, ".")+1:], "[")
	return field
}
