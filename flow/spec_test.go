package flow

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// among are the keys without which an example of a field makes no sense, by kind and field, beside required ones.
var among = map[string]string{
	"wait.timezone": `until: "09:00"`, "wait.before": "until: date", "wait.after": "until: date", "wait.at": "until: date",
	"wait_for.timeout": "metric: A", "wait_for.filter": "metric: A",
	"experiment.metric": "winner: conversions",
	"alert.to":          "template: a", "alert.from": "template: a", "alert.from_name": "template: a", "alert.subject": "template: a",
	"alert.body":           "subject: Hello",
	"price_drop.currency":  "amount: 5",
	"price_drop.amount":    "currency: USD",
	"back_in_stock.x":      "",
	"low_inventory.filter": "",
}

// example writes a mapping in which the field is, with all that it needs.
func example(kind string, fields []Field, field Field) string {
	keys := []string{field.Name + ": " + sample(field)}
	extra := among[kind+"."+field.Name]
	if extra != "" {
		keys = append(keys, extra)
	}
	for _, other := range fields {
		if other.Required && other.Name != field.Name && !strings.HasPrefix(extra, other.Name+":") {
			keys = append(keys, other.Name+": "+sample(other))
		}
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

func sample(f Field) string {
	if f.Example == "" && len(f.Values) > 0 {
		return f.Values[0]
	}
	return f.Example
}

func TestExamplesInSpecsAreValid(t *testing.T) {
	t.Parallel()
	const head = "flow: x\ntrigger: {date: person.birthday}\nsteps:\n"
	for _, spec := range Steps() {
		after := ""
		if spec.Link {
			after = "\n  - {email: b, id: " + spec.Example[strings.Index(spec.Example, ": ")+2:] + "}"
			mustParse(t, head+"  - if: now > now\n    then:\n      - "+spec.Example+after+"\n")
			continue
		}
		written := "  - " + strings.ReplaceAll(strings.TrimSpace(spec.Example), "\n", "\n    ")
		mustParse(t, head+written+"\n")
		if spec.Many {
			continue
		}
		for _, field := range spec.Fields {
			mustParse(t, fmt.Sprintf("%s  - %s: %s\n", head, spec.Kind, example(spec.Kind, spec.Fields, field)))
		}
		for _, field := range slices.Concat(StepFields(), spec.Beside) {
			if _, there, _ := strings.Cut(spec.Example, "\n"); !strings.Contains("\n"+there, "\n"+field.Name+":") && field.Name != "then" && field.Name != "elif" {
				mustParse(t, head+written+"\n    "+field.Name+": "+sample(field)+"\n")
			}
		}
	}
	for _, spec := range Triggers() {
		const steps = "flow: x\nsteps: [{email: a}]\n"
		mustParse(t, steps+spec.Example)
		for _, field := range spec.Fields {
			mustParse(t, fmt.Sprintf("%strigger: {%s: %s}\n", steps, spec.Kind, example(spec.Kind, spec.Fields, field)))
		}
		value := map[string]string{"date": "person.birthday", "price_drop": "{percent: 5}", "low_inventory": "{count: 5}"}[spec.Kind]
		if value == "" {
			value = "A"
		}
		for _, field := range spec.Beside {
			mustParse(t, fmt.Sprintf("%strigger:\n  %s: %s\n  %s: %s\n", steps, spec.Kind, value, field.Name, sample(field)))
		}
	}
	for _, field := range FlowFields() {
		source := map[string]string{"flow": "flow: x\n", "trigger": "trigger: {metric: A}\n", "steps": "steps: [{email: a}]\n"}
		if field.Name != "steps" {
			source[field.Name] = field.Name + ": " + sample(field) + "\n"
		}
		if field.Name == "triggers" {
			delete(source, "trigger")
		}
		all := ""
		for _, line := range source {
			all += line
		}
		mustParse(t, all)
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	t.Parallel()
	types := map[string]bool{}
	for _, kind := range Types() {
		types[kind.Name] = kind.Summary != ""
	}
	var look func(where string, fields []Field)
	look = func(where string, fields []Field) {
		for _, f := range fields {
			where := where + "." + f.Name
			if !types[f.Type] {
				t.Errorf("%s has the type %q, which is not among Types", where, f.Type)
			}
			if f.Summary == "" || f.Example == "" && len(f.Values) == 0 && f.Type != "steps" {
				t.Errorf("%s lacks a summary or an example", where)
			}
			if (f.Type == "mapping") != (len(f.Fields) > 0) {
				t.Errorf("%s has the type %s and %d fields", where, f.Type, len(f.Fields))
			}
			if (f.List == One) != (f.Max == 0) {
				t.Errorf("%s has no bound, or one for nothing", where)
			}
			look(where, f.Fields)
		}
	}
	look("flow", FlowFields())
	look("step", StepFields())
	for _, spec := range slices.Concat(Steps(), Triggers()) {
		look(spec.Kind, spec.Fields)
		look(spec.Kind, spec.Beside)
		if spec.Summary == "" || spec.Example == "" || (spec.Value == "") != (spec.Type == "") || spec.Type != "" && !types[spec.Type] {
			t.Errorf("%s is not described: %+v", spec.Kind, spec)
		}
		if spec.Many != (spec.Max > 0) {
			t.Errorf("%s has no bound, or one for nothing", spec.Kind)
		}
	}
	later := map[string]bool{}
	for _, spec := range slices.Concat(Steps(), Triggers()) {
		if !spec.Live() {
			later[spec.Kind] = true
		}
	}
	if want := "back_in_stock experiment low_inventory price_drop push segment sms"; strings.Join(sortedKeys(later), " ") != want {
		t.Errorf("kinds that cannot go live: %v", later)
	}
}

func sortedKeys(m map[string]bool) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
