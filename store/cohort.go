package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Cohort is the people who entered one version of a flow together. Its id is the Temporal workflow's.
type Cohort struct {
	ID     string `db:"id"`
	FlowID string `db:"flow_id"`
	Hash   string `db:"hash"`
	Size   int    `db:"size"`
}

// CohortRun is what starting a cohort needs to know of a run.
type CohortRun struct {
	ID        string       `db:"id"`
	ProfileID string       `db:"profile_id"`
	Step      string       `db:"step"`
	DueAt     sql.NullTime `db:"due_at"`
	AheadUS   int64        `db:"ahead"`
	Wait      string       `db:"-"` // what it waits in, for people to read; "" when read again
}

// AddCohort writes a cohort and its runs.
func (s *Store) AddCohort(ctx context.Context, tx *sqlx.Tx, cohort Cohort, runs []Run) error {
	if _, err := tx.ExecContext(ctx, query("cohort_insert"), cohort.ID, cohort.FlowID, cohort.Hash, len(runs)); err != nil {
		return fmt.Errorf("storing cohort %s: %w", cohort.ID, err)
	}
	n := len(runs)
	ids, profiles, keys, steps := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	events := make([]sql.NullString, n)
	eventTimes, entered, due := make([]time.Time, n), make([]time.Time, n), make([]time.Time, n)
	ahead, depths, places := make([]int64, n), make([]int64, n), make([]time.Time, n)
	for i, r := range runs {
		depths[i], places[i] = int64(r.Depth), r.PlaceFrom.Time
		ids[i], profiles[i], keys[i], steps[i], events[i] = r.ID, r.ProfileID, r.EntryKey, r.Step, r.EventID
		eventTimes[i], entered[i], due[i], ahead[i] = r.EventTime.Time, r.EnteredAt, r.DueAt.Time, r.AheadUS
	}
	_, err := tx.ExecContext(ctx, query("run_insert"), cohort.FlowID, cohort.Hash, cohort.ID, pq.Array(ids), pq.Array(profiles),
		pq.Array(keys), pq.Array(events), times(eventTimes), times(entered), pq.Array(ahead), times(due), pq.Array(depths), times(places), pq.Array(steps))
	if err != nil {
		return fmt.Errorf("storing the runs of cohort %s: %w", cohort.ID, err)
	}
	return nil
}

// MarkStarted notes that Temporal has the cohorts.
func (s *Store) MarkStarted(ctx context.Context, q sqlx.ExecerContext, ids []string) error {
	if _, err := q.ExecContext(ctx, query("cohort_started"), pq.Array(ids)); err != nil {
		return fmt.Errorf("noting started cohorts: %w", err)
	}
	return nil
}

// UnstartedCohorts locks cohorts older than age that Temporal has not acknowledged, for the length of tx.
func (s *Store) UnstartedCohorts(ctx context.Context, tx *sqlx.Tx, age time.Duration, limit int) ([]Cohort, error) {
	var cohorts []Cohort
	if err := tx.SelectContext(ctx, &cohorts, query("cohort_unstarted"), age.Seconds(), limit); err != nil {
		return nil, fmt.Errorf("reading cohorts that did not start: %w", err)
	}
	return cohorts, nil
}

// CohortRuns lists the active runs of a cohort by id.
func (s *Store) CohortRuns(ctx context.Context, q sqlx.QueryerContext, id string) ([]CohortRun, error) {
	var runs []CohortRun
	if err := sqlx.SelectContext(ctx, q, &runs, query("cohort_runs"), id); err != nil {
		return nil, fmt.Errorf("reading the runs of cohort %s: %w", id, err)
	}
	return runs, nil
}
