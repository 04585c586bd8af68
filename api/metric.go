package api

import (
	"context"

	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

var metricDescription = &description{
	name: "metric", path: "/api/metrics",
	attributes: []string{"name", "created", "updated", "integration"},
	includes:   []string{"flow-triggers"},
	filters: map[string]filterField{
		"integration.name":     {filterText, equality},
		"integration.category": {filterText, equality},
	},
	order: "created", size: 200,
}

// bareMetric is a metric where another resource leads to it.
var bareMetric = func() *description {
	d := *metricDescription
	d.includes = nil
	return &d
}()

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
		included: triggersOfMetrics,
		also:     []*description{bareFlow},
	}
}

// triggersOfMetrics adds the relationship of metrics to the flows that they trigger; if it is asked for, it names them
// and gives them.
func triggersOfMetrics(ctx context.Context, a *api, q *query, rows []store.Metric, all []*shown) ([]*shown, error) {
	asked := q.includes("flow-triggers") && len(rows) > 0
	var triggers map[string][]string
	var flows []store.ListedFlow
	if asked {
		names := make([]string, len(rows))
		for i := range rows {
			names[i] = rows[i].Name
		}
		var err error
		if triggers, err = a.store.FlowTriggers(ctx, plan.TriggerMetric, names); err != nil {
			return nil, err
		}
		if flows, err = a.store.FlowsTriggered(ctx, plan.TriggerMetric, names...); err != nil {
			return nil, err
		}
	}
	for i := range rows {
		relationship := related{Links: all[i].links("flow-triggers")}
		if asked {
			relationship.Data = identifiers(flowDescription.name, triggers[rows[i].Name])
		}
		all[i].Relationships = map[string]related{"flow-triggers": relationship}
	}
	if len(flows) == 0 {
		return nil, nil
	}
	doc, err := a.flows.show(ctx, a, &query{fields: q.fields}, flows)
	if err != nil {
		return nil, err
	}
	return doc.Data.([]*shown), nil
}

func loadMetrics(ctx context.Context, a *api, q *query, ids []string) ([]*shown, error) {
	rows, err := a.store.MetricsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	doc, err := a.metrics.show(ctx, a, &query{fields: q.fields}, rows)
	if err != nil {
		return nil, err
	}
	return doc.Data.([]*shown), nil
}
