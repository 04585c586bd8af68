package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// ReviewChannel is what Postgres notifies when reviews are approved.
const ReviewChannel = "legato_review"

// CancelledReason is the reason of an action that somebody cancelled.
const CancelledReason = "Email Cancelled"

// Review is an action of a run that waits until somebody approves or cancels it.
type Review struct {
	ID        int64     `db:"id"`
	FlowID    string    `db:"flow_id"`
	RunID     string    `db:"run_id"`
	EnteredAt time.Time `db:"entered_at"` // the run's
	Step      string    `db:"step"`
	Kind      string    `db:"kind"`
	ProfileID string    `db:"profile_id"`
	AheadUS   int64     `db:"ahead"` // microseconds by which its time is ahead of the clock
	CreatedAt time.Time `db:"created_at"`
	Email     string    `db:"email"` // the profile's; only Reviews reads it
	Again     time.Time `db:"-"`     // for FinishReviews: when to take it again; zero is never
}

// ReviewFilter says which undecided reviews are meant: those that match all that is set.
type ReviewFilter struct {
	Flow string
	Step string
	IDs  []int64 // nil is any
}

func (f ReviewFilter) ids() any {
	if f.IDs == nil {
		return nil
	}
	return pq.Array(f.IDs)
}

// AddReviews queues actions of one flow for review. One that was queued before stays as it is.
func (s *Store) AddReviews(ctx context.Context, tx *sqlx.Tx, flow string, reviews []Review, now time.Time) error {
	n := len(reviews)
	runs, steps, kinds, profiles := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	entered, ahead := make([]time.Time, n), make([]int64, n)
	for i, r := range reviews {
		runs[i], steps[i], kinds[i], profiles[i], entered[i], ahead[i] = r.RunID, r.Step, r.Kind, r.ProfileID, r.EnteredAt, r.AheadUS
	}
	_, err := tx.ExecContext(ctx, query("review_insert"), flow, now, pq.Array(runs), times(entered), pq.Array(steps), pq.Array(kinds),
		pq.Array(profiles), pq.Array(ahead))
	if err != nil {
		return fmt.Errorf("queueing reviews of flow %s: %w", flow, err)
	}
	return nil
}

// Reviews lists undecided reviews, the oldest first, after the id, at most limit.
func (s *Store) Reviews(ctx context.Context, f ReviewFilter, after int64, limit int) ([]Review, error) {
	var reviews []Review
	if err := s.DB.SelectContext(ctx, &reviews, query("reviews_waiting"), f.Flow, f.Step, f.ids(), after, limit); err != nil {
		return nil, fmt.Errorf("reading reviews: %w", err)
	}
	return reviews, nil
}

// ApproveReviews approves undecided reviews: a worker runs their steps, once each. It gives how many there were.
func (s *Store) ApproveReviews(ctx context.Context, q sqlx.QueryerContext, f ReviewFilter, by string, now time.Time) (int, error) {
	var n int
	if err := sqlx.GetContext(ctx, q, &n, query("review_approve"), f.Flow, f.Step, f.ids(), now, by); err != nil {
		return 0, fmt.Errorf("approving reviews: %w", err)
	}
	return n, nil
}

// CancelReviews cancels undecided reviews: their steps end as skipped. With leave the people leave the flow as well.
// It gives how many there were.
func (s *Store) CancelReviews(ctx context.Context, q sqlx.QueryerContext, f ReviewFilter, by string, leave bool, now time.Time) (int, error) {
	var n int
	if err := sqlx.GetContext(ctx, q, &n, query("review_cancel"), f.Flow, f.Step, f.ids(), now, by, leave, CancelledReason); err != nil {
		return 0, fmt.Errorf("cancelling reviews: %w", err)
	}
	return n, nil
}

// TakeReviews gives approved reviews that are due, at most limit, and keeps other workers off them until then.
func (s *Store) TakeReviews(ctx context.Context, now, until time.Time, limit int) ([]Review, error) {
	if _, err := s.DB.ExecContext(ctx, query("review_settle"), now); err != nil {
		return nil, fmt.Errorf("settling reviews: %w", err)
	}
	var reviews []Review
	if err := s.DB.SelectContext(ctx, &reviews, query("review_take"), now, until, limit); err != nil {
		return nil, fmt.Errorf("taking reviews: %w", err)
	}
	return reviews, nil
}

// FinishReviews notes that reviews are done, or when to take them Again, with AheadUS.
func (s *Store) FinishReviews(ctx context.Context, q sqlx.ExecerContext, reviews []Review, now time.Time) error {
	ids, ahead, again := make([]int64, len(reviews)), make([]int64, len(reviews)), make([]time.Time, len(reviews))
	for i, r := range reviews {
		ids[i], ahead[i], again[i] = r.ID, r.AheadUS, r.Again
	}
	if _, err := q.ExecContext(ctx, query("review_finish"), now, pq.Array(ids), times(again), pq.Array(ahead)); err != nil {
		return fmt.Errorf("finishing reviews: %w", err)
	}
	return nil
}
