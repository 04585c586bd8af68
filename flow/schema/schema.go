// Package schema derives from the specs of the flow language what editors and readers need: a JSON Schema, which
// checks a flow's structure while one types, and the reference page.
//
// The schema is built from maps and not by reflection (invopop/jsonschema): the language is described by data, the
// specs, and there is no Go type with its shape.
package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/legato-flow/legato/flow"
)

// object is a piece of JSON.
type object map[string]any

// JSON is the JSON Schema of a flow file, in draft 2020-12. What it refuses is no flow; what it lets pass may still
// have mistakes that only lint finds: in expressions, in dates, and in what does not go together.
func JSON() ([]byte, error) {
	definitions := object{
		"steps": object{"type": "array", "maxItems": flow.MaxSteps, "items": object{"$ref": "#/$defs/step"}},
	}
	var triggers, steps []any
	for _, spec := range flow.Triggers() {
		triggers = append(triggers, define(definitions, "trigger_", spec, nil))
	}
	for _, spec := range flow.Steps() {
		beside := flow.StepFields()
		if spec.Link {
			beside = nil
		}
		steps = append(steps, define(definitions, "step_", spec, beside))
		if spec.Bare {
			steps = append(steps, object{"const": spec.Kind, "description": spec.Summary})
		}
	}
	definitions["trigger"] = object{"anyOf": triggers}
	definitions["step"] = object{"anyOf": steps}

	root := mapping(flow.FlowFields())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Legato flow"
	root["description"] = "A file in definitions/flows."
	root["$defs"] = definitions
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return b.Bytes(), nil
}

// define adds the definition of a kind and gives the reference to it.
func define(definitions object, prefix string, spec flow.Spec, beside []flow.Field) object {
	all := mapping(append(append([]flow.Field{}, spec.Beside...), beside...))
	value := valueOf(spec)
	if _, described := value["description"]; !described {
		value["description"] = spec.Summary
	}
	all["properties"].(object)[spec.Kind] = value
	required, _ := all["required"].([]string)
	all["required"] = append([]string{spec.Kind}, required...)
	all["title"] = spec.Kind
	all["description"] = summary(spec)
	definitions[prefix+spec.Kind] = all
	return object{"$ref": "#/$defs/" + prefix + spec.Kind}
}

// summary says what a kind does, and when it cannot go live.
func summary(spec flow.Spec) string {
	if spec.Live() {
		return spec.Summary
	}
	return spec.Summary + " It cannot go live yet: " + spec.Later + "."
}

// valueOf is what may stand after a kind.
func valueOf(spec flow.Spec) object {
	var possible []any
	if spec.Type != "" {
		possible = append(possible, typed(spec.Type, nil))
	}
	switch {
	case spec.Many:
		possible = append(possible, object{"type": "array", "minItems": spec.Min, "maxItems": spec.Max, "items": mapping(spec.Fields)})
	case len(spec.Fields) > 0:
		possible = append(possible, mapping(spec.Fields))
	}
	if spec.Bare {
		possible = append(possible, object{"type": "null"})
	}
	return either(possible)
}

// either is one of several schemas.
func either(possible []any) object {
	switch len(possible) {
	case 0:
		return object{}
	case 1:
		return possible[0].(object)
	}
	return object{"anyOf": possible}
}

// mapping is a mapping with these keys and no others.
func mapping(fields []flow.Field) object {
	properties := object{}
	m := object{"type": "object", "additionalProperties": false, "properties": properties}
	var required []string
	for _, f := range fields {
		properties[f.Name] = described(f)
		switch {
		case f.Required && f.Instead != "":
			m["oneOf"] = []any{object{"required": []string{f.Name}}, object{"required": []string{f.Instead}}}
		case f.Required:
			required = append(required, f.Name)
		}
	}
	if len(required) > 0 {
		m["required"] = required
	}
	return m
}

// described is a key's value with what editors show of it.
func described(f flow.Field) object {
	s := fieldValue(f)
	if _, shared := s["$ref"]; shared {
		s = object{"allOf": []any{s}} // which may stand beside a description in every editor
	}
	text := f.Summary
	if f.Default != "" {
		text += " Default: " + f.Default + "."
	}
	if f.Example != "" && !strings.Contains(f.Example, "\n") {
		text += " Example: " + f.Example
	}
	s["description"] = strings.TrimSpace(text)
	return s
}

// fieldValue is what a key takes: one value or a list of them.
func fieldValue(f flow.Field) object {
	one := single(f)
	if f.List == flow.One {
		return one
	}
	list := object{"type": "array", "minItems": 1, "items": one}
	if f.Max > 0 {
		list["maxItems"] = f.Max
	}
	if f.List == flow.Several {
		return list
	}
	return object{"anyOf": []any{one, list}}
}

// single is one value of a key.
func single(f flow.Field) object {
	if f.Type == "mapping" {
		for _, kind := range flow.Steps() { // a message of a variant is written like the step
			if kind.Kind == f.Name && kind.Type != "" {
				return valueOf(kind)
			}
		}
		possible := []any{mapping(f.Fields)}
		if len(f.Values) > 0 {
			possible = append(possible, object{"enum": f.Values})
		}
		return either(possible)
	}
	s := typed(f.Type, f.Values)
	if len(f.Values) > 0 && f.Type != "word" && f.Type != "weekday" {
		return object{"anyOf": []any{s, object{"enum": f.Values}}}
	}
	return s
}
