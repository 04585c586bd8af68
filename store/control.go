package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Selection names runs that are inside: those for which every field that is set holds.
type Selection struct {
	Flow    string
	Step    string // where they wait
	Run     string
	Profile string
}

func (s *Selection) empty() bool { return *s == Selection{} }

// CancelRuns takes the selected runs out of their flow, with the reason, and gives how many those were.
func (s *Store) CancelRuns(ctx context.Context, tx *sqlx.Tx, which Selection, reason string) (int, error) {
	return s.reach(ctx, tx, "runs_cancel", which, reason)
}

// MoveRunsOn makes the selected runs due now, whatever they wait for, and gives how many those were.
func (s *Store) MoveRunsOn(ctx context.Context, tx *sqlx.Tx, which Selection) (int, error) {
	return s.reach(ctx, tx, "runs_move_on", which)
}

func (s *Store) reach(ctx context.Context, tx *sqlx.Tx, name string, which Selection, more ...any) (int, error) {
	if which.empty() {
		return 0, fmt.Errorf("no run is selected")
	}
	var n int
	err := tx.GetContext(ctx, &n, query(name), append([]any{which.Flow, which.Step, which.Run, which.Profile}, more...)...)
	if err != nil {
		return 0, fmt.Errorf("reaching runs: %w", err)
	}
	return n, nil
}

// ActiveRuns lists the selected runs by when they are due, at most limit.
func (s *Store) ActiveRuns(ctx context.Context, which Selection, limit int) ([]Run, error) {
	var runs []Run
	err := s.DB.SelectContext(ctx, &runs, query("runs_active"), which.Flow, which.Step, which.Run, which.Profile, limit)
	if err != nil {
		return nil, fmt.Errorf("reading runs: %w", err)
	}
	return runs, nil
}

// PauseFlow makes the runs of a flow stand still where they are; people go on entering it.
func (s *Store) PauseFlow(ctx context.Context, tx *sqlx.Tx, id string) error {
	return changed(tx.ExecContext(ctx, query("flow_pause"), id))
}

// ResumeFlow lets the runs of a paused flow go on: those that were due meanwhile do so at once.
func (s *Store) ResumeFlow(ctx context.Context, tx *sqlx.Tx, id string) error {
	if err := changed(tx.ExecContext(ctx, query("flow_resume"), id)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, query("flow_nudge_due"), id)
	return err
}

// ArchiveFlow lets nobody enter a flow any more and cancels the runs inside. Its history stays. Applying it again
// brings it back, empty.
func (s *Store) ArchiveFlow(ctx context.Context, tx *sqlx.Tx, id string) (cancelled int, err error) {
	if err := changed(tx.ExecContext(ctx, query("flow_archive"), id)); err != nil {
		return 0, err
	}
	return s.emptyFlow(ctx, tx, id, "Flow Archived")
}

// emptyFlow cancels the runs inside a flow and what waits for review there, with the reason.
func (s *Store) emptyFlow(ctx context.Context, tx *sqlx.Tx, id, reason string) (cancelled int, err error) {
	if _, err := tx.ExecContext(ctx, query("flow_cancel_reviews"), id, reason); err != nil {
		return 0, fmt.Errorf("cancelling the reviews of flow %s: %w", id, err)
	}
	return s.CancelRuns(ctx, tx, Selection{Flow: id}, reason)
}

// FlowVersion is a version of a flow that was applied.
type FlowVersion struct {
	FlowID    string    `db:"flow_id"`
	Hash      string    `db:"hash"`
	Status    string    `db:"status"`
	AppliedAt time.Time `db:"applied_at"`
}

// FlowVersions lists what was applied, the latest first.
func (s *Store) FlowVersions(ctx context.Context, id string, limit int) ([]FlowVersion, error) {
	var versions []FlowVersion
	if err := s.DB.SelectContext(ctx, &versions, query("flow_versions"), id, limit); err != nil {
		return nil, fmt.Errorf("reading the versions of flow %s: %w", id, err)
	}
	return versions, nil
}

// Inside is how many people wait at a step of a version.
type Inside struct {
	Hash   string `db:"hash"`
	Step   string `db:"step"`
	People int    `db:"people"`
}

// PeopleInside counts the people inside a flow by version and step.
func (s *Store) PeopleInside(ctx context.Context, id string) ([]Inside, error) {
	var inside []Inside
	if err := s.DB.SelectContext(ctx, &inside, query("flow_inside"), id); err != nil {
		return nil, fmt.Errorf("counting the people inside flow %s: %w", id, err)
	}
	return inside, nil
}

// CohortsOn lists the cohorts that Temporal has with members inside on a version.
func (s *Store) CohortsOn(ctx context.Context, flow, hash string) ([]string, error) {
	var ids []string
	if err := s.DB.SelectContext(ctx, &ids, query("cohorts_on_version"), flow, hash); err != nil {
		return nil, fmt.Errorf("reading the cohorts of flow %s: %w", flow, err)
	}
	return ids, nil
}

// MigrateRuns moves those of the runs that are on version from, at a step that has a place in steps, to version to,
// and gives them as they are then. What they watched is dropped.
func (s *Store) MigrateRuns(ctx context.Context, tx *sqlx.Tx, ids []string, from, to string, steps map[string]string) ([]Run, error) {
	var old, new []string
	for a, b := range steps {
		old, new = append(old, a), append(new, b)
	}
	var runs []Run
	err := tx.SelectContext(ctx, &runs, query("runs_migrate"), pq.Array(ids), from, to, pq.Array(old), pq.Array(new))
	if err != nil {
		return nil, fmt.Errorf("moving runs to another version: %w", err)
	}
	return runs, nil
}

// changed turns "no row" into ErrNotFound.
func changed(result interface{ RowsAffected() (int64, error) }, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return ErrNotFound
	}
	return nil
}
