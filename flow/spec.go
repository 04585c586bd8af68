package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

// Spec describes a kind of step or trigger: what people may write, and what it means. Lint reads it; reference
// pages, JSON Schema and completion are derived from it.
type Spec struct {
	Kind    string
	Summary string
	Value   string  // what may stand after the kind instead of a mapping, in words; "" is nothing but the mapping
	Type    string  // the type of Value, a name of Types
	Bare    bool    // the kind may stand without a value
	Many    bool    // after the kind stands a list of Min to Max mappings with Fields
	Min     int     // with Many
	Max     int     // with Many
	Fields  []Field // in the mapping after the kind
	Beside  []Field // next to the kind
	Link    bool    // the step is a link only: no key of StepFields stands next to it
	Later   string  // why a flow with it cannot go live yet; "" is a kind that can
	Example string
	words   []string // what people may have in mind instead of Kind
}

// Live says whether a flow with a step or trigger of this kind can go live.
func (s Spec) Live() bool { return s.Later == "" }

// Field describes a key.
type Field struct {
	Name     string
	Type     string // a name of Types
	Summary  string
	Required bool
	Instead  string // a key that may stand instead of this one, never beside it
	Default  string
	Example  string
	Values   []string // of type word: the words; of others: words that may stand instead
	List     List     // how many values the key takes
	Max      int      // the longest list
	Fields   []Field  // of type mapping: its keys
}

// List says whether a key takes one value or a list of them.
type List int

// How many values a key takes. Lists are of the Field's Type.
const (
	One     List = iota
	OrMore       // one value, or a list
	Several      // a list
)

// Type is a name that Field.Type and Spec.Type may have, and what it stands for.
type Type struct {
	Name    string
	Summary string
}

// Types of values.
func Types() []Type {
	return []Type{
		{"text", "Text in one line."},
		{"liquid", "Text with Liquid in it, over any number of lines."},
		{"id", "A name made of a-z, 0-9, - and _ that begins with a letter or a digit."},
		{"word", "One of a few words."},
		{"boolean", "true or false."},
		{"number", "A number."},
		{"whole number", "A number without a fraction."},
		{"expression", "An expression."},
		{"duration", "A length of time: 30m, 2h, 1d, 1w or 1h30m. A day is 24 hours."},
		{"calendar", "A number of days (3d), weeks (2w) or months (1mo)."},
		{"time", "A time of day from 00:00 to 23:59, in quotes."},
		{"moment", "A date and time with zone, as in RFC 3339."},
		{"zone", "person, or a name of the IANA time zone data base."},
		{"weekday", "A day of the week, monday to sunday."},
		{"property", "A custom property of the person, as person.birthday."},
		{"metric", "A metric's name."},
		{"list", "A list's name or id."},
		{"segment", "A segment's name or id."},
		{"template", "The name of a file in definitions/templates, without .liquid."},
		{"address", "An email address."},
		{"url", "A URL."},
		{"steps", "A list of steps; [] is none."},
		{"triggers", "Triggers."},
		{"mapping", "A mapping with the keys that the field lists."},
		{"texts", "A mapping of names to texts."},
		{"values", "A mapping of names to values: text, a number, true, false, a list of them, {expr: expression}, " +
			"{create: value} (only where there is none) or {date: \"2026-05-01\"}."},
		{"amounts", "A mapping of names to numbers or {expr: expression}."},
		{"items", "A mapping of names to a text, a number, true, false or {expr: expression}."},
		{"data", "A mapping of names to text, a number, true, false, a list of them, or {expr: expression}."},
	}
}

// FlowFields are the keys of a flow.
func FlowFields() []Field {
	return []Field{
		{Name: "flow", Type: "id", Required: true, Summary: "The flow's id, unique, for ever.", Example: "abandoned-cart"},
		{Name: "name", Type: "text", Summary: "What people see.", Default: "the id", Example: "Abandoned cart"},
		{Name: "status", Type: "word", Values: statuses, Default: plan.Draft, Summary: "Only a live or manual flow lets people enter. " +
			"In a manual flow, messages wait for somebody to approve them."},
		{Name: "trigger", Type: "triggers", Required: true, Instead: "triggers", Summary: "What makes a person enter.", Example: "{metric: Added to Cart}"},
		{Name: "triggers", Type: "triggers", List: Several, Max: maxTriggers, Instead: "trigger", Example: "[{metric: Added to Cart}, {list: Newsletter}]",
			Summary: "Several of them: any makes a person enter. At most one of them is a date."},
		{Name: "filter", Type: "expression", Summary: "Who may enter, asked at entry and again before every action.",
			Example: `not did("Placed Order", since_start)`},
		{Name: "exit_on", Type: "mapping", List: OrMore, Max: maxWatches, Fields: watchFields, Example: "{metric: Placed Order}",
			Summary: "What makes a person leave at once, also in the middle of a wait."},
		{Name: "reentry", Type: "duration", Values: []string{plan.Always, plan.Never}, Default: "never if every trigger is a list or a segment, else always", Example: "7d",
			Summary: "Whether somebody who entered before may enter again, or after how long."},
		capField(true), quietHoursField(true),
		{Name: "steps", Type: "steps", Required: true, Summary: "What happens, in order."},
	}
}

