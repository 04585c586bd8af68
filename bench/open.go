package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/dev/process"
	"github.com/legato-flow/legato/store"
)

// waitFlow is a flow of one wait and one message.
const waitFlow = `
flow: %s
status: live
trigger:
  metric: Added to Cart
steps:
  - wait: %s
  - email: bench
`

// The flows of the open runs: who stays, whom the clock wakes, and who is moved on.
const (
	staying = "staying"
	woken   = "woken"
	moved   = "moved"
)

// openRuns lets many people wait, measures what they take, and wakes some of them at once: first those whose waits end
// at one moment, then as many others that somebody moves on.
func openRuns(ctx context.Context, s *stage, o options) ([]row, error) {
	for _, flow := range []string{staying, moved} {
		if err := s.apply(ctx, flow, fmt.Sprintf(waitFlow, flow, "30d")); err != nil {
			return nil, err
		}
	}
	memory, err := resident()
	if err != nil {
		return nil, err
	}
	tables, temporal, err := s.disk(ctx)
	if err != nil {
		return nil, err
	}
	w, err := s.worker(ctx, cohortMax)
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	s.progress("open: letting people in")
	stayed, err := s.let(ctx, staying, o.open-2*o.wake)
	if err != nil {
		return nil, err
	}
	if _, err := s.let(ctx, moved, o.wake); err != nil {
		return nil, err
	}
	s.progress("open: measuring the disk")
	tablesAfter, temporalAfter, err := s.disk(ctx)
	if err != nil {
		return nil, err
	}
	s.progress("open: letting in those who wake")
	moment := time.Now().UTC().Truncate(time.Minute).Add(2 * time.Minute)
	if err := s.apply(ctx, woken, fmt.Sprintf(waitFlow, woken, fmt.Sprintf("{until: %q, timezone: UTC}", moment.Format("15:04")))); err != nil {
		return nil, err
	}
	if _, err := s.let(ctx, woken, o.wake); err != nil {
		return nil, err
	}
	if time.Now().After(moment) {
		return nil, errors.New("the first waits end before the last have begun: want a smaller -wake")
	}
	memoryAfter, err := resident()
	if err != nil {
		return nil, err
	}
	server, err := process.Memory(s.under.temporal.PID())
	if err != nil {
		return nil, err
	}
	s.progress("open: waiting for the moment")
	time.Sleep(time.Until(moment))
	took, err := s.finished(ctx, woken, woken, o.wake, moment)
	if err != nil {
		return nil, err
	}
	s.progress("open: moving on")
	start := time.Now()
	err = s.store.Tx(ctx, func(tx *sqlx.Tx) error {
		_, err := s.store.MoveRunsOn(ctx, tx, store.Selection{Flow: moved})
		return err
	})
	if err != nil {
		return nil, err
	}
	tookMoved, err := s.finished(ctx, moved, moved, o.wake, start)
	if err != nil {
		return nil, err
	}
	each := func(n int64) float64 { return float64(n) / float64(o.open-o.wake) }
	none := func(work, ours string) row { return row{work: work, against: "–", ours: ours, ratio: "–"} }
	return []row{
		none(fmt.Sprintf("%d open runs: people let in", o.open), fmt.Sprintf("%.0f/s", stayed)),
		none(fmt.Sprintf("%d open runs: memory after garbage collection", o.open),
			fmt.Sprintf("worker %s (%s without runs), Temporal %s", megabytes(memoryAfter), megabytes(memory), megabytes(server))),
		none(fmt.Sprintf("%d open runs: bytes on disk", o.open-o.wake), fmt.Sprintf("runs, cohorts and outcomes %s (%.0f a run), Temporal %s (%.0f a run)",
			megabytes(tablesAfter-tables), each(tablesAfter-tables), megabytes(temporalAfter-temporal), each(temporalAfter-temporal))),
		none(fmt.Sprintf("%d of them wake at one moment: until all have sent", o.wake), fmt.Sprintf("%.1f s = %.0f/s", took.Seconds(), perSecond(o.wake, took))),
		none(fmt.Sprintf("%d others are moved on: until all have sent", o.wake), fmt.Sprintf("%.1f s = %.0f/s", tookMoved.Seconds(), perSecond(o.wake, tookMoved))),
	}, nil
}

// let makes n people enter a flow and waits until all of them wait in it. It gives how many a second did.
func (s *stage) let(ctx context.Context, flow string, n int) (float64, error) {
	if err := s.people(ctx, flow, n); err != nil {
		return 0, err
	}
	if err := s.enter(ctx, flow, flow); err != nil {
		return 0, err
	}
	start := time.Now()
	took, err := s.until(ctx, start, `select not exists (select from outbox where flow_id = $1)
		and not exists (select from run where flow_id = $1 and status = 'active' and step = '')`, flow)
	if err != nil {
		return 0, err
	}
	var waiting int
	err = s.store.DB.GetContext(ctx, &waiting, "select count(*) from run where flow_id = $1 and status = 'active' and due_at > now()", flow)
	if err == nil && waiting != n {
		err = fmt.Errorf("%d of %d wait in flow %s", waiting, n, flow)
	}
	return perSecond(n, took), err
}

// disk gives the bytes of our tables about runs and those of Temporal's store.
func (s *stage) disk(ctx context.Context) (tables, temporal int64, err error) {
	if tables, err = s.relations(ctx, "legato", "^(run|cohort|outcome)"); err != nil {
		return 0, 0, err
	}
	if s.under.kind == onPostgres {
		temporal, err = s.kept(ctx)
	} else {
		temporal, err = s.under.file()
	}
	return tables, temporal, err
}
