package api_test

import (
	"maps"
	"slices"
	"strings"
)

// sampleBody makes a body for an operation from its schema in the specification: every member, with the example given for it.
// It is nil where the operation takes no body.
func (s *spec) sampleBody(method, path string) any {
	op := at(s.whole, "paths", s.template(path), strings.ToLower(method), "requestBody", "content")
	for _, content := range op {
		if schema := at(content, "schema"); schema != nil {
			return s.sample(schema, 0)
		}
	}
	return nil
}

// resolve follows references.
func (s *spec) resolve(schema map[string]any) map[string]any {
	for {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		schema = at(s.whole, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
}

// sample makes a value that a schema allows.
func (s *spec) sample(schema map[string]any, depth int) any {
	schema = s.resolve(schema)
	if example, ok := schema["example"]; ok && example != nil {
		return example
	}
	for _, choice := range []string{"oneOf", "anyOf", "allOf"} {
		if all, ok := schema[choice].([]any); ok && len(all) > 0 {
			return s.sample(all[len(all)-1].(map[string]any), depth)
		}
	}
	if values, ok := schema["enum"].([]any); ok {
		return values[0]
	}
	if value, ok := schema["default"]; ok {
		return value
	}
	switch schema["type"] {
	case "array":
		if items, ok := schema["items"].(map[string]any); ok && depth < 12 {
			return []any{s.sample(items, depth+1)}
		}
		return []any{}
	case "integer", "number":
		return 1
	case "boolean":
		return true
	case "string":
		return "text"
	}
	object := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	if depth > 12 {
		return object
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		object[name] = s.sample(properties[name].(map[string]any), depth+1)
	}
	return object
}
