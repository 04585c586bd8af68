package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/legato-flow/legato/store"
)

var metricPropertyDescription = &description{
	name: "metric-property", path: "/api/metric-properties",
	attributes: []string{"label", "property", "inferred_type"},
	additional: []string{"sample_values"},
	order:      "property", size: store.MaxMetricProperties,
}

var metricPropertyDetail = func() *description {
	d := *metricPropertyDescription
	d.includes = []string{"metric"}
	return &d
}()

var propertyMetric = relation[store.PropertyType]{name: "metric", to: metricDescription, load: loadMetrics,
	id: func(p *store.PropertyType) string { return p.MetricID }}

// inferredTypes are the names that the public API has for kinds of values.
var inferredTypes = map[string]string{
	store.KindText: "Text", store.KindNumber: "Number", store.KindDate: "Date", store.KindBoolean: "Boolean", store.KindList: "List", store.KindObject: "Object",
}

// propertyLabels are the labels of properties that are an event's own. Others are labelled by their name.
var propertyLabels = map[string]string{"$value": "Value", "$value_currency": "Value Currency", "$extra": "Extra"}

func newMetricProperties(s *store.Store, d *description) *resource[store.PropertyType] {
	return &resource[store.PropertyType]{
		description: d,
		get: func(ctx context.Context, id string) (store.PropertyType, error) {
			p, err := s.PropertyType(ctx, id)
			if err == nil && p.MetricID == "" { // of profiles
				err = store.ErrNotFound
			}
			return p, err
		},
		id:       func(p *store.PropertyType) string { return p.ID },
		position: func(p *store.PropertyType, _ string) store.Position { return placeOf(p.ID, p.Name) },
		attributes: func(p *store.PropertyType) map[string]any {
			label, ok := propertyLabels[p.Name]
			if !ok {
				label = p.Name
			}
			return map[string]any{"label": label, "property": p.Name, "inferred_type": inferredTypes[p.Kind()]}
		},
		extend: func(_ context.Context, q *query, rows []store.PropertyType, all []*shown) error {
			for i, x := range all {
				if q.wants("metric-property", "sample_values") {
					x.Attributes["sample_values"] = sampleValues(&rows[i])
				}
			}
			return nil
		},
		related: []relation[store.PropertyType]{propertyMetric},
	}
}

// sampleValues are a few values, those of the most frequent kind first.
func sampleValues(p *store.PropertyType) []json.RawMessage {
	all := []json.RawMessage{}
	for _, k := range p.Kinds {
		all = append(all, k.Samples...)
	}
	return all
}

// propertiesOfMetric answers with the properties of the metric that the path names: whole, or their identifiers only.
func propertiesOfMetric(whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		m, err := a.store.Metric(r.Context(), r.PathValue("id"))
		if errors.Is(err, store.ErrNotFound) {
			return a.metrics.missing(r.PathValue("id"))
		}
		if err != nil {
			return err
		}
		all, err := a.store.MetricProperties(r.Context(), m.ID)
		if err != nil {
			return err
		}
		of := *a.metricProperties
		of.page = func(_ context.Context, p store.Page) ([]store.PropertyType, bool, error) {
			return pageOf(all, p, func(x *store.PropertyType) string { return x.ID }, func(x *store.PropertyType, _ string) any { return x.Name })
		}
		if whole {
			return of.list(a, w, r)
		}
		return of.identifiers(a, w, r)
	}
}
