package api

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/legato-flow/legato/flow/condition"
	"github.com/legato-flow/legato/ingest"
)

const (
	maxCustomMetricBody = 256 << 10
	maxCustomMetricName = 255
	maxMetricGroups     = 20
	maxFilterText       = 1000 // characters
)

// customMetricForm is what a body says of a custom metric. What is nil stays as it is.
type customMetricForm struct {
	name       *string
	definition *customDefinition
}

// customDefinition says which events a custom metric counts, or whose values it adds up.
type customDefinition struct {
	Method string        `json:"aggregation_method"`
	Groups []customGroup `json:"metric_groups"`
}

// customGroup is one metric's part in a custom metric: its events that pass all filters.
type customGroup struct {
	MetricID      string         `json:"metric_id"`
	Filters       []customFilter `json:"metric_filters"`
	ValueProperty *string        `json:"value_property"` // null: the event's value
}

type customFilter struct {
	Property string         `json:"property"`
	Filter   map[string]any `json:"filter"`
}

func (d *customDefinition) json() []byte {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // made of what JSON was read into
	}
	return b
}

// decodeCustomMetric reads the body that creates a custom metric, or changes the one with that id.
func decodeCustomMetric(in *reader, raw jsontext.Value, id string) *customMetricForm {
	form := &customMetricForm{}
	var attributes *object
	if id != "" {
		attributes = in.update(raw, customMetricDescription.name, id)
	} else {
		attributes, _ = in.job(raw, customMetricDescription.name, nil)
	}
	if attributes == nil {
		return form
	}
	check := func(s string) (string, error) { return ingest.ParseKey(s, maxCustomMetricName) }
	if id != "" {
		form.name = attributes.checked("name", check)
	} else {
		name := attributes.required("name", check)
		form.name = &name
	}
	if d, ok := attributes.object("definition", id == ""); ok {
		form.definition = d.customDefinition()
	}
	attributes.done()
	return form
}

func (o *object) customDefinition() *customDefinition {
	d := &customDefinition{Method: o.required("aggregation_method", oneOf([]string{"count", "value"})), Groups: []customGroup{}}
	for _, g := range o.objects("metric_groups", true, maxMetricGroups) {
		group := customGroup{MetricID: g.required("metric_id", parseID)}
		for _, f := range g.objects("metric_filters", false, condition.MaxFilters) {
			filter := customFilter{Property: f.required("property", parseProperty)}
			if inner, ok := f.object("filter", true); ok {
				filter.Filter = inner.customFilter()
			}
			f.done()
			group.Filters = append(group.Filters, filter)
		}
		group.ValueProperty = g.checked("value_property", parseProperty)
		g.done()
		d.Groups = append(d.Groups, group)
	}
	o.done()
	return d
}

func parseProperty(s string) (string, error) { return ingest.ParseKey(s, ingest.MaxNameLength) }

// objects takes a member that is an array of at most that many objects; a required one has some.
func (o *object) objects(name string, required bool, most int) []*object {
	raw, given := o.take(name)
	if !given || raw.Kind() == 'n' {
		if required {
			o.r.report(o.at(name), "%s is required.", name)
		}
		return nil
	}
	items := o.r.items(o.at(name), raw)
	switch n := len(items); {
	case required && n == 0 && raw.Kind() == '[':
		o.r.report(o.at(name), "%s must not be empty.", name)
	case n > most:
		o.r.report(o.at(name), "%s may have %d elements, not %d.", name, most, n)
		return nil
	}
	var all []*object
	for i, item := range items {
		if x, ok := o.r.open(o.at(name)+"/"+itoa(i), item); ok {
			all = append(all, x)
		}
	}
	return all
}

// filterOperators of the kinds of filters that custom metrics take.
var filterOperators = map[string][]string{
	"boolean":   {"equals"},
	"existence": {"is-set", "not-set"},
	"list": {"contains", "contains-ends-with", "contains-starts-with", "contains-substring", "not-contains", "not-contains-ends-with",
		"not-contains-starts-with", "not-contains-substring"},
	"numeric": {"equals", "greater-than", "greater-than-or-equal", "less-than", "less-than-or-equal", "not-equals"},
	"string": {"contains", "ends-with", "equals", "in", "not-contains", "not-ends-with", "not-equals", "not-starts-with", "nregex", "regex",
		"starts-with"},
}

// customFilter reads what a property is compared with.
func (o *object) customFilter() map[string]any {
	kind := o.required("type", oneOf([]string{"boolean", "existence", "list", "numeric", "string"}))
	if kind == "" {
		return nil // what else there may be is not known
	}
	operator := o.required("operator", oneOf(filterOperators[kind]))
	filter := map[string]any{"type": kind, "operator": operator}
	if kind != "existence" {
		raw, given := o.take("value")
		value, err := filterValue(kind, operator, raw)
		switch {
		case !given:
			o.r.report(o.at("value"), "value is required.")
		case err != nil:
			o.r.report(o.at("value"), "value %s.", err)
		default:
			filter["value"] = value
		}
	}
	o.done()
	return filter
}

func filterValue(kind, operator string, raw jsontext.Value) (any, error) {
	substring := operator == "contains-substring" || operator == "not-contains-substring"
	switch k := raw.Kind(); {
	case kind == "boolean":
		if k != 't' && k != 'f' {
			return nil, errors.New("must be true or false")
		}
		return k == 't', nil
	case kind == "numeric":
		if k != '0' || !representable(raw) {
			return nil, errors.New("must be a number that is not out of range")
		}
		return json.Number(raw), nil
	case operator == "in":
		return filterTexts(raw)
	case k == 'n':
		return nil, nil
	case k == '"':
		s, err := ingest.ParseText(unquote(raw), maxFilterText)
		if err == nil && (operator == "regex" || operator == "nregex") {
			if _, wrong := regexp.Compile(s); wrong != nil {
				err = errors.New("must be a regular expression")
			}
		}
		return s, err
	case kind == "list" && !substring:
		n := json.Number(raw)
		if _, err := n.Int64(); k != '0' || err != nil {
			return nil, errors.New("must be a string, a whole number or null")
		}
		return n, nil
	}
	return nil, errors.New("must be a string or null")
}

func filterTexts(raw jsontext.Value) (any, error) {
	r := &reader{}
	items := r.items("", raw)
	if len(r.problems) > 0 || len(items) == 0 || len(items) > maxFilterValues || slices.ContainsFunc(items, func(v jsontext.Value) bool { return v.Kind() != '"' }) {
		return nil, errors.New("must be an array of 1 to 100 strings")
	}
	all := make([]string, len(items))
	for i, item := range items {
		var err error
		if all[i], err = ingest.ParseText(unquote(item), maxFilterText); err != nil {
			return nil, err
		}
	}
	return all, nil
}
