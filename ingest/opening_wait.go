package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// openingWait is the wait that a flow begins with. Whoever enters such a flow is brought to it here, among the thousands
// that enter at once, so that the workflow has nothing to do before it waits.
type openingWait struct {
	step    *program.Step
	account *store.Account
}

// openingWait gives the wait that everybody who enters takes first; nil when what comes first depends on more than the
// time, and is left to advance.
func (d *Dispatcher) openingWait(ctx context.Context, g *program.Program, flow *store.Flow) (*openingWait, error) {
	i := g.Index(g.Plan.Entry)
	if i < 0 || flow.Paused || len(g.ExitOn) > 0 {
		return nil, nil
	}
	s := &g.Steps[i]
	if s.Wait == nil || s.Wait.Date != nil || s.Status == plan.Draft || s.Filter != nil || !s.LiveAfter {
		return nil, nil
	}
	account, err := d.Store.Account(ctx)
	return &openingWait{s, account}, err
}

// bring lets the run wait, if it enters now and the wait lasts, and gives what is to be recorded about that.
func (f *openingWait) bring(run *store.Run, m candidate, c clock.Clock, now time.Time) *store.Outcome {
	if m.entry.DueAt.Valid || m.entry.PlaceFrom.Valid { // planned ahead, or on the way to a place: advance knows more
		return nil
	}
	due := f.step.Wait.Due(now, clock.Zone(plan.Zones(f.step.Wait.Timezone, m.person.Timezone, f.account.Timezone)...)).UTC().Truncate(time.Microsecond)
	if !due.After(now) {
		return nil
	}
	_, ahead := clock.Clock{Now: func() time.Time { return now }, Speed: c.Speed}.Wake(0, due)
	run.Step, run.DueAt.Time, run.AheadUS = f.step.Next, due, ahead.Microseconds()
	outcome := store.Outcome{RunID: run.ID, EnteredAt: run.EnteredAt, Step: f.step.ID, Kind: f.step.Kind, Result: store.Done, At: now}
	if detail, err := json.Marshal(map[string]any{"until": due}); err == nil {
		text := string(detail)
		outcome.Detail = &text
	}
	return &outcome
}

func (d *Dispatcher) record(ctx context.Context, tx *sqlx.Tx, outcomes []store.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	if _, err := d.Store.AddOutcomes(ctx, tx, outcomes); err != nil {
		return fmt.Errorf("recording the first wait: %w", err)
	}
	return nil
}
