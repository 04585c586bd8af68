// Package member reads JSON objects member by member and gathers what is wrong, each with a pointer to it. Members
// that nobody took are reported as unknown.
package member

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Problem is something that is wrong in a body.
type Problem struct {
	Pointer string // into the JSON, RFC 6901
	Message string // a sentence
}

func (p Problem) Error() string { return p.Pointer + ": " + p.Message }

// Problems are all that were found.
type Problems []Problem

func (p Problems) Error() string {
	all := make([]string, len(p))
	for i := range p {
		all[i] = p[i].Error()
	}
	return strings.Join(all, "; ")
}

// maxProblems is how many problems are listed.
const maxProblems = 50

// Reader gathers the problems of one body.
type Reader struct {
	Problems Problems
}

// Fail notes a problem.
func (r *Reader) Fail(pointer, format string, args ...any) {
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, Problem{pointer, fmt.Sprintf(format, args...)})
	}
}

// Object is a JSON object whose members are taken out one by one; Done reports the rest.
type Object struct {
	Pointer string
	Failed  bool // something in it was wrong

	r       *Reader
	members map[string]json.RawMessage
	known   []string
}

// Object reads a value as an object. Null gives nil, and is reported unless it is optional.
func (r *Reader) Object(raw json.RawMessage, pointer string, optional bool) *Object {
	trimmed := bytes.TrimSpace(raw)
	if len(trimmed) == 0 || string(trimmed) == "null" {
		if !optional {
			r.Fail(pointer, "Expected an object, found null.")
		}
		return nil
	}
	o := &Object{r: r, Pointer: pointer}
	if trimmed[0] != '{' || json.Unmarshal(trimmed, &o.members) != nil {
		r.Fail(pointer, "Expected an object.")
		return nil
	}
	return o
}

// Escape writes a name as a part of a pointer.
func Escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

// At is the pointer of a member.
func (o *Object) At(name string) string {
	return o.Pointer + "/" + Escape(name)
}

// Take removes a member; absent and null give nil.
func (o *Object) Take(name string, required bool) json.RawMessage {
	o.known = append(o.known, name)
	raw := o.members[name]
	delete(o.members, name)
	if len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		if required {
			o.Fail(name, "%s is required.", name)
		}
		return nil
	}
	return raw
}

// Fail notes a problem with a member.
func (o *Object) Fail(name, format string, args ...any) {
	o.Failed = true
	o.r.Fail(o.At(name), format, args...)
}

func take[T any](o *Object, name string, required bool, what string) (value T, given bool) {
	raw := o.Take(name, required)
	if raw == nil {
		return value, false
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		o.Fail(name, "%s must be %s.", name, what)
		return value, false
	}
	return value, true
}

// Text takes a string; null and absent give "". A required one is not empty.
func (o *Object) Text(name string, required bool) string {
	s, given := take[string](o, name, required, "a string")
	if given && required && s == "" {
		o.Fail(name, "%s must not be empty.", name)
	}
	return s
}

// Texts takes a list of strings that is not empty.
func (o *Object) Texts(name string) []string {
	all, given := take[[]string](o, name, true, "a list of strings")
	if given && len(all) == 0 {
		o.Fail(name, "%s must not be empty.", name)
	}
	if len(all) > 1000 {
		o.Fail(name, "%s has at most 1000 values.", name)
		return nil
	}
	return all
}

// Number takes a required number.
func (o *Object) Number(name string) float64 {
	x, _ := take[float64](o, name, true, "a number")
	return x
}

// Whole takes a whole number of at least least.
func (o *Object) Whole(name string, least int) int {
	x, given := take[int](o, name, true, "a whole number")
	if given && (x < least || x > 1_000_000) {
		o.Fail(name, "%s must be from %d to 1000000.", name, least)
	}
	return x
}

// Flag takes a required boolean.
func (o *Object) Flag(name string) bool {
	b, _ := take[bool](o, name, true, "true or false")
	return b
}

// Switch takes a boolean that has a default.
func (o *Object) Switch(name string, usual bool) bool {
	b, given := take[bool](o, name, false, "true or false")
	if !given {
		return usual
	}
	return b
}

// List takes an array.
func (o *Object) List(name string, required bool) []json.RawMessage {
	all, _ := take[[]json.RawMessage](o, name, required, "an array")
	return all
}

// Object takes an object; null and absent give nil.
func (o *Object) Object(name string, required bool) *Object {
	raw := o.Take(name, required)
	if raw == nil {
		return nil
	}
	return o.r.Object(raw, o.At(name), false)
}

// Choice takes a string that must be one of the given ones.
func (o *Object) Choice(name string, from ...string) string {
	s := o.Text(name, true)
	if s != "" && !slices.Contains(from, s) {
		o.Fail(name, "%s must be one of %s, not %q.", name, strings.Join(from, ", "), clip(s))
		return ""
	}
	return s
}

// Done reports members that nobody took.
func (o *Object) Done() {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		slices.Sort(o.known)
		o.r.Fail(o.At(name), "There is no member %q here; known are %s.", clip(name), strings.Join(slices.Compact(o.known), ", "))
	}
}

// Has says whether a member is there that nobody has taken, null or not.
func (o *Object) Has(name string) bool {
	_, ok := o.members[name]
	return ok
}

// Skip gives up on the object: nothing more of it is reported.
func (o *Object) Skip() { o.members = nil }

// Words takes an object of strings.
func (o *Object) Words(name string, most int) map[string]string {
	all, _ := take[map[string]string](o, name, false, "an object of strings")
	if len(all) > most {
		o.Fail(name, "%s has at most %d members.", name, most)
		return nil
	}
	return all
}

func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:57], "") + "…"
}

// Put gives a member back that was taken.
func (o *Object) Put(name string, raw json.RawMessage) { o.members[name] = raw }
