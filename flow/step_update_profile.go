package flow

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// Limits on one update_profile.
const (
	maxProperties = 100
	maxValue      = 10_000 // characters of a text
	maxValues     = 100    // of a list
)

var updateFields = []Field{
	{Name: "set", Type: "mapping", Example: "{vip: true, last_cart: {expr: event.value}}",
		Summary: "Properties and their new values: text, number, true, false, a list of them, or {expr: expression}."},
	{Name: "increment", Type: "mapping", Example: "{carts: 1}", Summary: "Properties and numbers to add to them; a missing one counts as 0."},
	{Name: "unset", Type: "list", Example: "[vip]", Summary: "Properties to remove."},
}

var updateProfileStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindUpdateProfile,
		Summary: "Changes custom properties of the person.",
		Fields:  updateFields,
		Example: "update_profile:\n  set: {vip: true}\n",
		words:   []string{"update", "set", "set_property", "profile", "increment", "unset"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.UpdateProfile = &plan.UpdateProfile{}
		if value.shape != mapping {
			if value.shape != unreadable {
				r.fail(value, "for example set: {vip: true}", "update_profile must be a mapping with set, increment or unset, not %s", value.shape)
			}
			return
		}
		u := update{r, s.UpdateProfile, map[string]int{}}
		u.read(value)
	},
}

// update reads one update_profile.
type update struct {
	*steps
	plan *plan.UpdateProfile
	seen map[string]int // property → line
}

func (r *update) read(n *node) {
	found := r.fields(n, check{what: "update_profile", fields: updateFields})
	if len(n.entries) == 0 {
		r.fail(n, "", "update_profile needs set, increment or unset")
	}
	if set := found["set"]; set != nil {
		r.plan.Set = r.assignments(set, "set", r.value)
	}
	if increment := found["increment"]; increment != nil {
		r.plan.Increment = r.assignments(increment, "increment", r.amount)
	}
	if unset := found["unset"]; unset != nil {
		r.plan.Unset = r.strings(unset, "unset", maxProperties, r.property)
		if unset.shape == list && len(unset.items) == 0 {
			r.fail(unset, "", "unset names no property")
		}
	}
}

func (r *update) assignments(n *node, what string, read func(n *node, a *plan.Assignment)) []plan.Assignment {
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
		a := plan.Assignment{Property: r.property(&key)}
		read(e.value, &a)
		all = append(all, a)
	}
	return all
}

// property reads a custom property's name.
func (r *update) property(n *node) string {
	s := r.string(n, "a property's name", maxName)
	if s == "" {
		return ""
	}
	if standardAttribute(s) {
		r.fail(n, "custom properties are possible: any other name", "%s is not a custom property; update_profile cannot change it", s)
		return ""
	}
	if line := r.seen[s]; line != 0 {
		r.fail(n, "", "property %s is changed already, on line %d", quoted(s), line)
		return ""
	}
	r.seen[s] = n.line
	return s
}

// value reads what a property is set to.
func (r *update) value(n *node, a *plan.Assignment) {
	switch n.shape {
	case mapping:
		a.Expression = r.computed(n)
	case list:
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
	default:
		a.Value, _ = r.literal(n)
	}
}

// amount reads what is added to a property.
func (r *update) amount(n *node, a *plan.Assignment) {
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

// computed reads {expr: expression}.
func (r *update) computed(n *node) string {
	found := r.fields(n, check{what: "a computed value", fields: []Field{
		{Name: "expr", Type: "expression", Required: true, Example: "event.value"}}})
	if found["expr"] == nil {
		return ""
	}
	s, _ := r.expression(found["expr"], "expr", expression.Person)
	return s
}

// literal reads a text, a number, true or false.
func (r *update) literal(n *node) (any, bool) {
	switch n.shape {
	case text:
		if count := utf8.RuneCountInString(n.text); count > maxValue {
			r.fail(n, "", "the text has %d characters, the limit is %d", count, maxValue)
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

var standardAttributes = []string{
	"id", "email", "phone_number", "external_id", "anonymous_id", "first_name", "last_name", "organization", "locale",
	"title", "image", "location", "created", "updated", "last_event_date", "properties", "subscriptions",
	"predictive_analytics",
}

// standardAttribute says whether a name belongs to what every profile has, and so is not a custom property.
func standardAttribute(name string) bool {
	return strings.HasPrefix(name, "$") || slices.Contains(standardAttributes, name)
}
