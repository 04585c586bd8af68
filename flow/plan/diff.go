package plan

import (
	"fmt"
	"reflect"
	"strings"
)

// Diff says in words what is different in the plan b, a line per change: "+ step x (email)", "- step y (wait)",
// "~ step z: email.template", "~ filter". Nothing in it means that a run would not notice.
func Diff(a, b *Plan) []string {
	var lines []string
	change := func(what string, x, y any) {
		if !reflect.DeepEqual(x, y) {
			lines = append(lines, "~ "+what)
		}
	}
	change("name", a.Name, b.Name)
	change("triggers", a.Triggers, b.Triggers)
	change("filter", a.Filter, b.Filter)
	change("exit_on", a.ExitOn, b.ExitOn)
	change("reentry", a.Reentry, b.Reentry)
	change("cap", a.Cap, b.Cap)
	change("quiet_hours", a.QuietHours, b.QuietHours)
	change("the first step", a.Entry, b.Entry)
	for i := range a.Steps {
		if old := &a.Steps[i]; b.Step(old.ID) == nil {
			lines = append(lines, fmt.Sprintf("- step %s (%s)", old.ID, old.Kind))
		}
	}
	for i := range b.Steps {
		step := &b.Steps[i]
		old := a.Step(step.ID)
		if old == nil {
			lines = append(lines, fmt.Sprintf("+ step %s (%s)", step.ID, step.Kind))
			continue
		}
		if parts := stepDiff(old, step); len(parts) > 0 {
			lines = append(lines, fmt.Sprintf("~ step %s: %s", step.ID, strings.Join(parts, ", ")))
		}
	}
	return lines
}

// stepDiff names the fields in which two steps differ.
func stepDiff(a, b *Step) []string {
	var parts []string
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range x.NumField() {
		if reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			continue
		}
		name, _, _ := strings.Cut(x.Type().Field(i).Tag.Get("json"), ",")
		if name == "next" {
			name = "what follows"
		}
		parts = append(parts, name)
	}
	return parts
}

// Places maps every step of a, and the place before the first, to where a run that waits there goes on in b: the
// step of the same id, or what by says instead. Steps of by that b does not have are in unknown.
func Places(a, b *Plan, by map[string]string) (places map[string]string, unknown []string) {
	places = map[string]string{"": ""}
	for i := range a.Steps {
		id := a.Steps[i].ID
		to, chosen := by[id]
		if !chosen {
			to = id
		}
		if b.Step(to) != nil {
			places[id] = to
		} else if chosen {
			unknown = append(unknown, to)
		}
	}
	for id := range by {
		if a.Step(id) == nil {
			unknown = append(unknown, id)
		}
	}
	return places, unknown
}
