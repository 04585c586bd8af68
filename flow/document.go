package flow

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Document is a YAML or JSON file that is no flow and is read as strictly as one: the same limits, the same
// refusal of anchors and tags, and problems with file, line and column. Reading goes on after a problem.
type Document struct {
	r    *reader
	root *node
}

// NewDocument parses data. file is for the problems only. A file that cannot be parsed has problems and an empty
// Root.
func NewDocument(file string, data []byte) *Document {
	r, root := newReader(file, data)
	if root == nil {
		root = &node{shape: unreadable, line: 1, column: 1}
	}
	return &Document{r: r, root: root}
}

// Root is the whole document.
func (d *Document) Root() Value { return Value{d.r, d.root} }

// Problems are those found so far, sorted by place.
func (d *Document) Problems() Problems {
	d.r.problems.Sort()
	return d.r.problems
}

// Value is a place in a Document. Its methods report what is wrong there and return something to go on with.
type Value struct {
	r *reader
	n *node
}

// Given says whether there is anything at the place.
func (v Value) Given() bool { return v.n != nil }

// Scalar says whether it is a text, a number, true or false.
func (v Value) Scalar() bool {
	return v.Given() && (v.n.shape == text || v.n.shape == number || v.n.shape == oddNumber || v.n.shape == boolean)
}

// Place is the line and the column where the value begins.
func (v Value) Place() (line, column int) { return v.n.line, v.n.column }

// Fail reports an error at the value.
func (v Value) Fail(hint, format string, args ...any) { v.r.fail(v.n, hint, format, args...) }

// Problem is about the place, for those who find it later.
func (v Value) Problem(message string) Problem {
	return Problem{File: v.r.file, Line: v.n.line, Column: v.n.column, Message: message, Source: v.r.shown(v.n.line)}
}

// Fields reads a mapping with these keys and no others. what names it in problems.
func (v Value) Fields(what string, fields ...Field) map[string]Value {
	found := map[string]Value{}
	if v.n.shape == unreadable {
		return found
	}
	if v.n.shape != mapping {
		v.Fail("", "%s must be a mapping, not %s", what, v.n.shape)
		return found
	}
	for name, n := range v.r.fields(v.n, check{what: what, fields: fields}) {
		found[name] = Value{v.r, n}
	}
	return found
}

// Entry is a key of a mapping with its value.
type Entry struct {
	Name  string
	Key   Value
	Value Value
}

// Entries reads a mapping with at most so many keys of any name, in the order in which they are written.
func (v Value) Entries(what string, most int) []Entry {
	switch {
	case v.n.shape == unreadable:
		return nil
	case v.n.shape != mapping:
		v.Fail("", "%s must be a mapping, not %s", what, v.n.shape)
		return nil
	case len(v.n.entries) > most:
		v.Fail("", "%s has %d entries, the limit is %d", what, len(v.n.entries), most)
		return nil
	}
	all := make([]Entry, len(v.n.entries))
	for i, e := range v.n.entries {
		all[i] = Entry{Name: e.key.text, Key: Value{v.r, e.key}, Value: Value{v.r, e.value}}
	}
	return all
}

// Items reads a list of at most so many.
func (v Value) Items(what string, most int) []Value {
	switch {
	case v.n.shape == unreadable:
		return nil
	case v.n.shape != list:
		v.Fail("", "%s must be a list, not %s", what, v.n.shape)
		return nil
	case len(v.n.items) > most:
		v.Fail("", "%s has %d entries, the limit is %d", what, len(v.n.items), most)
		return nil
	}
	all := make([]Value, len(v.n.items))
	for i, n := range v.n.items {
		all[i] = Value{v.r, n}
	}
	return all
}

// Text reads text in one line, of at most so many characters.
func (v Value) Text(what string, most int) string { return v.r.string(v.n, what, most) }

// Passage reads text that may have several lines, of at most so many characters.
func (v Value) Passage(what string, most int) string {
	switch {
	case v.n.shape == unreadable:
		return ""
	case v.n.shape == mapping || v.n.shape == list || v.n.shape == nothing:
		v.Fail("", "%s must be text, not %s", what, v.n.shape)
		return ""
	case utf8.RuneCountInString(v.n.text) > most:
		v.Fail("", "%s has more than %d characters", what, most)
		return ""
	}
	return v.n.text
}

// Choice reads one of several words.
func (v Value) Choice(what string, values ...string) string { return v.r.choice(v.n, what, values...) }

// Number reads a number as it is written.
func (v Value) Number(what string) string {
	if v.n.shape != number {
		if v.n.shape != unreadable {
			v.Fail("", "%s must be a number, not %s", what, shownAs(v.n))
		}
		return ""
	}
	return v.n.text
}

// Moment reads a time: ISO 8601 with its zone, or a duration such as 30m, 2d or -3d from start on.
func (v Value) Moment(what string, start time.Time) time.Time {
	const hint = "for example 1h30m, -3d or 2026-03-02T10:00:00Z"
	if v.n.shape == unreadable {
		return start
	}
	written := v.n.text
	if v.n.shape == text {
		if t, err := time.Parse(time.RFC3339, written); err == nil {
			return t.UTC()
		}
	}
	if v.n.shape == number && written == "0" {
		return start
	}
	short, back := strings.CutPrefix(written, "-")
	s, ok := parseSpan(short)
	if v.n.shape != text || !ok || s.months > 0 || s.length() > maxMoment {
		v.Fail(hint, "%s must be a time or a duration of at most 20 years, not %s", what, shownAs(v.n))
		return start
	}
	if back {
		return start.Add(-s.length())
	}
	return start.Add(s.length())
}

// Duration reads a length of time; a day is 24 hours.
func (v Value) Duration(what string) time.Duration {
	s, _ := v.r.duration(v.n, what)
	return s.length()
}

const maxMoment = 20 * 366 * 24 * time.Hour

func shownAs(n *node) string {
	if n.text == "" {
		return n.shape.String()
	}
	return quoted(n.text)
}

// Data gives the value as encoding/json would: map[string]any, []any, string, float64, bool or nil.
func (v Value) Data() any { return v.r.data(v.n) }

func (r *reader) data(n *node) any {
	switch n.shape {
	case mapping:
		values := make(map[string]any, len(n.entries))
		for _, e := range n.entries {
			values[e.key.text] = r.data(e.value)
		}
		return values
	case list:
		values := make([]any, len(n.items))
		for i, item := range n.items {
			values[i] = r.data(item)
		}
		return values
	case text:
		return n.text
	case boolean:
		return strings.EqualFold(n.text, "true")
	case number:
		f, err := strconv.ParseFloat(n.text, 64)
		if err != nil {
			r.fail(n, "", "the number %s is too large", quoted(n.text))
		}
		return f
	case oddNumber:
		r.fail(n, "write a decimal number, or put it in quotes to keep it as text", "%s could be a number or text", quoted(n.text))
	}
	return nil
}

// String describes the value in a few words.
func (v Value) String() string {
	if !v.Given() {
		return "nothing"
	}
	return fmt.Sprint(shownAs(v.n))
}
