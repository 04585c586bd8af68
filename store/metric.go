package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Metric is a kind of event: a name together with the service that reports it.
type Metric struct {
	ID        string    `db:"id"`
	Name      string    `db:"name"`
	Service   string    `db:"service"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

// Position is the metric's place in an order of Metrics.
func (m *Metric) Position(string) Position { return momentPosition(m.CreatedAt, m.ID) }

var metricListing = listing{
	query: "metric_select",
	id:    column{expression: "id"},
	fields: map[string]column{
		"integration.name":     {expression: "service"},
		"integration.category": {expression: "service"},
	},
	sorts: map[string]column{"created": {expression: "created_at", kind: moment}},
}

// Metrics reads a page.
func (s *Store) Metrics(ctx context.Context, p Page) (rows []Metric, more bool, err error) {
	return selectPage[Metric](ctx, s, metricListing, p)
}

// Metric reads one, or returns ErrNotFound.
func (s *Store) Metric(ctx context.Context, id string) (Metric, error) {
	return selectOne[Metric](ctx, s, "metric", id, query("metric_select")+"\nwhere id = $1")
}

// MetricsByID reads those that exist, in no particular order.
func (s *Store) MetricsByID(ctx context.Context, ids []string) ([]Metric, error) {
	var rows []Metric
	if err := s.DB.SelectContext(ctx, &rows, query("metric_select")+"\nwhere id = any($1)", pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading %d metrics: %w", len(ids), err)
	}
	return rows, nil
}

// AddableMetrics gives those of wanted that are there already, and of the others as many as there may be until there are
// most metrics besides those of the service apart. Others may be adding some at the same time.
func (s *Store) AddableMetrics(ctx context.Context, tx *sqlx.Tx, wanted []Metric, most int, apart string) ([]Metric, error) {
	names, services := make([]string, len(wanted)), make([]string, len(wanted))
	for i, m := range wanted {
		names[i], services[i] = m.Name, m.Service
	}
	var places []int
	if err := tx.SelectContext(ctx, &places, query("metric_addable"), pq.Array(names), pq.Array(services), most, apart); err != nil {
		return nil, fmt.Errorf("counting metrics: %w", err)
	}
	var addable []Metric
	for _, place := range places {
		addable = append(addable, wanted[place-1])
	}
	return addable, nil
}

// EnsureMetrics gives the metrics with the names and services of wanted, and creates under the ids of wanted
// those that are not there.
func (s *Store) EnsureMetrics(ctx context.Context, tx *sqlx.Tx, wanted []Metric, now time.Time) ([]Metric, error) {
	ids, names, services := make([]string, len(wanted)), make([]string, len(wanted)), make([]string, len(wanted))
	for i, m := range wanted {
		ids[i], names[i], services[i] = m.ID, m.Name, m.Service
	}
	if _, err := tx.ExecContext(ctx, query("metric_insert"), pq.Array(ids), pq.Array(names), pq.Array(services), now); err != nil {
		return nil, fmt.Errorf("inserting metrics: %w", err)
	}
	var rows []Metric
	if err := tx.SelectContext(ctx, &rows, query("metric_by_name"), pq.Array(names), pq.Array(services)); err != nil {
		return nil, fmt.Errorf("reading metrics: %w", err)
	}
	return rows, nil
}
