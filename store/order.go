package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// OrderHistory sums up a person's orders.
type OrderHistory struct {
	ProfileID   string       `db:"profile_id"`
	Orders      int64        `db:"orders"`
	Total       json.Number  `db:"total"`        // of their values; an order without one counts as 0
	Average     json.Number  `db:"average"`      // value, rounded to two places
	DaysBetween *json.Number `db:"days_between"` // on average, rounded to two places; nil with fewer than two orders
}

// OrderHistories sums up the profiles' orders that were placed until now: the events of the metric. A profile without any
// is not among them.
func (s *Store) OrderHistories(ctx context.Context, metricID string, profiles []string, now time.Time) ([]OrderHistory, error) {
	var rows []OrderHistory
	if err := s.DB.SelectContext(ctx, &rows, query("order_history"), pq.Array(profiles), metricID, now); err != nil {
		return nil, fmt.Errorf("reading the orders of %d profiles: %w", len(profiles), err)
	}
	return rows, nil
}
