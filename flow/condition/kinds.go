package condition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/parser"
)

// standard are the profile's own attributes. In an expression they stand before custom properties of their name.
var standard = []string{"id", "email", "phone_number", "external_id", "first_name", "last_name", "organization", "locale", "title",
	"image", "created", "updated"}

// frames of questions about history. What the API has besides cannot be asked here: in-the-next, because events
// to come do not count, and anniversaries.
var frames = []string{"alltime", "before", "after", "between-static", "in-the-last", "at-least", "between"}

func keyed(root, key string) string {
	if identifier(key) {
		if root == "#" {
			return "." + key
		}
		return root + "." + key
	}
	return root + "[" + strconv.Quote(key) + "]"
}

func identifier(key string) bool {
	for i, r := range key {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return key != ""
}

// property compares a property of the profile.
func (c *compiler) property(o *object) string {
	name := o.Text("property", true)
	path := ""
	if name != "" {
		var problem string
		if path, problem = personPath(name); problem != "" {
			o.Fail("property", "%s", problem)
		}
	}
	return c.compare(o.Object, subject{path: path})
}

// personPath reads "email", "location['city']" and "properties['Favorite Color']".
func personPath(name string) (path, problem string) {
	if slices.Contains(standard, name) {
		return "person." + name, ""
	}
	for _, of := range []string{"properties", "location"} {
		rest, ok := strings.CutPrefix(name, of+"[")
		if !ok {
			continue
		}
		key, ok := bracketed(rest)
		switch {
		case !ok || key == "":
			return "", fmt.Sprintf("The property must be written like %s['name'].", of)
		case of == "location":
			return keyed("person.location", key), ""
		case slices.Contains(standard, key) || key == "location":
			return "", fmt.Sprintf("A custom property cannot be named like the attribute %s; write %s for the attribute.", key, key)
		}
		return keyed("person", key), ""
	}
	return "", fmt.Sprintf("There is no attribute %q; a custom property is written properties['name'].", clip(name))
}

// bracketed reads what follows an opening bracket: a key in quotes, with backslashes before quotes and
// backslashes, and the closing bracket.
func bracketed(rest string) (string, bool) {
	if len(rest) < 3 || rest[0] != '\'' && rest[0] != '"' {
		return "", false
	}
	var key strings.Builder
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && i+1 < len(rest):
			i++
			key.WriteByte(rest[i])
		case rest[i] == rest[0]:
			return key.String(), rest[i+1:] == "]"
		default:
			key.WriteByte(rest[i])
		}
	}
	return "", false
}

// propertyName is the other way round.
func propertyName(keys []string) (string, bool) {
	quote := func(of, key string) string {
		return of + "['" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(key) + "']"
	}
	switch {
	case len(keys) == 1 && slices.Contains(standard, keys[0]):
		return keys[0], true
	case len(keys) == 1 && keys[0] != "location":
		return quote("properties", keys[0]), true
	case len(keys) == 2 && keys[0] == "location":
		return quote("location", keys[1]), true
	}
	return "", false
}

// field is a property of an event, by the API's name.
func field(root, name string) string {
	if name == "$value" {
		name = "value"
	}
	return keyed(root, name)
}

func fieldName(key string) string {
	if key == "value" {
		return "$value"
	}
	return key
}

func (c *compiler) eventProperty(o *object) string {
	if id := o.Text("metric_id", false); id != "" {
		if _, ok := c.names.Metric(id); !ok {
			o.Fail("metric_id", "There is no metric with the id %q.", clip(id))
		}
	}
	return c.compare(o.Object, subject{path: field("event", o.Text("field", true))})
}

