package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// Backfiller carries backfills on: so many people per second for each, in transactions that also write how far it
// has got, so that a worker that dies leaves nobody out and lets nobody in twice.
type Backfiller struct {
	Store *store.Store
	Log   *slog.Logger
}

// Step lets the next people of every running backfill in, a second's worth each, and returns how many it looked
// at.
func (b *Backfiller) Step(ctx context.Context) (int, error) {
	ids, err := b.Store.RunningBackfills(ctx)
	if err != nil {
		return 0, err
	}
	seen := 0
	for _, id := range ids {
		err := b.Store.Tx(ctx, func(tx *sqlx.Tx) error {
			running, err := b.Store.TakeBackfill(ctx, tx, id)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			past, err := b.Store.NextPast(ctx, tx, running, running.PerSecond)
			if err != nil {
				return err
			}
			seen += len(past)
			return b.Store.EnterPast(ctx, tx, running, past, len(past) == running.PerSecond)
		})
		if err != nil {
			return seen, fmt.Errorf("backfilling: %w", err)
		}
	}
	return seen, nil
}

// Serve carries backfills on until ctx ends.
func (b *Backfiller) Serve(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := b.Step(ctx); err != nil && ctx.Err() == nil {
			b.Log.Error("carrying a backfill on", "error", err)
		}
	}
}

// BackfillOptions are how people are let in.
type BackfillOptions struct {
	FromStart bool // of a list flow: as if they had joined just now, instead of where they would be
	PerSecond int  // 1 to 1000
}

// NewBackfill says what a backfill of the flow's first metric or list trigger looks at: what lies no further back
// than the flow is long. It refuses flows for which a backfill means nothing.
func NewBackfill(p *plan.Plan, account string, now time.Time, o BackfillOptions) (store.Backfill, error) {
	b := store.Backfill{FlowID: p.Flow, Placed: !o.FromStart, PerSecond: o.PerSecond, Until: now}
	switch {
	case p.TriggerOf(plan.TriggerMetric, "") != nil:
		b.Kind, b.Key = plan.TriggerMetric, p.TriggerOf(plan.TriggerMetric, "").Key()
		if o.FromStart {
			return b, errors.New("people of a metric flow are placed by when their event was; only a list flow can be entered from the start")
		}
	case p.TriggerOf(plan.TriggerList, "") != nil:
		b.Kind, b.Key = plan.TriggerList, p.TriggerOf(plan.TriggerList, "").Key()
	default:
		return b, errors.New("only flows with a metric or a list trigger have past people; a date flow plans its own")
	}
	if o.PerSecond < 1 || o.PerSecond > 1000 {
		return b, errors.New("expected 1 to 1000 people per second")
	}
	end := p.End(now, plan.Day{}, func(name string) *time.Location { return clock.Zone(name, account) })
	length := end.Sub(now)
	if b.Placed && length <= 0 {
		return b, errors.New("the flow has no wait before an action, so everybody of the past would be through it already")
	}
	b.Since = now.Add(-length - 24*time.Hour) // a day more: the person's zone may make waits longer
	if o.FromStart {
		b.Since = time.Unix(0, 0).UTC()
	}
	return b, nil
}
