package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// RetryChannel is what Postgres notifies when somebody asks that failed steps be repeated.
const RetryChannel = "legato_retry"

// Retrying is the result of a failed step that is being repeated, until there is a new one.
const Retrying = "retrying"

// Failure is a step that failed for a person, or of which nobody knows whether it did.
type Failure struct {
	At        time.Time `db:"at"` // in the run's own time
	FlowID    string    `db:"flow_id"`
	RunID     string    `db:"run_id"`
	Step      string    `db:"step"`
	Kind      string    `db:"kind"`
	ProfileID string    `db:"profile_id"`
	Result    string    `db:"result"` // failed | held | retrying
	Reason    string    `db:"reason"`
	Error     string    `db:"error"`
}

// Failures lists what failed in a flow, or in all where flow is "", newest first, at most limit.
func (s *Store) Failures(ctx context.Context, flow string, limit int) ([]Failure, error) {
	var failures []Failure
	if err := s.DB.SelectContext(ctx, &failures, query("failures"), flow, limit); err != nil {
		return nil, fmt.Errorf("reading failures: %w", err)
	}
	return failures, nil
}

// RetryFailures asks that the failed emails, alerts and webhooks of a flow, or of all where flow is "", be repeated, and
// says how many there are. What may have arrived is not among them.
func (s *Store) RetryFailures(ctx context.Context, flow string, now time.Time) (n int, err error) {
	err = s.Tx(ctx, func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &n, query("failure_retry"), flow, now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, query("retry_wake"))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("asking for failed steps to be repeated: %w", err)
	}
	return n, nil
}

// Retry is a failed step that is to be repeated.
type Retry struct {
	RunID string    `db:"run_id"`
	Step  string    `db:"step"`
	DueAt time.Time `db:"due_at"`
}

// TakeRetries takes failed steps that are due, at most limit. They are due again when they have not been put back or
// finished within the lease.
func (s *Store) TakeRetries(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Retry, error) {
	var due []Retry
	if err := s.DB.SelectContext(ctx, &due, query("retry_take"), now, now.Add(lease), limit); err != nil {
		return nil, fmt.Errorf("taking failed steps: %w", err)
	}
	return due, nil
}

// PutRetries notes, of one step, for which runs it is over and for which it is due later.
func (s *Store) PutRetries(ctx context.Context, tx *sqlx.Tx, step string, over []string, later []Retry) error {
	if _, err := tx.ExecContext(ctx, query("retry_over"), step, pq.Array(over)); err != nil {
		return fmt.Errorf("finishing failed steps: %w", err)
	}
	runs, due := make([]string, len(later)), make([]time.Time, len(later))
	for i, r := range later {
		runs[i], due[i] = r.RunID, r.DueAt
	}
	if _, err := tx.ExecContext(ctx, query("retry_later"), step, pq.Array(runs), times(due)); err != nil {
		return fmt.Errorf("putting failed steps off: %w", err)
	}
	return nil
}
