package flow

import (
	"fmt"
	"slices"
	"strings"
)

// Spec describes a kind of step or trigger: what people may write, and what it means. Lint reads it; reference
// pages, JSON Schema and completion can be derived from it.
type Spec struct {
	Kind    string
	Summary string
	Value   string  // what may stand after the kind instead of a mapping
	Fields  []Field // in the mapping after the kind
	Beside  []Field // next to the kind
	Example string
	words   []string // what people may have in mind instead of Kind
}

// Field describes a key.
type Field struct {
	Name     string
	Type     string // expression, duration, time, zone, id, text, steps …
	Summary  string
	Required bool
	Default  string
	Example  string
	Values   []string // if it is one of a few words
}

// FlowFields are the keys of a flow.
func FlowFields() []Field {
	return []Field{
		{Name: "flow", Type: "id", Required: true, Summary: "The flow's id, unique, for ever.", Example: "abandoned-cart"},
		{Name: "name", Type: "text", Summary: "What people see.", Default: "the id", Example: "Abandoned cart"},
		{Name: "status", Type: "word", Values: []string{"draft", "live"}, Default: "draft",
			Summary: "Only a live flow lets people enter."},
		{Name: "trigger", Type: "trigger", Required: true, Summary: "What makes a person enter.", Example: "{metric: Added to Cart}"},
		{Name: "filter", Type: "expression", Summary: "Who may enter, asked at entry and again before every action.",
			Example: `not did("Placed Order", since_start)`},
		{Name: "reentry", Type: "always, never or duration", Default: "never with a list, else always", Example: "7d",
			Summary: "Whether somebody who entered before may enter again, or after how long."},
		{Name: "steps", Type: "steps", Required: true, Summary: "What happens, in order."},
	}
}

// StepFields are the keys that every step may have.
func StepFields() []Field {
	return []Field{
		{Name: "id", Type: "id", Default: "kind and number", Summary: "Names the step in statistics, also after edits.", Example: "first-reminder"},
		{Name: "name", Type: "text", Default: "the id", Summary: "What people see.", Example: "First reminder"},
		{Name: "status", Type: "word", Values: []string{"draft", "live"}, Default: "live",
			Summary: "A draft step is passed over."},
		{Name: "filter", Type: "expression", Summary: "The step is passed over unless this is true when it is due.",
			Example: `person.vip == true`},
	}
}

// Keys that the language will have and this version does not.
var (
	laterFlowFields = []string{"exit_on", "cap", "quiet_hours"}
	laterStepFields = []string{"cap", "quiet_hours"}
)

// check is what a mapping may contain.
type check struct {
	what   string   // "a flow", "step wait"
	fields []Field  // allowed keys
	later  []string // not available yet
	hints  map[string]string
}

// fields reads a mapping's keys. It reports every key that is unknown or not available yet, and every one that is
// required and missing, and returns the others.
func (r *reader) fields(n *node, c check) map[string]*node {
	found := make(map[string]*node, len(n.entries))
	misspelt := map[string]bool{}
	for _, e := range n.entries {
		name := e.key.text
		switch {
		case slices.ContainsFunc(c.fields, func(f Field) bool { return f.Name == name }):
			found[name] = e.value
		case slices.Contains(c.later, name):
			r.fail(e.key, "", "%s is not available yet", name)
		case c.hints[name] != "":
			r.fail(e.key, c.hints[name], "unknown key %s in %s", quoted(name), c.what)
		default:
			misspelt[r.unknown(e.key, names(c.fields), c.what)] = true
		}
	}
	for _, f := range c.fields {
		if _, ok := found[f.Name]; !ok && f.Required && !misspelt[f.Name] {
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
