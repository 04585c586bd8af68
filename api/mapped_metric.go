package api

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/legato-flow/legato/store"
)

var mappedMetricDescription = &description{
	name: "mapped-metric", path: "/api/mapped-metrics",
	attributes: []string{"updated"},
	includes:   []string{"custom-metric", "metric"},
	order:      "id", size: 20,
}

var (
	mappedMetric = relation[store.MappedMetric]{name: "metric", to: bareMetric, load: loadMetrics,
		id: func(m *store.MappedMetric) string { return orNone(m.MetricID) }}
	mappedCustom = relation[store.MappedMetric]{name: "custom-metric", to: bareCustomMetric, load: loadCustomMetrics,
		id: func(m *store.MappedMetric) string { return orNone(m.CustomMetricID) }}
)

// bareCustomMetric is a custom metric where another resource leads to it.
var bareCustomMetric = func() *description {
	d := *customMetricDescription
	d.includes = nil
	return &d
}()

func orNone(id *string) string {
	if id == nil {
		return ""
	}
	return *id
}

func newMappedMetrics(s *store.Store) *resource[store.MappedMetric] {
	return &resource[store.MappedMetric]{
		description: mappedMetricDescription,
		get:         s.MappedMetric,
		page:        s.MappedMetrics,
		id:          func(m *store.MappedMetric) string { return m.ID },
		position:    func(m *store.MappedMetric, _ string) store.Position { return m.Position("") },
		attributes:  func(m *store.MappedMetric) map[string]any { return map[string]any{"updated": stamp(m.UpdatedAt)} },
		related:     []relation[store.MappedMetric]{mappedMetric, mappedCustom},
	}
}

// updateMappedMetric says which metric, or custom metric, plays a role, or that none does.
func (a *api) updateMappedMetric(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	q, raw, err := a.request(w, r, parameters{shapes: []*description{a.mapped.bare()}}, maxCustomMetricBody)
	if err != nil {
		return err
	}
	in := &reader{}
	form := decodeMapping(in, raw, id)
	if err := in.err(); err != nil {
		return err
	}
	err = a.store.MapMetric(r.Context(), id, a.now().UTC(), form.apply)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a.mapped.missing(id)
	case errors.Is(err, store.ErrUnknownMetric):
		kind, wanted := metricDescription.name, form.metric.id
		if wanted == nil {
			kind, wanted = customMetricDescription.name, form.custom.id
		}
		return invalid("/data/relationships/"+kind+"/data/id", "There is no %s with the id %s.", kind, shorten(orNone(wanted)))
	case err != nil:
		return err
	}
	m, err := a.store.MappedMetric(r.Context(), id)
	if err != nil {
		return err
	}
	return a.mapped.answer(a, w, r, q, http.StatusOK, m)
}

// mapping is what a body says of a role.
type mapping struct {
	metric, custom struct {
		given bool
		id    *string // nil: none
	}
}

// apply makes a change of one kind end the other's.
func (f *mapping) apply(m *store.MappedMetric) {
	switch {
	case f.metric.id != nil:
		m.MetricID, m.CustomMetricID = f.metric.id, nil
	case f.custom.id != nil:
		m.MetricID, m.CustomMetricID = nil, f.custom.id
	default:
		if f.metric.given {
			m.MetricID = nil
		}
		if f.custom.given {
			m.CustomMetricID = nil
		}
	}
}

func decodeMapping(in *reader, raw jsontext.Value, id string) *mapping {
	f := &mapping{}
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return f
	}
	data.kind(mappedMetricDescription.name)
	data.required("id", func(s string) (string, error) {
		if s != id {
			return "", errors.New("must be the id in the path")
		}
		return s, nil
	})
	relationships, ok := data.object("relationships", true)
	data.done()
	if !ok {
		return f
	}
	f.metric.id, f.metric.given = relationships.mapped(metricDescription.name)
	f.custom.id, f.custom.given = relationships.mapped(customMetricDescription.name)
	relationships.done()
	switch {
	case !f.metric.given && !f.custom.given:
		in.report(relationships.pointer, "metric or custom-metric is required; data that is null maps none.")
	case f.metric.id != nil && f.custom.id != nil:
		in.report(relationships.pointer, "Only one of metric and custom-metric can be mapped.")
	}
	return f
}

// mapped takes a relationship to one resource. Data or an id that is null means none.
func (o *object) mapped(kind string) (id *string, given bool) {
	if _, given = o.members[kind]; !given {
		o.take(kind)
		return nil, false
	}
	outer, ok := o.object(kind, true)
	if !ok {
		return nil, true
	}
	defer outer.done()
	if data, ok := outer.members["data"]; ok && data.Kind() == 'n' {
		outer.take("data")
		return nil, true
	}
	data, ok := outer.object("data", true)
	if !ok {
		return nil, true
	}
	data.kind(kind)
	if _, named := data.members["id"]; !named {
		o.r.report(data.at("id"), "id is required; null maps none.")
	}
	id = data.checked("id", parseID)
	data.done()
	return id, true
}
