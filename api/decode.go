package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// reader goes through a body and gathers what is wrong with it.
type reader struct {
	problems problems
	exchange func(text string) (profile string, ok bool) // reads _kx; nil: nobody is known by it
}

// maxProblems is how many problems one answer lists.
const maxProblems = 50

func (r *reader) report(pointer, format string, args ...any) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, invalid(pointer, format, args...))
	}
}

// err gives the problems found, if there are any.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return r.problems
}

// object is a JSON object at a place in the body. Its methods take members out; done reports the rest.
type object struct {
	r       *reader
	pointer string
	members map[string]jsontext.Value
	known   []string
}

// at is the pointer of a member.
func (o *object) at(name string) string { return o.pointer + "/" + escapePointer(name) }

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1") // costly to make

func escapePointer(name string) string { return pointerEscapes.Replace(name) }

// take removes a member. A member that is null counts as given.
func (o *object) take(name string) (value jsontext.Value, given bool) {
	o.known = append(o.known, name)
	value, given = o.members[name]
	delete(o.members, name)
	return value, given
}

// done reports members that nobody took.
func (o *object) done() {
	if len(o.members) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		slices.Sort(o.known)
		o.r.report(o.at(name), "There is no member %q here; known are %s.", shorten(name), strings.Join(slices.Compact(o.known), ", "))
	}
}

// decoders are used again: a body has many small objects, and a new decoder is larger than most of them.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// decode gives a decoder, which has to be released. It reads raw in its place. checked says that parseJSON has seen that
// no name comes twice.
func decode(raw jsontext.Value, checked bool) *jsontext.Decoder {
	d := decoders.Get().(*jsontext.Decoder)
	d.Reset(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(checked))
	return d
}

// release takes a decoder back, without the body that it has read.
func release(d *jsontext.Decoder) {
	d.Reset(noBody)
	decoders.Put(d)
}

var noBody = strings.NewReader("")

// open reads a value as an object, or reports that it is something else and gives an empty one.
func (r *reader) open(pointer string, raw jsontext.Value) (*object, bool) {
	o := &object{r: r, pointer: pointer, members: map[string]jsontext.Value{}}
	if raw.Kind() != '{' {
		r.report(pointer, "Expected an object, found %s.", kindName(raw))
		return o, false
	}
	d := decode(raw, true)
	defer release(d)
	_, _ = d.ReadToken() // the brace; parseJSON has checked the syntax
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			break
		}
		text := name.String()
		value, err := d.ReadValue()
		if err != nil {
			break
		}
		end := d.InputOffset()
		o.members[text] = raw[end-int64(len(value)) : end]
	}
	return o, true
}

// items reads a value as an array, or reports that it is something else.
func (r *reader) items(pointer string, raw jsontext.Value) []jsontext.Value {
	if raw.Kind() != '[' {
		r.report(pointer, "Expected an array, found %s.", kindName(raw))
		return nil
	}
	d := decode(raw, true)
	defer release(d)
	_, _ = d.ReadToken()
	var all []jsontext.Value
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			break
		}
		end := d.InputOffset()
		all = append(all, raw[end-int64(len(value)):end])
	}
	return all
}

// object takes a member that is an object. A missing one is reported if it is required; ok says that it is there.
func (o *object) object(name string, required bool) (*object, bool) {
	raw, given := o.take(name)
	if !given || raw.Kind() == 'n' && !required {
		if required {
			o.r.report(o.at(name), "%s is required.", name)
		}
		return &object{r: o.r, pointer: o.at(name), members: map[string]jsontext.Value{}}, false
	}
	return o.r.open(o.at(name), raw)
}

// text takes a member that is a string or null. Nil and given means null.
func (o *object) text(name string) (value *string, given bool) {
	raw, given := o.take(name)
	if !given || raw.Kind() == 'n' {
		return nil, given
	}
	if raw.Kind() != '"' {
		o.r.report(o.at(name), "%s must be a string, not %s.", name, kindName(raw))
		return nil, false
	}
	s := unquote(raw)
	return &s, true
}

// checked takes a member that is a string and passes check; null and absent give nil.
func (o *object) checked(name string, check func(string) (string, error)) *string {
	value, _ := o.text(name)
	if value == nil {
		return nil
	}
	good, err := check(*value)
	if err != nil {
		o.r.report(o.at(name), "%s %s.", name, err)
		return nil
	}
	return &good
}

// required takes a member that is a string and passes check.
func (o *object) required(name string, check func(string) (string, error)) string {
	if raw, given := o.members[name]; !given || raw.Kind() == 'n' {
		o.take(name)
		o.r.report(o.at(name), "%s is required.", name)
		return ""
	}
	if value := o.checked(name, check); value != nil {
		return *value
	}
	return ""
}

// number takes a member that is a number or null.
func (o *object) number(name string) *json.Number {
	raw, given := o.take(name)
	if !given || raw.Kind() == 'n' {
		return nil
	}
	if raw.Kind() != '0' {
		o.r.report(o.at(name), "%s must be a number, not %s.", name, kindName(raw))
		return nil
	}
	if !representable(raw) {
		o.r.report(o.at(name), "%s is out of range.", name)
		return nil
	}
	n := json.Number(raw)
	return &n
}

// flag takes a member that is a boolean or null, which is false.
func (o *object) flag(name string) bool {
	raw, given := o.take(name)
	if !given || raw.Kind() == 'n' {
		return false
	}
	if raw.Kind() != 't' && raw.Kind() != 'f' {
		o.r.report(o.at(name), "%s must be true or false, not %s.", name, kindName(raw))
	}
	return raw.Kind() == 't'
}

// kind takes the type member, which must be the one expected.
func (o *object) kind(expected string) {
	raw, given := o.take("type")
	if !given {
		o.r.report(o.at("type"), "type is required.")
	} else if raw.Kind() != '"' || unquote(raw) != expected {
		o.r.report(o.at("type"), "type must be %q.", expected)
	}
}

func unquote(raw jsontext.Value) string {
	s, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "" // parseJSON has checked it
	}
	return string(s)
}

// representable says whether a number has a size that float64 and Postgres can hold.
func representable(raw jsontext.Value) bool {
	if len(raw) > 400 {
		return false
	}
	if _, exponent, found := strings.Cut(strings.ToLower(string(raw)), "e"); found {
		if n, err := strconv.Atoi(exponent); err != nil || n < -400 || n > 400 {
			return false
		}
	}
	_, err := strconv.ParseFloat(string(raw), 64)
	return err == nil
}

func kindName(raw jsontext.Value) string {
	switch raw.Kind() {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '[':
		return "an array"
	case '{':
		return "an object"
	default:
		return "nothing"
	}
}

// shorten keeps what a sender chose from filling an answer.
func shorten(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:57], "") + "..."
	}
	return s
}
