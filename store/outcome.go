package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Results of a step.
const (
	Done    = "done"
	Skipped = "skipped" // passed over, for the reason given; the run went on
	Failed  = "failed"
	Held    = "held" // nobody knows whether it happened, so it is not repeated
)

// Outcome is what became of one step of one run.
type Outcome struct {
	RunID     string    `db:"run_id"`
	EnteredAt time.Time `db:"entered_at"` // the run's
	Step      string    `db:"step"`
	Kind      string    `db:"kind"`
	Result    string    `db:"result"`
	Reason    string    `db:"reason"`
	Detail    *string   `db:"detail"` // JSON, or nil
	At        time.Time `db:"at"`     // in the run's own time
}

// AddOutcomes writes the outcomes whose step has none yet, and tells which those were, as "run step".
func (s *Store) AddOutcomes(ctx context.Context, tx *sqlx.Tx, outcomes []Outcome) (map[string]bool, error) {
	n := len(outcomes)
	runs, steps, kinds, results := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	reasons, details := make([]string, n), make([]string, n)
	entered, at := make([]time.Time, n), make([]time.Time, n)
	for i, o := range outcomes {
		runs[i], steps[i], kinds[i], results[i], reasons[i] = o.RunID, o.Step, o.Kind, o.Result, o.Reason
		entered[i], at[i] = o.EnteredAt, o.At
		if o.Detail != nil {
			details[i] = *o.Detail
		}
	}
	var rows []struct {
		RunID string `db:"run_id"`
		Step  string `db:"step"`
	}
	err := tx.SelectContext(ctx, &rows, query("outcome_insert"), pq.Array(runs), times(entered), pq.Array(steps), pq.Array(kinds),
		pq.Array(results), pq.Array(reasons), pq.Array(details), times(at))
	if err != nil {
		return nil, fmt.Errorf("storing outcomes: %w", err)
	}
	written := make(map[string]bool, len(rows))
	for _, row := range rows {
		written[row.RunID+" "+row.Step] = true
	}
	return written, nil
}

// Outcomes lists what became of the steps of these runs, in the order it happened.
func (s *Store) Outcomes(ctx context.Context, runs []string) ([]Outcome, error) {
	var outcomes []Outcome
	err := s.DB.SelectContext(ctx, &outcomes, query("outcomes_of_runs"), pq.Array(runs))
	return outcomes, err
}

// Refusal is why somebody who triggered a flow did not enter it.
type Refusal struct {
	FlowID    string    `db:"flow_id"`
	ProfileID string    `db:"profile_id"`
	EntryKey  string    `db:"entry_key"`
	Reason    string    `db:"reason"`
	At        time.Time `db:"at"`
}

// Reasons of a refusal.
const (
	RefusedTriggerFilter = "trigger_filter"
	RefusedProfileFilter = "profile_filter"
	RefusedReentry       = "reentry"
	RefusedLate          = "late_event" // it was recorded too long after it had happened
	RefusedNotLive       = "flow_not_live"
	RefusedDeleted       = "profile_deleted"
	RefusedChain         = "chain_too_long" // too many flows started one another
)

// AddRefusals records refusals to enter one flow.
func (s *Store) AddRefusals(ctx context.Context, tx *sqlx.Tx, flow string, refusals []Refusal) error {
	n := len(refusals)
	profiles, keys, reasons, at := make([]string, n), make([]string, n), make([]string, n), make([]time.Time, n)
	for i, r := range refusals {
		profiles[i], keys[i], reasons[i], at[i] = r.ProfileID, r.EntryKey, r.Reason, r.At
	}
	_, err := tx.ExecContext(ctx, query("refusal_insert"), flow, pq.Array(profiles), pq.Array(keys), pq.Array(reasons), times(at))
	if err != nil {
		return fmt.Errorf("storing refusals of flow %s: %w", flow, err)
	}
	return nil
}

// RefusalsOfProfile lists a person's refusals, oldest first, at most limit.
func (s *Store) RefusalsOfProfile(ctx context.Context, profile string, limit int) ([]Refusal, error) {
	var refusals []Refusal
	err := s.DB.SelectContext(ctx, &refusals, query("refusals_of_profile"), profile, limit)
	return refusals, err
}
