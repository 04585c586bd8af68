package api

import (
	"context"

	"github.com/legato-flow/legato/store"
)

var metricDescription = &description{
	name: "metric", path: "/api/metrics",
	attributes: []string{"name", "created", "updated", "integration"},
	filters: map[string]filterField{
		"integration.name":     {filterText, equality},
		"integration.category": {filterText, equality},
	},
	order: "created", size: 200,
}

func newMetrics(s *store.Store) *resource[store.Metric] {
	return &resource[store.Metric]{
		description: metricDescription,
		get:         s.Metric,
		page:        s.Metrics,
		id:          func(m *store.Metric) string { return m.ID },
		position:    (*store.Metric).Position,
		attributes: func(m *store.Metric) map[string]any {
			return map[string]any{
				"name": m.Name, "created": stamp(m.CreatedAt), "updated": stamp(m.UpdatedAt),
				"integration": map[string]any{"object": "integration", "id": m.Service, "name": m.Service, "category": m.Service},
			}
		},
	}
}

func loadMetrics(ctx context.Context, a *api, q *query, ids []string) ([]*shown, error) {
	rows, err := a.store.MetricsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	doc, err := a.metrics.show(ctx, a, q, rows)
	if err != nil {
		return nil, err
	}
	return doc.Data.([]*shown), nil
}
