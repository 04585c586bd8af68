package flow

import (
	"slices"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

// Limits on one update_profile.
const (
	maxProperties = 100
	maxValue      = 10_000 // characters of a text
	maxValues     = 100    // of a list
)

var updateFields = []Field{
	{Name: "set", Type: "values", Example: "{vip: true, last_cart: {expr: event.value}, first_seen: {create: {date: \"2026-05-01\"}}}",
		Summary: "Properties and their new values."},
	{Name: "increment", Type: "amounts", Example: "{carts: 1}", Summary: "Properties and numbers to add to them; a missing one counts as 0."},
	{Name: "append", Type: "items", Example: "{interests: shoes}", Summary: "Properties that are lists, and a value to add to each unless it is in it."},
	{Name: "remove", Type: "items", Example: "{interests: hats}", Summary: "Properties that are lists, and a value to take out of each."},
	{Name: "unset", Type: "text", List: OrMore, Max: maxProperties, Example: "[vip]", Summary: "Properties to remove."},
}

var updateProfileStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindUpdateProfile,
		Summary: "Changes custom properties of the person, in the order set, increment, append, remove, unset.",
		Fields:  updateFields,
		Example: "update_profile:\n  set: {vip: true}\n",
		words:   []string{"update", "set", "set_property", "profile", "increment", "unset", "append"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.UpdateProfile = &plan.UpdateProfile{}
		if value.shape != mapping {
			if value.shape != unreadable {
				r.fail(value, "for example set: {vip: true}", "update_profile must be a mapping with set, increment, append, remove or unset, not %s", value.shape)
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
		r.fail(n, "", "update_profile needs set, increment, append, remove or unset")
	}
	for _, part := range []struct {
		name string
		to   *[]plan.Assignment
		read func(n *node, a *plan.Assignment)
	}{
		{"set", &r.plan.Set, r.value}, {"increment", &r.plan.Increment, r.amount},
		{"append", &r.plan.Append, r.item}, {"remove", &r.plan.Remove, r.item},
	} {
		if n := found[part.name]; n != nil {
			*part.to = r.assignments(n, part.name, r.property, part.read)
		}
	}
	if unset := found["unset"]; unset != nil {
		r.plan.Unset = r.strings(unset, "unset", maxProperties, r.property)
		if unset.shape == list && len(unset.items) == 0 {
			r.fail(unset, "", "unset names no property")
		}
	}
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

var standardAttributes = []string{
	"id", "email", "phone_number", "external_id", "anonymous_id", "first_name", "last_name", "organization", "locale",
	"title", "image", "location", "created", "updated", "last_event_date", "properties", "subscriptions",
	"predictive_analytics",
}

// standardAttribute says whether a name belongs to what every profile has, and so is not a custom property.
func standardAttribute(name string) bool {
	return strings.HasPrefix(name, "$") || slices.Contains(standardAttributes, name)
}
