package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
	"golang.org/x/sync/errgroup"
)

// directHands is how many batches are advanced at once without Temporal, as with it (worker.New).
const directHands = 32

// direct does what Legato does with the same batches: the dispatcher's SQL, and advance with its SQL, rendering and
// SMTP. Instead of Temporal a few goroutines call advance, and timers of this process see to the waits.
func (s *stage) direct(ctx context.Context, prefix string, n int) (float64, error) {
	if err := s.queueUp(ctx, benchFlow, prefix, n); err != nil {
		return 0, err
	}
	start := time.Now()
	group, working := errgroup.WithContext(ctx)
	l := &line{ready: make(chan workflows.Batch, n)} // a run is in one batch at a time
	l.open.Add(1)                                    // the dispatcher
	advance := s.advance()
	for range directHands {
		group.Go(func() error { return l.work(working, advance) })
	}
	group.Go(func() error {
		defer l.leave()
		d := &ingest.Dispatcher{Store: s.store, Clock: clock.System(1), Programs: s.programs, Starter: l, Max: cohortMax, Log: s.log}
		for {
			if taken, err := d.Dispatch(working); err != nil || taken == 0 {
				return err
			}
		}
	})
	if err := group.Wait(); err != nil {
		return 0, err
	}
	took, err := s.finished(ctx, benchFlow, prefix, n, start)
	if err != nil {
		return 0, err
	}
	return perSecond(n, took), nil
}

// line is where batches wait until they are due. It stands in for Temporal.
type line struct {
	ready chan workflows.Batch
	open  atomic.Int64 // batches that wait or are being advanced
}

// work advances batches until there are no more.
func (l *line) work(ctx context.Context, advance *activities.Advance) error {
	for {
		select {
		case batch, more := <-l.ready:
			if !more {
				return nil
			}
			result, err := advance.Run(ctx, batch)
			if err != nil {
				return fmt.Errorf("advancing: %w", err)
			}
			for _, group := range result.Waiting {
				l.add(workflows.Batch{Flow: batch.Flow, Hash: batch.Hash, Runs: group.Runs}, group.Due)
			}
			l.leave()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *line) add(batch workflows.Batch, due time.Time) {
	l.open.Add(1)
	if wait := time.Until(due); wait > 0 {
		time.AfterFunc(wait, func() { l.ready <- batch })
		return
	}
	l.ready <- batch
}

// leave says that a batch is dealt with. After the last no more come.
func (l *line) leave() {
	if l.open.Add(-1) == 0 {
		close(l.ready)
	}
}

// Start takes a cohort as a batch that is due.
func (l *line) Start(_ context.Context, cohort store.Cohort, runs []store.CohortRun) error {
	batch := workflows.Batch{Flow: cohort.FlowID, Hash: cohort.Hash}
	for _, run := range runs {
		batch.Runs = append(batch.Runs, run.ID)
	}
	l.add(batch, runs[0].DueAt.Time)
	return nil
}

// Nudge has nobody to nudge: nothing in the flow waits for anything but time.
func (l *line) Nudge(context.Context, string, []string) error { return nil }