// metric asks how often something happened, or what its values add up to.
func (c *compiler) metric(o *object) string {
	id := o.Text("metric_id", true)
	name, ok := c.names.Metric(id)
	if id != "" && !ok {
		o.Fail("metric_id", "There is no metric with the id %q.", clip(id))
	}
	measurement := o.Choice("measurement", "count", "sum")
	window := c.window(o.Object, true, append([]string{"flow-start"}, frames...)...)
	var filters []string
	given := o.List("metric_filters", false)
	if len(given) > MaxFilters {
		o.Fail("metric_filters", "At most %d filters on one event are allowed.", MaxFilters)
		given = nil
	}
	for i, raw := range given {
		f := c.Object(raw, fmt.Sprintf("%s/metric_filters/%d", o.Pointer, i), false)
		if f == nil {
			continue
		}
		filters = append(filters, c.compare(f, subject{path: field("#", f.Text("property", true)), past: true}))
		f.Done()
	}
	m := o.Object.Object("measurement_filter", true)
	if m == nil {
		return ""
	}
	m.Choice("type", "numeric")
	operator, value := m.Choice("operator", "equals", "not-equals", "greater-than", "greater-than-or-equal", "less-than", "less-than-or-equal"), m.Number("value")
	m.Done()

	arguments := strconv.Quote(name)
	if window != "" {
		arguments += ", " + window
	}
	if measurement == "count" && len(filters) == 0 && value == 0 && (operator == "equals" || operator == "greater-than") {
		return map[string]string{"equals": "not "}[operator] + "did(" + arguments + ")"
	}
	events := "events(" + arguments + ")"
	filter := strings.Join(filters, " and ")
	var asked string
	switch {
	case measurement == "count" && filter == "":
		asked = "count(" + events + ")"
	case measurement == "count":
		asked = "count(" + events + ", " + filter + ")"
	case filter == "":
		asked = "sum(" + events + ", .value)"
	default:
		asked = "sum(filter(" + events + ", " + filter + "), .value)"
	}
	return asked + " " + numbers[operator] + " " + number(value)
}

// membership asks about lists. Being a member of one of several is several alternatives.
func (c *compiler) membership(o *object) string {
	member := o.Flag("is_member")
	ids := o.Texts("group_ids")
	window := ""
	if member {
		window = c.window(o.Object, false, "before", "after", "between-static", "in-the-last", "at-least", "between")
	} else if o.Take("timeframe_filter", false) != nil {
		o.Fail("timeframe_filter", "timeframe_filter is for is_member true only.")
	}
	var all []string
	for i, id := range ids {
		name, ok := c.names.List(id)
		if !ok {
			c.fail(o.At("group_ids")+"/"+strconv.Itoa(i), "There is no list with the id %q; segments are not available yet.", clip(id))
		}
		call := "in_list(" + strconv.Quote(name)
		if window != "" {
			call += ", " + window
		}
		all = append(all, call+")")
	}
	switch {
	case len(all) == 0:
		return ""
	case member:
		o.also = all[1:]
		return all[0]
	case len(all) == 1:
		return "not " + all[0]
	}
	return "not (" + strings.Join(all, " or ") + ")"
}

// consent knows who can be mailed. How people consented is not stored yet.
func (c *compiler) consent(o *object) string {
	s := o.Object.Object("consent", true)
	if s == nil {
		return ""
	}
	channel := s.Choice("channel", "email", "sms", "push")
	can := s.Flag("can_receive_marketing")
	status := s.Object("consent_status", false)
	if status != nil {
		subscription := status.Choice("subscription", "any", "subscribed", "unsubscribed", "never_subscribed")
		if subscription != "" && subscription != "any" {
			status.Fail("subscription", "Who has subscribed is not stored yet; subscription can only be any.")
		}
		if filters := status.List("filters", false); len(filters) > 0 {
			status.Fail("filters", "How and when people consented is not stored yet; filters can only be null.")
		}
		status.Done()
	}
	if channel == "sms" || channel == "push" {
		s.Fail("channel", "Consent for %s is not stored yet; channel can only be email.", channel)
	}
	s.Done()
	if can {
		return `can_receive("email")`
	}
	return `not can_receive("email")`
}

func (c *compiler) region(o *object) string {
	return fmt.Sprintf(`in_region(person.location.country, %q) == %t`, o.Choice("region", "european_union", "united_states"), o.Flag("in_region"))
}

func (c *compiler) sample(o *object) string {
	percent := o.Number("percentage")
	if percent < 0 || percent > 100 {
		o.Fail("percentage", "percentage must be from 0 to 100.")
	}
	return "sample(" + number(percent) + ")"
}

func (c *compiler) notSent(o *object, channel string) string {
	if window := c.window(o.Object, true, "alltime", "in-the-last"); window != "" {
		return fmt.Sprintf("not sent(%q, %s)", channel, window)
	}
	return fmt.Sprintf("not sent(%q)", channel)
}

func (c *compiler) notInFlow(o *object) string {
	return "not entered_flow(" + c.window(o.Object, true, "alltime", "in-the-last") + ")"
}

// expression takes a condition in our own language.
func (c *compiler) expression(o *object) string {
	source := o.Text("expression", true)
	if source == "" {
		return ""
	}
	if _, err := parser.Parse(source); err != nil {
		problem, _, _ := strings.Cut(err.Error(), "\n")
		o.Fail("expression", "This is not an expression: %s.", problem)
		return ""
	}
	if comments(source) {
		o.Fail("expression", "An expression must not have comments here.")
		return ""
	}
	c.verbatim = true
	all := split(source, "or")
	o.also = all[1:]
	return all[0]
}
