package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Statuses of a run.
const (
	RunActive    = "active"
	RunDone      = "done"      // came to the end
	RunExited    = "exited"    // left by an exit step, or could not go on
	RunCancelled = "cancelled" // was taken out
)

// Run is one person's way through a flow. Times are in the run's own time, which is the clock's except where
// development sped its waits up.
type Run struct {
	ID         string         `db:"id"`
	FlowID     string         `db:"flow_id"`
	Hash       string         `db:"hash"`
	ProfileID  string         `db:"profile_id"`
	EntryKey   string         `db:"entry_key"`
	CohortID   string         `db:"cohort_id"`
	EventID    sql.NullString `db:"event_id"`
	EventTime  sql.NullTime   `db:"event_time"`
	EnteredAt  time.Time      `db:"entered_at"`
	AheadUS    int64          `db:"ahead"`
	Step       string         `db:"step"` // what is next; "" before the first step
	DueAt      sql.NullTime   `db:"due_at"`
	Status     string         `db:"status"`
	Reason     string         `db:"reason"`
	FinishedAt sql.NullTime   `db:"finished_at"`
	Depth      int            `db:"depth"`      // how many runs led to this one, each by an event of the one before
	PlaceFrom  sql.NullTime   `db:"place_from"` // valid until the run has been placed where it would be, had it entered then
	Paused     bool           `db:"paused"`     // its flow is; only read with Runs
	Data       []byte         `db:"data"`       // a JSON object: by step id, what a step keeps for later ones
}

// Ahead is how far the run's time is ahead of the clock.
func (r *Run) Ahead() time.Duration { return time.Duration(r.AheadUS) * time.Microsecond }

// LockEntries keeps other dispatchers from letting these people into the flow until tx ends.
func (s *Store) LockEntries(ctx context.Context, tx *sqlx.Tx, flow string, profiles []string) error {
	if _, err := tx.ExecContext(ctx, query("run_lock_entries"), flow, pq.Array(profiles)); err != nil {
		return fmt.Errorf("locking entries of flow %s: %w", flow, err)
	}
	return nil
}

// LastEntries gives when each of these people last entered the flow; who never did is not in it.
func (s *Store) LastEntries(ctx context.Context, tx *sqlx.Tx, flow string, profiles []string) (map[string]time.Time, error) {
	var rows []struct {
		ProfileID string       `db:"profile_id"`
		EnteredAt sql.NullTime `db:"entered_at"`
	}
	if err := tx.SelectContext(ctx, &rows, query("run_last_entries"), flow, pq.Array(profiles)); err != nil {
		return nil, fmt.Errorf("reading earlier entries of flow %s: %w", flow, err)
	}
	last := make(map[string]time.Time, len(rows))
	for _, row := range rows {
		if row.EnteredAt.Valid {
			last[row.ProfileID] = row.EnteredAt.Time
		}
	}
	return last, nil
}

// ExistingEntries tells which of these entries (profile and key) have a run, as "profile key".
func (s *Store) ExistingEntries(ctx context.Context, tx *sqlx.Tx, flow string, profiles, keys []string) (map[string]bool, error) {
	var rows []struct {
		ProfileID string `db:"profile_id"`
		EntryKey  string `db:"entry_key"`
	}
	if err := tx.SelectContext(ctx, &rows, query("run_existing_entries"), flow, pq.Array(profiles), pq.Array(keys)); err != nil {
		return nil, fmt.Errorf("reading entries of flow %s: %w", flow, err)
	}
	existing := make(map[string]bool, len(rows))
	for _, row := range rows {
		existing[row.ProfileID+" "+row.EntryKey] = true
	}
	return existing, nil
}

// Runs gives the runs with these ids, in no order. An id without a run is not in it.
func (s *Store) Runs(ctx context.Context, ids []string) ([]Run, error) {
	var runs []Run
	if err := s.DB.SelectContext(ctx, &runs, query("runs_by_id"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading runs: %w", err)
	}
	return runs, nil
}

// RunsOfProfile lists a person's runs, oldest first, at most limit.
func (s *Store) RunsOfProfile(ctx context.Context, profile string, limit int) ([]Run, error) {
	var runs []Run
	err := s.DB.SelectContext(ctx, &runs, query("runs_of_profile"), profile, limit)
	return runs, err
}

// Move is a change of a run's place, from where it was found.
type Move struct {
	Run      Run // as it shall be: Step, DueAt, AheadUS, Status, Reason, FinishedAt, PlaceFrom, Data
	FromStep string
	FromDue  sql.NullTime
}

// MoveRuns moves runs that are still where they were found, and whose, and gives the ids of those it moved.
func (s *Store) MoveRuns(ctx context.Context, tx *sqlx.Tx, moves []Move) (map[string]bool, error) {
	n := len(moves)
	ids, steps, statuses, reasons, fromSteps := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	due, finished, fromDue := make([]time.Time, n), make([]time.Time, n), make([]time.Time, n)
	ahead, places, data, profiles := make([]int64, n), make([]time.Time, n), make([]string, n), make([]string, n)
	for i, m := range moves {
		places[i], data[i], profiles[i] = m.Run.PlaceFrom.Time, string(m.Run.Data), m.Run.ProfileID
		if data[i] == "" {
			data[i] = "{}"
		}
		ids[i], steps[i], statuses[i], reasons[i], fromSteps[i] = m.Run.ID, m.Run.Step, m.Run.Status, m.Run.Reason, m.FromStep
		due[i], finished[i], fromDue[i], ahead[i] = m.Run.DueAt.Time, m.Run.FinishedAt.Time, m.FromDue.Time, m.Run.AheadUS
	}
	var moved []string
	err := tx.SelectContext(ctx, &moved, query("runs_move"), pq.Array(ids), pq.Array(steps), times(due), pq.Array(ahead),
		pq.Array(statuses), pq.Array(reasons), times(finished), pq.Array(fromSteps), times(fromDue), times(places), pq.Array(data), pq.Array(profiles))
	if err != nil {
		return nil, fmt.Errorf("moving runs: %w", err)
	}
	set := make(map[string]bool, len(moved))
	for _, id := range moved {
		set[id] = true
	}
	return set, nil
}
