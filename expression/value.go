package expression

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// kind is what is known about a value before it is there.
type kind int

const (
	anything kind = iota
	boolean
	number
	text
	instant
	duration
	list
	object
)

func (k kind) String() string {
	return [...]string{"a value", "true or false", "a number", "text", "a time", "a duration", "a list", "an object"}[k]
}

// kindOf gives the kind of a canonical value that is not missing.
func kindOf(v any) kind {
	switch v.(type) {
	case bool:
		return boolean
	case float64:
		return number
	case string:
		return text
	case time.Time:
		return instant
	case time.Duration:
		return duration
	case []any:
		return list
	case map[string]any:
		return object
	}
	return anything
}

// canonical brings what callers pass to the types that kindOf names. What has no place in JSON is missing.
func canonical(v any) any {
	switch v := v.(type) {
	case nil, bool, string, time.Duration, []any, map[string]any:
		return v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return nil
		}
		return canonical(f)
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v
	}
	return canonicalReflect(reflect.ValueOf(v))
}

func canonicalReflect(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Float32, reflect.Float64:
		return canonical(v.Float())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(v.Uint())
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return canonical(v.Elem().Interface())
	case reflect.Slice, reflect.Array:
		items := make([]any, v.Len())
		for i := range items {
			items[i] = v.Index(i).Interface()
		}
		return items
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String || v.IsNil() {
			return nil
		}
		entries := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			entries[it.Key().String()] = it.Value().Interface()
		}
		return entries
	}
	return nil
}

// aliases are the names that the public API gives to an event's own attributes among its properties.
var aliases = map[string]string{"$value": "value", "$value_currency": "currency", "$event_id": "id"}

// get reads a property of an object or an item of a list; negative indexes count from the end. Everything that
// is not there is missing. The rules are those of Postgres' #> operator, which reads the same paths in SQL.
func get(v, key any) any {
	switch v := canonical(v).(type) {
	case map[string]any:
		name, ok := pathText(key)
		if !ok {
			return nil
		}
		if found := canonical(v[name]); found != nil {
			return found
		}
		if alias, ok := aliases[name]; ok {
			return canonical(v[alias])
		}
	case []any:
		name, ok := pathText(key)
		if !ok {
			return nil
		}
		i, err := strconv.Atoi(strings.TrimLeft(name, " \t\n\v\f\r"))
		if err != nil {
			return nil
		}
		if i < 0 {
			i += len(v)
		}
		if i >= 0 && i < len(v) {
			return canonical(v[i])
		}
	}
	return nil
}

// pathText gives a key as the text of a path. A number must be whole.
func pathText(key any) (string, bool) {
	switch key := canonical(key).(type) {
	case string:
		return key, true
	case float64:
		if key == math.Trunc(key) && math.Abs(key) < 1<<31 {
			return strconv.Itoa(int(key)), true
		}
	}
	return "", false
}
