package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Nudge asks that a run be looked at before it is due.
type Nudge struct {
	ID       int64          `db:"id"`
	RunID    string         `db:"run_id"`
	CohortID sql.NullString `db:"cohort_id"` // not valid when the run has come to its end
	Started  bool           `db:"started"`   // whether Temporal has the cohort
}

// AddNudges asks that the runs be looked at.
func (s *Store) AddNudges(ctx context.Context, tx *sqlx.Tx, runs []string) error {
	if _, err := tx.ExecContext(ctx, query("nudge_insert"), pq.Array(runs)); err != nil {
		return fmt.Errorf("nudging runs: %w", err)
	}
	return nil
}

// TakeNudges locks the oldest nudges that nobody else holds, for the length of tx.
func (s *Store) TakeNudges(ctx context.Context, tx *sqlx.Tx, limit int) ([]Nudge, error) {
	var nudges []Nudge
	if err := tx.SelectContext(ctx, &nudges, query("nudge_take"), limit); err != nil {
		return nil, fmt.Errorf("reading nudges: %w", err)
	}
	return nudges, nil
}

// DropNudges removes nudges that have been passed on.
func (s *Store) DropNudges(ctx context.Context, tx *sqlx.Tx, ids []int64) error {
	if _, err := tx.ExecContext(ctx, query("nudge_delete"), pq.Array(ids)); err != nil {
		return fmt.Errorf("removing nudges: %w", err)
	}
	return nil
}
