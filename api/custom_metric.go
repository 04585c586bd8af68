package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/legato-flow/legato/store"
)

var customMetricDescription = &description{
	name: "custom-metric", path: "/api/custom-metrics",
	attributes: []string{"name", "created", "updated", "definition", "definition.aggregation_method", "definition.metric_groups"},
	includes:   []string{"metrics"},
	order:      "created", size: 1000,
}

func newCustomMetrics(s *store.Store) *resource[store.CustomMetric] {
	return &resource[store.CustomMetric]{
		description: customMetricDescription,
		get:         s.CustomMetric,
		page:        s.CustomMetrics,
		id:          func(m *store.CustomMetric) string { return m.ID },
		position:    (*store.CustomMetric).Position,
		attributes: func(m *store.CustomMetric) map[string]any {
			definition := map[string]any{}
			d := json.NewDecoder(bytes.NewReader(m.Definition))
			d.UseNumber()
			_ = d.Decode(&definition) // an object, as it was stored
			return map[string]any{"name": m.Name, "created": stamp(m.CreatedAt), "updated": stamp(m.UpdatedAt), "definition": definition}
		},
		included: metricsOfCustoms,
		also:     []*description{bareMetric},
	}
}

// metricsOfCustoms adds the relationship of custom metrics to what they are made of, and gives that if it is asked for.
func metricsOfCustoms(ctx context.Context, a *api, q *query, rows []store.CustomMetric, all []*shown) ([]*shown, error) {
	var wanted []string
	for i := range rows {
		ids, err := metricIDs(&rows[i])
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, ids...)
		all[i].Relationships = map[string]related{"metrics": {Data: identifiers(metricDescription.name, ids), Links: all[i].links("metrics")}}
	}
	if !q.includes("metrics") || len(wanted) == 0 {
		return nil, nil
	}
	slices.Sort(wanted)
	return loadMetrics(ctx, a, &query{fields: q.fields}, slices.Compact(wanted))
}

// metricIDs names the metrics that a custom metric is made of, each once, in the order of its groups.
func metricIDs(m *store.CustomMetric) ([]string, error) {
	var d customDefinition
	if err := json.Unmarshal(m.Definition, &d); err != nil {
		return nil, fmt.Errorf("reading the definition of custom metric %s: %w", m.ID, err)
	}
	ids := []string{}
	for _, g := range d.Groups {
		if !slices.Contains(ids, g.MetricID) {
			ids = append(ids, g.MetricID)
		}
	}
	return ids, nil
}

func identifiers(kind string, ids []string) []identifier {
	all := make([]identifier, len(ids))
	for i, id := range ids {
		all[i] = identifier{kind, id}
	}
	return all
}

func loadCustomMetrics(ctx context.Context, a *api, q *query, ids []string) ([]*shown, error) {
	rows, err := a.store.CustomMetricsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	doc, err := a.customs.show(ctx, a, &query{fields: q.fields}, rows)
	if err != nil {
		return nil, err
	}
	return doc.Data.([]*shown), nil
}

// metricsOfCustom answers with the metrics that a custom metric is made of: whole, or their identifiers only.
func metricsOfCustom(whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		p := parameters{}
		if whole {
			p.shapes = []*description{bareMetric}
		}
		q, err := p.parse(r)
		if err != nil {
			return err
		}
		m, err := a.store.CustomMetric(r.Context(), r.PathValue("id"))
		if errors.Is(err, store.ErrNotFound) {
			return a.customs.missing(r.PathValue("id"))
		}
		if err != nil {
			return err
		}
		ids, err := metricIDs(&m)
		if err != nil {
			return err
		}
		doc := document{Data: identifiers(metricDescription.name, ids), Links: map[string]string{"self": a.base + r.URL.Path}}
		if whole {
			if doc.Data, err = loadMetrics(r.Context(), a, q, ids); err != nil {
				return err
			}
		}
		respond(w, http.StatusOK, doc)
		return nil
	}
}

func (a *api) createCustomMetric(w http.ResponseWriter, r *http.Request) error {
	q, raw, err := a.request(w, r, parameters{shapes: []*description{a.customs.bare()}}, maxCustomMetricBody)
	if err != nil {
		return err
	}
	in := &reader{}
	form := decodeCustomMetric(in, raw, "")
	if err := a.knownMetrics(r.Context(), in, form); err != nil {
		return err
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	now := a.now().UTC()
	m := store.CustomMetric{ID: hex.EncodeToString(id), Name: *form.name, Definition: form.definition.json(), CreatedAt: now, UpdatedAt: now}
	if err := a.store.InsertCustomMetric(r.Context(), m); err != nil {
		return customMetricProblem(err, m.Name)
	}
	if m, err = a.store.CustomMetric(r.Context(), m.ID); err != nil {
		return err
	}
	w.Header().Set("Location", a.base+customMetricDescription.path+"/"+m.ID)
	return a.customs.answer(a, w, r, q, http.StatusCreated, m)
}

func (a *api) updateCustomMetric(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	q, raw, err := a.request(w, r, parameters{shapes: []*description{a.customs.bare()}}, maxCustomMetricBody)
	if err != nil {
		return err
	}
	in := &reader{}
	form := decodeCustomMetric(in, raw, id)
	if err := a.knownMetrics(r.Context(), in, form); err != nil {
		return err
	}
	var definition []byte
	if form.definition != nil {
		definition = form.definition.json()
	}
	m, err := a.store.UpdateCustomMetric(r.Context(), id, form.name, definition, a.now().UTC())
	if errors.Is(err, store.ErrNotFound) {
		return a.customs.missing(id)
	}
	if err != nil && form.name != nil {
		return customMetricProblem(err, *form.name)
	}
	if err != nil {
		return err
	}
	return a.customs.answer(a, w, r, q, http.StatusOK, m)
}

// customMetricProblem is the answer to a name that is taken: 400, as in the public API.
func customMetricProblem(err error, name string) error {
	if errors.Is(err, store.ErrNameTaken) {
		return invalid("/data/attributes/name", "There is a custom metric named %q already.", shorten(name))
	}
	return err
}

// knownMetrics reports the metrics of a definition that are not there, and gives all that is wrong with it.
func (a *api) knownMetrics(ctx context.Context, in *reader, form *customMetricForm) error {
	if err := in.err(); err != nil || form.definition == nil {
		return err
	}
	var ids []string
	for _, g := range form.definition.Groups {
		ids = append(ids, g.MetricID)
	}
	rows, err := a.store.MetricsByID(ctx, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		if !slices.ContainsFunc(rows, func(m store.Metric) bool { return m.ID == id }) {
			in.report(fmt.Sprintf("/data/attributes/definition/metric_groups/%d/metric_id", i), "There is no metric with the id %s.", shorten(id))
		}
	}
	return in.err()
}

func (a *api) deleteCustomMetric(w http.ResponseWriter, r *http.Request) error {
	if _, err := (parameters{}).parse(r); err != nil {
		return err
	}
	id := r.PathValue("id")
	err := a.store.DeleteCustomMetric(r.Context(), id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return a.customs.missing(id)
	case errors.Is(err, store.ErrInUse):
		return newProblem(http.StatusConflict, "The custom metric %s is a mapped metric. Map another one in its place first.", shorten(id))
	case err != nil:
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
