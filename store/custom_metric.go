package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx/types"
	"github.com/lib/pq"
)

// CustomMetric is a metric that is made of others: events of the metrics of its groups count if they pass the group's
// filters.
type CustomMetric struct {
	ID         string         `db:"id"`
	Name       string         `db:"name"`
	Definition types.JSONText `db:"definition"` // aggregation_method and metric_groups, as the public API has them
	CreatedAt  time.Time      `db:"created_at"`
	UpdatedAt  time.Time      `db:"updated_at"`
}

// Errors of custom metrics.
var (
	ErrNameTaken = errors.New("the name is taken") // unique among custom metrics
	ErrInUse     = errors.New("it is in use")      // something refers to it
)

// Position is the custom metric's place in an order of CustomMetrics.
func (m *CustomMetric) Position(string) Position { return momentPosition(m.CreatedAt, m.ID) }

var customMetricListing = listing{
	query: "custom_metric_select",
	id:    column{expression: "id"},
	sorts: map[string]column{"created": {expression: "created_at", kind: moment}},
}

// CustomMetrics reads a page.
func (s *Store) CustomMetrics(ctx context.Context, p Page) (rows []CustomMetric, more bool, err error) {
	return selectPage[CustomMetric](ctx, s, customMetricListing, p)
}

// CustomMetric reads one, or returns ErrNotFound.
func (s *Store) CustomMetric(ctx context.Context, id string) (CustomMetric, error) {
	return selectOne[CustomMetric](ctx, s, "custom metric", id, query("custom_metric_select")+"\nwhere id = $1")
}

// CustomMetricsByID reads those that exist, in no particular order.
func (s *Store) CustomMetricsByID(ctx context.Context, ids []string) ([]CustomMetric, error) {
	var rows []CustomMetric
	if err := s.DB.SelectContext(ctx, &rows, query("custom_metric_select")+"\nwhere id = any($1)", pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading %d custom metrics: %w", len(ids), err)
	}
	return rows, nil
}

// InsertCustomMetric creates one with CreatedAt as both its times, or returns ErrNameTaken.
func (s *Store) InsertCustomMetric(ctx context.Context, m CustomMetric) error {
	result, err := s.DB.ExecContext(ctx, query("custom_metric_insert"), m.ID, m.Name, m.Definition, m.CreatedAt)
	if err != nil {
		return fmt.Errorf("inserting custom metric %q: %w", m.Name, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNameTaken)
	}
	return nil
}

// UpdateCustomMetric changes the name and the definition where they are not nil, and gives what came of it. It returns
// ErrNotFound or ErrNameTaken.
func (s *Store) UpdateCustomMetric(ctx context.Context, id string, name *string, definition []byte, now time.Time) (CustomMetric, error) {
	var row CustomMetric
	var changed any
	if definition != nil {
		changed = types.JSONText(definition)
	}
	_, err := found(&row, s.DB.GetContext(ctx, &row, query("custom_metric_update"), id, name, changed, now))
	switch {
	case refusedWith(err, "unique_violation"):
		return row, ErrNameTaken
	case err != nil && !errors.Is(err, ErrNotFound):
		return row, fmt.Errorf("updating custom metric %s: %w", id, err)
	}
	return row, err
}

// DeleteCustomMetric deletes one. It returns ErrNotFound, or ErrInUse for one that a role is mapped to.
func (s *Store) DeleteCustomMetric(ctx context.Context, id string) error {
	result, err := s.DB.ExecContext(ctx, query("custom_metric_delete"), id)
	if refusedWith(err, "foreign_key_violation") {
		return ErrInUse
	}
	if err != nil {
		return fmt.Errorf("deleting custom metric %s: %w", id, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNotFound)
	}
	return nil
}

// refusedWith says whether Postgres refused a statement for one of the reasons, by their names in its manual.
func refusedWith(err error, reasons ...string) bool {
	var refused *pq.Error
	return errors.As(err, &refused) && slices.Contains(reasons, refused.Code.Name())
}
