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

// Statuses of a backfill.
const (
	BackfillRunning   = "running"
	BackfillDone      = "done"
	BackfillCancelled = "cancelled"
)

// Backfill lets people into a flow who triggered it before.
type Backfill struct {
	ID         int64        `db:"id"`
	FlowID     string       `db:"flow_id"`
	Kind       string       `db:"kind"` // metric | list
	Key        string       `db:"key"`  // the metric's name, the list's id
	Placed     bool         `db:"placed"`
	PerSecond  int          `db:"per_second"`
	Since      time.Time    `db:"since"` // what happened in [Since, Until) counts
	Until      time.Time    `db:"until"`
	CursorTime time.Time    `db:"cursor_time"`
	CursorID   string       `db:"cursor_id"`
	Total      int          `db:"total"`
	Seen       int          `db:"seen"`
	Status     string       `db:"status"`
	CreatedAt  time.Time    `db:"created_at"`
	FinishedAt sql.NullTime `db:"finished_at"`
}

// Past is something that would have let somebody in.
type Past struct {
	ProfileID string    `db:"profile_id"`
	EntryKey  string    `db:"entry_key"`
	EventID   string    `db:"event_id"` // "" of a membership
	At        time.Time `db:"at"`
	CursorID  string    `db:"cursor_id"`
}

// ErrBackfillRunning: the flow has a backfill that has not ended.
var ErrBackfillRunning = errors.New("a backfill of this flow is running")

// StartBackfill counts what there is to look at and writes the backfill, which a worker takes up.
func (s *Store) StartBackfill(ctx context.Context, b Backfill) (*Backfill, error) {
	counting := "backfill_events_count"
	if b.Kind == "list" {
		counting = "backfill_members_count"
	}
	var total int
	if err := s.DB.GetContext(ctx, &total, query(counting), b.Key, b.Since, b.Until); err != nil {
		return nil, fmt.Errorf("counting what a backfill of flow %s would look at: %w", b.FlowID, err)
	}
	var row Backfill
	err := s.DB.GetContext(ctx, &row, query("backfill_insert"), b.FlowID, b.Kind, b.Key, b.Placed, b.PerSecond, b.Since, b.Until, total)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrBackfillRunning
	}
	if err != nil {
		return nil, fmt.Errorf("starting a backfill of flow %s: %w", b.FlowID, err)
	}
	return &row, nil
}

// LatestBackfill finds a flow's last backfill, or returns ErrNotFound.
func (s *Store) LatestBackfill(ctx context.Context, flow string) (*Backfill, error) {
	var b Backfill
	return found(&b, s.DB.GetContext(ctx, &b, query("backfill_latest"), flow))
}

// CancelBackfill stops a flow's backfill where it is. Who was let in stays in.
func (s *Store) CancelBackfill(ctx context.Context, flow string) error {
	return changed(s.DB.ExecContext(ctx, query("backfill_cancel"), flow))
}

// RunningBackfills lists the ids of the backfills that have not ended.
func (s *Store) RunningBackfills(ctx context.Context) ([]int64, error) {
	var ids []int64
	if err := s.DB.SelectContext(ctx, &ids, query("backfill_running")); err != nil {
		return nil, fmt.Errorf("reading backfills: %w", err)
	}
	return ids, nil
}

// TakeBackfill locks a running backfill for the length of tx, or returns ErrNotFound where it has ended or another
// worker is at it.
func (s *Store) TakeBackfill(ctx context.Context, tx *sqlx.Tx, id int64) (*Backfill, error) {
	var b Backfill
	return found(&b, tx.GetContext(ctx, &b, query("backfill_take"), id))
}

// NextPast reads what comes next in a backfill, oldest first.
func (s *Store) NextPast(ctx context.Context, tx *sqlx.Tx, b *Backfill, limit int) ([]Past, error) {
	name := "backfill_events"
	if b.Kind == "list" {
		name = "backfill_members"
	}
	var past []Past
	if err := tx.SelectContext(ctx, &past, query(name), b.Key, b.CursorTime, b.CursorID, b.Until, limit); err != nil {
		return nil, fmt.Errorf("reading what a backfill of flow %s looks at: %w", b.FlowID, err)
	}
	return past, nil
}

// EnterPast writes entries of a backfill into the outbox, and how far it has got. The backfill ends when there is
// nothing more.
func (s *Store) EnterPast(ctx context.Context, tx *sqlx.Tx, b *Backfill, past []Past, more bool) error {
	n := len(past)
	profiles, keys, events, at := make([]string, n), make([]string, n), make([]string, n), make([]time.Time, n)
	for i, p := range past {
		profiles[i], keys[i], events[i], at[i] = p.ProfileID, p.EntryKey, p.EventID, p.At
	}
	cursorTime, cursorID := b.CursorTime, b.CursorID
	if n > 0 {
		cursorTime, cursorID = past[n-1].At, past[n-1].CursorID
		_, err := tx.ExecContext(ctx, query("outbox_insert_past"), b.FlowID, pq.Array(profiles), pq.Array(keys), pq.Array(events), times(at), b.Placed)
		if err != nil {
			return fmt.Errorf("entering people into flow %s: %w", b.FlowID, err)
		}
	}
	if _, err := tx.ExecContext(ctx, query("backfill_advance"), b.ID, cursorTime, cursorID, n, !more); err != nil {
		return fmt.Errorf("noting the progress of a backfill of flow %s: %w", b.FlowID, err)
	}
	return nil
}
