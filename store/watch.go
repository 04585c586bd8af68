package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Kinds of what a run watches.
const (
	WatchEvent   = "event"   // Key is the metric's name
	WatchProfile = "profile" // any change of the profile
	WatchList    = "list"    // any change of its memberships
)

// Watch is something that may happen to a person who is inside a flow. Whoever stores such a thing nudges the run.
type Watch struct {
	RunID     string
	ProfileID string
	Step      string // the wait_for that watches; "" for the flow's exit_on
	Kind      string
	Key       string
	Since     time.Time // in the run's own time
}

// AddWatches locks the profiles and writes the watches. Runs to which such a thing has happened since are nudged.
func (s *Store) AddWatches(ctx context.Context, tx *sqlx.Tx, watches []Watch) error {
	n := len(watches)
	runs, profiles, steps, kinds, keys := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	since := make([]time.Time, n)
	for i, w := range watches {
		runs[i], profiles[i], steps[i], kinds[i], keys[i], since[i] = w.RunID, w.ProfileID, w.Step, w.Kind, w.Key, w.Since
	}
	locked := slices.Compact(slices.Sorted(slices.Values(profiles)))
	if _, err := tx.ExecContext(ctx, query("watch_lock"), pq.Array(locked)); err != nil {
		return fmt.Errorf("locking profiles to watch: %w", err)
	}
	_, err := tx.ExecContext(ctx, query("watch_insert"), pq.Array(runs), pq.Array(profiles), pq.Array(steps), pq.Array(kinds),
		pq.Array(keys), times(since))
	if err != nil {
		return fmt.Errorf("storing watches: %w", err)
	}
	if _, err := tx.ExecContext(ctx, query("watch_nudge_past"), pq.Array(runs), pq.Array(steps)); err != nil {
		return fmt.Errorf("looking at what happened meanwhile: %w", err)
	}
	return nil
}

// RemoveWatches drops the watches of each run's step, or all of the run's where Step is "".
func (s *Store) RemoveWatches(ctx context.Context, tx *sqlx.Tx, watches []Watch) error {
	runs, steps := make([]string, len(watches)), make([]string, len(watches))
	for i, w := range watches {
		runs[i], steps[i] = w.RunID, w.Step
	}
	if _, err := tx.ExecContext(ctx, query("watch_delete"), pq.Array(runs), pq.Array(steps)); err != nil {
		return fmt.Errorf("removing watches: %w", err)
	}
	return nil
}

// Since asks for a person's events since a moment.
type Since struct {
	ProfileID string
	Since     time.Time
	But       string // the id of an event that does not count, or ""
}

// eventsSinceLimit bounds how many events of one person and metric are looked at: the latest that were recorded.
const eventsSinceLimit = 100

// EventsSince gives for each question the person's events of the metrics since, oldest first, as expressions see
// them. An event counts from the second of Since on, unless it was recorded before.
func (s *Store) EventsSince(ctx context.Context, q sqlx.QueryerContext, questions []Since, metrics []string) ([][]map[string]any, error) {
	n := len(questions)
	profiles, but, since := make([]string, n), make([]string, n), make([]time.Time, n)
	for i, question := range questions {
		profiles[i], but[i], since[i] = question.ProfileID, question.But, question.Since
	}
	var rows []struct {
		N int `db:"n"`
		happeningRow
	}
	err := sqlx.SelectContext(ctx, q, &rows, query("events_since"), pq.Array(profiles), times(since), pq.Array(but), pq.Array(metrics), eventsSinceLimit)
	if err != nil {
		return nil, fmt.Errorf("reading events of %s: %w", strings.Join(metrics, ", "), err)
	}
	events := make([][]map[string]any, n)
	for _, row := range rows {
		happening, err := row.happening()
		if err != nil {
			return nil, err
		}
		events[row.N-1] = append(events[row.N-1], happening.Values)
	}
	return events, nil
}
