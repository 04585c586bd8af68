package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
)

// properties takes a member that is an object of properties and checks them against the limits of ingest.
func (o *object) properties(name string, required bool) (*object, bool) {
	p, ok := o.object(name, required)
	if !ok {
		return p, false
	}
	if n := len(p.members); n > ingest.MaxProperties {
		o.r.report(p.pointer, "At most %d properties are allowed, not %d.", ingest.MaxProperties, n)
		return p, false
	}
	for _, name := range slices.Sorted(maps.Keys(p.members)) {
		value := p.members[name]
		if n := utf8.RuneCountInString(name); n > ingest.MaxNameLength {
			o.r.report(p.pointer, "The name of a property must be at most %d characters long, not %d: %q.", ingest.MaxNameLength, n, shorten(name))
			continue
		}
		o.r.bound(p.at(name), value)
	}
	return p, true
}

// bound reports the first thing in a value that is larger than allowed.
func (r *reader) bound(pointer string, raw jsontext.Value) {
	if k := raw.Kind(); k == 't' || k == 'f' || k == 'n' || k == '"' && len(raw) <= ingest.MaxStringSize {
		return
	}
	d := decode(raw, true)
	defer release(d)
	at := func() string { return pointer + string(d.StackPointer()) }
	for {
		token, err := d.ReadToken()
		if err != nil {
			return // the end
		}
		if d.StackDepth() > ingest.MaxDepth {
			r.report(pointer, "Properties may be nested %d levels deep.", ingest.MaxDepth)
			return
		}
		if kind, length := d.StackIndex(d.StackDepth()); kind == '[' && length > ingest.MaxItems {
			r.report(pointer, "An array in properties may have %d elements.", ingest.MaxItems)
			return
		}
		switch token.Kind() {
		case '"':
			if n := len(token.String()); n > ingest.MaxStringSize {
				r.report(at(), "A string in properties may take %d bytes, not %d.", ingest.MaxStringSize, n)
				return
			}
		case '0':
			if !representable(jsontext.Value(token.String())) {
				r.report(at(), "The number is out of range.")
				return
			}
		}
	}
}

// raws gives the members as they were sent.
func (o *object) raws() map[string]json.RawMessage {
	all := make(map[string]json.RawMessage, len(o.members))
	for name, value := range o.members {
		all[name] = json.RawMessage(value)
	}
	return all
}

// simple reads one value, or an array of values, none of which is an object or array.
func (r *reader) simple(pointer string, raw jsontext.Value) []json.RawMessage {
	values := []jsontext.Value{raw}
	if raw.Kind() == '[' {
		values = r.items(pointer, raw)
	}
	var all []json.RawMessage
	for i, v := range values {
		if strings.ContainsRune("[{n", rune(v.Kind())) {
			r.report(element(pointer, raw, i), "Only strings, numbers and booleans, or an array of them, can be appended or removed.")
			return nil
		}
		all = append(all, json.RawMessage(v))
	}
	return all
}
