package condition

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// object is a JSON object whose members are taken out one by one; done reports the rest.
type object struct {
	c       *compiler
	pointer string
	members map[string]json.RawMessage
	known   []string
	failed  bool
	also    []string // further alternatives that the condition stands for
}

// object reads a value as an object. Null gives nil, and is reported unless it is optional.
func (c *compiler) object(raw json.RawMessage, pointer string, optional bool) *object {
	trimmed := bytes.TrimSpace(raw)
	if len(trimmed) == 0 || string(trimmed) == "null" {
		if !optional {
			c.fail(pointer, "Expected an object, found null.")
		}
		return nil
	}
	o := &object{c: c, pointer: pointer}
	if trimmed[0] != '{' || json.Unmarshal(trimmed, &o.members) != nil {
		c.fail(pointer, "Expected an object.")
		return nil
	}
	return o
}

func (o *object) at(name string) string {
	return o.pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// take removes a member; absent and null give nil.
func (o *object) take(name string, required bool) json.RawMessage {
	o.known = append(o.known, name)
	raw := o.members[name]
	delete(o.members, name)
	if len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		if required {
			o.fail(name, "%s is required.", name)
		}
		return nil
	}
	return raw
}

func (o *object) fail(name, format string, args ...any) {
	o.failed = true
	o.c.fail(o.at(name), format, args...)
}

func take[T any](o *object, name string, required bool, what string) (value T, given bool) {
	raw := o.take(name, required)
	if raw == nil {
		return value, false
	}
	if err := json.Unmarshal(raw, &value); err != nil {
		o.fail(name, "%s must be %s.", name, what)
		return value, false
	}
	return value, true
}

func (o *object) text(name string, required bool) string {
	s, given := take[string](o, name, required, "a string")
	if given && required && s == "" {
		o.fail(name, "%s must not be empty.", name)
	}
	return s
}

func (o *object) texts(name string) []string {
	all, given := take[[]string](o, name, true, "a list of strings")
	if given && len(all) == 0 {
		o.fail(name, "%s must not be empty.", name)
	}
	if len(all) > 1000 {
		o.fail(name, "%s has at most 1000 values.", name)
		return nil
	}
	return all
}

func (o *object) number(name string) float64 {
	x, _ := take[float64](o, name, true, "a number")
	return x
}

// whole takes a whole number of at least least.
func (o *object) whole(name string, least int) int {
	x, given := take[int](o, name, true, "a whole number")
	if given && (x < least || x > 1_000_000) {
		o.fail(name, "%s must be from %d to 1000000.", name, least)
	}
	return x
}

func (o *object) flag(name string) bool {
	b, _ := take[bool](o, name, true, "true or false")
	return b
}

func (o *object) list(name string, required bool) []json.RawMessage {
	all, _ := take[[]json.RawMessage](o, name, required, "an array")
	return all
}

func (o *object) object(name string, required bool) *object {
	raw := o.take(name, required)
	if raw == nil {
		return nil
	}
	return o.c.object(raw, o.at(name), false)
}

// choice takes a string that must be one of the given ones.
func (o *object) choice(name string, from ...string) string {
	s := o.text(name, true)
	if s != "" && !slices.Contains(from, s) {
		o.fail(name, "%s must be one of %s, not %q.", name, strings.Join(from, ", "), clip(s))
		return ""
	}
	return s
}

// done reports members that nobody took.
func (o *object) done() {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		slices.Sort(o.known)
		o.c.fail(o.at(name), "There is no member %q here; known are %s.", clip(name), strings.Join(slices.Compact(o.known), ", "))
	}
}
