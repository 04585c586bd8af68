package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// MappedMetric is a role that metrics play, such as revenue, and who plays it: a metric, a custom metric, or nobody.
type MappedMetric struct {
	ID             string    `db:"id"`
	MetricID       *string   `db:"metric_id"`
	CustomMetricID *string   `db:"custom_metric_id"`
	UpdatedAt      time.Time `db:"updated_at"`
}

// Position is the role's place in an order of MappedMetrics.
func (m *MappedMetric) Position(string) Position { return position(&m.ID, m.ID) }

var mappedMetricListing = listing{
	query: "mapped_metric_select",
	id:    column{expression: "r.id"},
	sorts: map[string]column{"id": {expression: "r.id"}},
}

// MappedMetrics reads a page of the roles. One for which nobody has chosen is played by the oldest metric that has the
// usual name.
func (s *Store) MappedMetrics(ctx context.Context, p Page) (rows []MappedMetric, more bool, err error) {
	return selectPage[MappedMetric](ctx, s, mappedMetricListing, p)
}

// MappedMetric reads one, or returns ErrNotFound.
func (s *Store) MappedMetric(ctx context.Context, id string) (MappedMetric, error) {
	return selectOne[MappedMetric](ctx, s, "mapped metric", id, query("mapped_metric_select")+"\nwhere r.id = $1")
}

// ErrUnknownMetric is returned for a metric or custom metric that is not there.
var ErrUnknownMetric = errors.New("there is no such metric")

// MapMetric lets change say who plays a role from now on, from who does so far. It returns ErrNotFound for a role that
// there is not, and ErrUnknownMetric.
func (s *Store) MapMetric(ctx context.Context, id string, now time.Time, change func(*MappedMetric)) error {
	return s.Tx(ctx, func(tx *sqlx.Tx) error {
		var m MappedMetric
		if _, err := found(&id, tx.GetContext(ctx, &id, query("mapped_metric_hold"), id)); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &m, query("mapped_metric_select")+"\nwhere r.id = $1", id); err != nil {
			return fmt.Errorf("reading mapped metric %s: %w", id, err)
		}
		change(&m)
		_, err := tx.ExecContext(ctx, query("mapped_metric_update"), id, m.MetricID, m.CustomMetricID, now)
		if refusedWith(err, "foreign_key_violation") {
			return ErrUnknownMetric
		}
		if err != nil {
			return fmt.Errorf("mapping metric %s: %w", id, err)
		}
		return nil
	})
}
