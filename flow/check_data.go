package flow

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

func (c *checker) updateProfile(id string, u *plan.UpdateProfile) {
	if len(u.Set)+len(u.Increment)+len(u.Append)+len(u.Remove)+len(u.Unset) == 0 {
		c.fail(id, "update_profile", "update_profile needs set, increment, append, remove or unset")
	}
	seen := map[string]bool{}
	property := func(field, name string) {
		c.line(id, field, name, maxName, true)
		switch {
		case standardAttribute(name):
			c.fail(id, field, "%s is not a custom property; update_profile cannot change it", name)
		case seen[name]:
			c.fail(id, field, "property %s is changed already", quoted(name))
		}
		seen[name] = true
	}
	for _, part := range []struct {
		name  string
		all   []plan.Assignment
		check func(field string, a *plan.Assignment)
	}{
		{"set", u.Set, func(string, *plan.Assignment) {}},
		{"increment", u.Increment, func(field string, a *plan.Assignment) {
			if _, number := a.Value.(float64); !number && a.Expression == "" {
				c.fail(id, field, "increment needs a number or an expression")
			}
		}},
		{"append", u.Append, func(field string, a *plan.Assignment) { c.single(id, field, a) }},
		{"remove", u.Remove, func(field string, a *plan.Assignment) { c.single(id, field, a) }},
	} {
		c.assignments(id, "update_profile."+part.name, part.all, part.name == "set", func(field string, a *plan.Assignment) {
			property(field+".property", a.Property)
			part.check(field, a)
		})
	}
	if len(u.Unset) > maxProperties {
		c.fail(id, "update_profile.unset", "unset has %d entries, the limit is %d", len(u.Unset), maxProperties)
		return
	}
	for i, name := range u.Unset {
		property(fmt.Sprintf("update_profile.unset[%d]", i), name)
	}
}

// single holds what is added to a list to one value.
func (c *checker) single(id, field string, a *plan.Assignment) {
	if _, list := a.Value.([]any); list {
		c.fail(id, field+".value", "one value at a time is added to a list or taken out of it")
	}
}

func (c *checker) assignments(id, field string, all []plan.Assignment, set bool, also func(field string, a *plan.Assignment)) {
	if len(all) > maxProperties {
		c.fail(id, field, "%s has %d properties, the limit is %d", lastOf(field), len(all), maxProperties)
		return
	}
	for i := range all {
		a, field := &all[i], fmt.Sprintf("%s[%d]", field, i)
		switch {
		case a.Expression != "" && (a.Value != nil || a.Date):
			c.fail(id, field, "a property has a value or an expression, not both")
		case a.Expression != "":
			c.expression(id, field+".expression", a.Expression, expression.Person)
		case a.Date:
			s, _ := a.Value.(string)
			if _, err := time.Parse(time.DateOnly, s); err != nil {
				c.fail(id, field+".value", "a date must be a day that exists, as YYYY-MM-DD, not %s", quoted(s))
			}
		default:
			c.value(id, field+".value", a.Value)
		}
		if (a.Create || a.Date) && !set {
			c.fail(id, field, "only set knows create and dates")
		}
		also(field, a)
	}
}

// value is a literal: what JSON has for text, numbers and the rest, and lists of those.
func (c *checker) value(id, field string, value any) {
	list, many := value.([]any)
	if !many {
		list = []any{value}
	}
	if len(list) > maxValues {
		c.fail(id, field, "the list has %d entries, the limit is %d", len(list), maxValues)
		return
	}
	for _, item := range list {
		switch item := item.(type) {
		case string:
			if count := utf8.RuneCountInString(item); count > maxValue {
				c.fail(id, field, "the text has %d characters, the limit is %d", count, maxValue)
			} else if !utf8.ValidString(item) || strings.ContainsRune(item, 0) {
				c.fail(id, field, "the text is not UTF-8, or contains a zero byte")
			}
		case float64:
			if !(math.Abs(item) < 1<<53) { // also when it is no number
				c.fail(id, field, "the number %v is too large", item)
			}
		case bool:
		default:
			c.fail(id, field, "a value must be text, a number, true, false or a list of them")
		}
	}
}

func (c *checker) track(id string, t *plan.Track) {
	c.line(id, "track.metric", t.Metric, maxName, true)
	c.expression(id, "track.value", t.Value, expression.Person)
	seen := map[string]bool{}
	c.assignments(id, "track.properties", t.Properties, false, func(field string, a *plan.Assignment) {
		c.line(id, field+".property", a.Property, maxName, true)
		switch {
		case strings.HasPrefix(a.Property, "$"):
			c.fail(id, field+".property", "a property's name must not begin with $")
		case seen[a.Property]:
			c.fail(id, field+".property", "property %s is there already", quoted(a.Property))
		}
		seen[a.Property] = true
	})
}
