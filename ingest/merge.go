package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/jmoiron/sqlx/types"
	"github.com/legato-flow/legato/store"
)

var emptyObject = types.JSONText("{}")

// merge applies all of the change but the identifiers, or returns an error and leaves the entry as it was.
func (e *entry) merge(c *Change) error {
	properties, err := e.mergeProperties(c)
	if err != nil {
		return err
	}
	location, moved, err := mergeLocation(e.after.Location, c)
	if err != nil {
		return err
	}
	if properties != nil {
		e.properties, e.changed = properties, true
	}
	if moved {
		e.after.Location, e.changed = location, true
	}
	for _, name := range store.Attributes {
		value, given := c.Attributes[name]
		field := e.after.Attribute(name)
		if given && !sameText(*field, value) {
			*field, e.changed = value, true
		}
	}
	return nil
}

func sameText(a, b *string) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// mergeProperties gives the properties after the change, or nil if they stay as they are.
func (e *entry) mergeProperties(c *Change) (map[string]json.RawMessage, error) {
	if len(c.Properties) == 0 && len(c.Append) == 0 && len(c.Unappend) == 0 && len(c.Unset) == 0 {
		return nil, nil
	}
	before := e.properties
	if before == nil {
		if err := json.Unmarshal(e.after.Properties, &before); err != nil {
			return nil, fmt.Errorf("properties of profile %s: %w", e.after.ID, err)
		}
	}
	after := maps.Clone(before)
	for name, value := range c.Properties {
		if isNull(value) {
			delete(after, name)
		} else if !sameJSON(after[name], value) {
			after[name] = value
		}
	}
	for name, values := range c.Append {
		after[name] = appendValues(after[name], values)
	}
	for name, values := range c.Unappend {
		if list, ok := elements(after[name]); ok {
			after[name] = encodeList(slices.DeleteFunc(list, func(v json.RawMessage) bool { return contains(values, v) }))
		}
	}
	for _, name := range c.Unset {
		delete(after, name)
	}
	if maps.EqualFunc(before, after, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
		return nil, nil
	}
	if n := len(after); n > MaxProperties && n > len(before) {
		return nil, &InvalidError{Field: "properties", Message: fmt.Sprintf("the profile would have %d properties, more than %d", n, MaxProperties)}
	}
	if n := size(after); n > MaxProfileSize && n > size(before) {
		return nil, &InvalidError{Field: "properties", Message: fmt.Sprintf("the profile's properties would take %d bytes, more than %d", n, MaxProfileSize)}
	}
	return after, nil
}

// appendValues adds those values that a list property lacks. What was a single value becomes a list's first.
func appendValues(current json.RawMessage, values []json.RawMessage) json.RawMessage {
	list, isList := elements(current)
	if !isList && len(current) > 0 {
		list = []json.RawMessage{current}
	}
	before := len(list)
	for _, v := range values {
		if !contains(list, v) {
			list = append(list, v)
		}
	}
	if isList && len(list) == before {
		return current
	}
	return encodeList(list)
}

func elements(value json.RawMessage) (list []json.RawMessage, ok bool) {
	if len(value) == 0 || value[0] != '[' || json.Unmarshal(value, &list) != nil {
		return nil, false
	}
	return list, true
}

func contains(list []json.RawMessage, v json.RawMessage) bool {
	return slices.ContainsFunc(list, func(x json.RawMessage) bool { return sameJSON(x, v) })
}

func encodeList(list []json.RawMessage) json.RawMessage {
	return append(append(json.RawMessage("["), bytes.Join(rawBytes(list), []byte(","))...), ']')
}

func rawBytes(list []json.RawMessage) [][]byte {
	all := make([][]byte, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

func size(properties map[string]json.RawMessage) int {
	n := 2
	for name, value := range properties {
		n += len(name) + len(value) + 4
	}
	return n
}

// mergeLocation gives the location after the change, and whether it differs.
func mergeLocation(current types.JSONText, c *Change) (types.JSONText, bool, error) {
	if !c.ClearLocation && len(c.Location) == 0 {
		return current, false, nil
	}
	before := map[string]json.RawMessage{}
	if err := json.Unmarshal(current, &before); err != nil {
		return nil, false, fmt.Errorf("stored location: %w", err)
	}
	after := map[string]json.RawMessage{}
	if !c.ClearLocation {
		maps.Copy(after, before)
	}
	for name, value := range c.Location {
		if isNull(value) {
			delete(after, name)
		} else {
			after[name] = value
		}
	}
	if maps.EqualFunc(before, after, sameJSON) {
		return current, false, nil
	}
	encoded, err := json.Marshal(after)
	return encoded, true, err
}

// seal writes the properties back into after.
func (e *entry) seal() {
	if e.properties == nil {
		return
	}
	encoded, err := json.Marshal(e.properties)
	if err != nil {
		panic(fmt.Sprintf("ingest: properties as JSON: %v", err)) // every value has been read as JSON before
	}
	e.after.Properties = encoded
}

func isNull(value json.RawMessage) bool { return bytes.Equal(value, []byte("null")) }

// sameJSON compares values without regard to spacing and the order of keys.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, okX := decode(a)
	y, okY := decode(b)
	return okX && okY && reflect.DeepEqual(x, y)
}

func decode(raw json.RawMessage) (value any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return value, d.Decode(&value) == nil
}
