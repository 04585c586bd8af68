package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// DatesChannel is what Postgres notifies when a profile's dates change.
const DatesChannel = "legato_dates"

// PlannedTill gives how far the date planner has looked for a flow, and keeps other planners away from the flow
// until tx ends. A flow that was never planned starts at now. busy is true where another planner is at it.
func (s *Store) PlannedTill(ctx context.Context, tx *sqlx.Tx, flow string, now time.Time) (till time.Time, busy bool, err error) {
	if _, err := tx.ExecContext(ctx, query("date_plan_open"), flow, now); err != nil {
		return till, false, fmt.Errorf("planning dates of flow %s: %w", flow, err)
	}
	err = tx.GetContext(ctx, &till, query("date_plan_lock"), flow)
	if errors.Is(err, sql.ErrNoRows) {
		return till, true, nil
	}
	if err != nil {
		return till, false, fmt.Errorf("planning dates of flow %s: %w", flow, err)
	}
	return till, false, nil
}

// SetPlannedTill notes how far the date planner has looked for a flow.
func (s *Store) SetPlannedTill(ctx context.Context, tx *sqlx.Tx, flow string, till time.Time) error {
	if _, err := tx.ExecContext(ctx, query("date_plan_set"), flow, till); err != nil {
		return fmt.Errorf("planning dates of flow %s: %w", flow, err)
	}
	return nil
}

// DateCandidate is somebody with a date that may matter.
type DateCandidate struct {
	ProfileID string `db:"profile_id"`
	Year      int    `db:"year"`
	Month     int    `db:"month"`
	Day       int    `db:"day"`
	Timezone  string `db:"timezone"` // as stored, unchecked
}

// MonthDay is a day of any year.
type MonthDay struct {
	Month time.Month
	Day   int
}

// DateCandidates finds the people whose date property falls on one of the days, or those of them among only.
func (s *Store) DateCandidates(ctx context.Context, q sqlx.QueryerContext, property string, days []MonthDay, only []string) ([]DateCandidate, error) {
	months, numbers := make([]int64, len(days)), make([]int64, len(days))
	for i, d := range days {
		months[i], numbers[i] = int64(d.Month), int64(d.Day)
	}
	var people any
	if only != nil {
		people = pq.Array(only)
	}
	var candidates []DateCandidate
	err := sqlx.SelectContext(ctx, q, &candidates, query("date_candidates"), property, pq.Array(months), pq.Array(numbers), people)
	if err != nil {
		return nil, fmt.Errorf("finding people by the date %s: %w", property, err)
	}
	return candidates, nil
}
