package schema

// scalar is a text, a number, true or false.
var scalar = []string{"string", "number", "boolean"}

const durationPattern = `^([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$`

// typed is the schema of a named type, of flow.Types. A type that is not known takes anything, so that the schema
// refuses nothing that the parser reads.
func typed(name string, words []string) object {
	switch name {
	case "text", "liquid", "metric", "list", "segment", "zone":
		return object{"type": "string", "minLength": 1}
	case "id":
		return object{"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$", "maxLength": 64}
	case "word":
		return object{"enum": words}
	case "boolean":
		return object{"type": "boolean"}
	case "number":
		return object{"type": "number"}
	case "whole number":
		return object{"type": "integer"}
	case "expression":
		return object{"type": scalar}
	case "duration":
		return object{"type": "string", "minLength": 2, "pattern": durationPattern}
	case "calendar":
		return object{"type": "string", "minLength": 2, "pattern": `^([0-9]{1,6}w)?([0-9]{1,6}d)?$|^[0-9]{1,6}mo$`}
	case "time":
		return object{"type": "string", "pattern": `^([01]?[0-9]|2[0-3]):[0-5][0-9]$`}
	case "moment":
		return object{"type": "string", "format": "date-time"}
	case "weekday":
		return object{"anyOf": []any{object{"enum": words}, object{"type": "string", "pattern": "^[A-Za-z]+[Dd][Aa][Yy]$"}}}
	case "property":
		return object{"type": "string", "pattern": `^person[.\[]`}
	case "template":
		return object{"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]*$", "maxLength": 64}
	case "address":
		return object{"type": "string", "pattern": "^[^@\\s]+@[^@\\s]+$"}
	case "url":
		return object{"type": "string", "pattern": "^https?://"}
	case "steps":
		return object{"$ref": "#/$defs/steps"}
	case "triggers":
		return object{"$ref": "#/$defs/trigger"}
	case "texts":
		return named(object{"type": scalar})
	case "amounts":
		return named(object{"anyOf": []any{object{"type": "number"}, computed()}})
	case "items":
		return named(object{"anyOf": []any{object{"type": scalar}, computed()}})
	case "data":
		return named(datum())
	case "values":
		date := wrapped("date", object{"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`})
		return named(object{"anyOf": []any{datum(), date, wrapped("create", object{"anyOf": []any{datum(), date}})}})
	}
	return object{}
}

// named is a mapping of names to values.
func named(value object) object {
	return object{"type": "object", "minProperties": 1, "additionalProperties": value}
}

// datum is a value, a list of values, or an expression.
func datum() object {
	return object{"anyOf": []any{object{"type": scalar}, object{"type": "array", "items": object{"type": scalar}}, computed()}}
}

func computed() object {
	return object{"anyOf": []any{wrapped("expr", object{"type": scalar}), wrapped("expression", object{"type": scalar})}}
}

// wrapped is a mapping with one key.
func wrapped(key string, value object) object {
	return object{"type": "object", "additionalProperties": false, "required": []string{key}, "properties": object{key: value}}
}