// StepFields are the keys that every step may have.
func StepFields() []Field {
	return []Field{
		{Name: "id", Type: "id", Default: "kind and number", Summary: "Names the step in statistics, also after edits, and for continue.", Example: "first-reminder"},
		{Name: "name", Type: "text", Default: "the id", Summary: "What people see.", Example: "First reminder"},
		{Name: "status", Type: "word", Values: statuses, Default: plan.Live,
			Summary: "A draft step is passed over. The message of a manual step waits for somebody to approve it."},
		{Name: "filter", Type: "expression", Summary: "The step is passed over unless this is true when it is due.",
			Example: `person.vip == true`},
		{Name: "on_failure", Type: "word", Values: failures, Default: goOn,
			Summary: "What a run does when the step failed for good: it goes on below, or the person leaves."},
	}
}

// statuses of flows and steps, in the order in which they come.
var statuses = []string{plan.Draft, plan.Manual, plan.Live}

// check is what a mapping may contain.
type check struct {
	what   string  // "a flow", "step wait"
	fields []Field // allowed keys
	hints  map[string]string
}

// fields reads a mapping's keys. It reports every key that is unknown, every one that is required and missing, and
// those that exclude each other, and returns the others.
func (r *reader) fields(n *node, c check) map[string]*node {
	found := make(map[string]*node, len(n.entries))
	misspelt := map[string]bool{}
	for _, e := range n.entries {
		name := e.key.text
		switch {
		case slices.ContainsFunc(c.fields, func(f Field) bool { return f.Name == name }):
			found[name] = e.value
		case c.hints[name] != "":
			r.fail(e.key, c.hints[name], "unknown key %s in %s", quoted(name), c.what)
		default:
			misspelt[r.unknown(e.key, names(c.fields), c.what)] = true
		}
	}
	for _, f := range c.fields {
		_, there := found[f.Name]
		other, instead := found[f.Instead]
		switch {
		case there && instead && f.Required:
			r.fail(other, "", "%s has %s already: one of the two is enough", c.what, f.Name)
		case there || instead || !f.Required || misspelt[f.Name]:
		default:
			hint := ""
			if f.Example != "" {
				hint = fmt.Sprintf("for example %s: %s", f.Name, f.Example)
			}
			r.fail(n, hint, "%s needs %s", c.what, f.Name)
		}
	}
	return found
}

// unknown reports a key, and gives the one that was probably meant, or "".
func (r *reader) unknown(key *node, known []string, where string) string {
	near := nearest(key.text, known)
	if near != "" {
		r.fail(key, "", "unknown key %s in %s: did you mean %s?", quoted(key.text), where, near)
	} else {
		r.fail(key, "possible: "+strings.Join(known, ", "), "unknown key %s in %s", quoted(key.text), where)
	}
	return near
}

func names(fields []Field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return all
}

// suggestion is a hint at the word that was meant, or "".
func suggestion(word string, known []string) string {
	if near := nearest(strings.ToLower(word), known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return ""
}

// oneOf lists words: "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// nearest finds the word that was most likely meant, or "": the fewest edits, at most one in three letters
// and four.
func nearest(word string, known []string) string {
	best, fewest := "", min(max(len(word)/3, 1), 4)+1
	for _, candidate := range known {
		if edits := distance(word, candidate); edits < fewest && edits < len(word) {
			best, fewest = candidate, edits
		}
	}
	return best
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	const most = 40
	if len(a) > most || len(b) > most {
		return most
	}
	var before, row, next [most + 1]int
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			replace := row[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			next[j] = min(row[j]+1, next[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
