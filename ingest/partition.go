package ingest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// monthSet remembers the months that have a partition. There are a few hundred at most: events are from 1990 to
// next year.
type monthSet struct {
	mu    sync.Mutex
	known map[int]bool
}

// monthsAhead is for how many months after this one partitions are made before they are needed.
const monthsAhead = 3

// PrepareMonths makes the partitions of this month and the next few, so that no event has to wait for one when a month
// begins. An event of any other month makes its own. Partitions are kept for ever.
func PrepareMonths(ctx context.Context, s *store.Store, now time.Time) error {
	now = now.UTC()
	for ahead := range monthsAhead + 1 {
		month := time.Date(now.Year(), now.Month()+time.Month(ahead), 1, 0, 0, 0, 0, time.UTC)
		if err := s.EnsureEventPartition(ctx, month); err != nil {
			return err
		}
	}
	return nil
}

// KeepMonths keeps the partitions of the coming months ready until ctx ends.
func KeepMonths(ctx context.Context, s *store.Store, c clock.Clock, log *slog.Logger) {
	for ctx.Err() == nil {
		pause := 6 * time.Hour
		if err := PrepareMonths(ctx, s, c.Now()); err != nil && ctx.Err() == nil {
			log.Warn("making partitions for the coming months, to be tried again", "error", err)
			pause = time.Minute
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// ensureMonth makes room for events of that month. It works outside any transaction.
func (g *Ingester) ensureMonth(ctx context.Context, at time.Time) error {
	month := at.UTC().Year()*12 + int(at.UTC().Month())
	g.months.mu.Lock()
	known := g.months.known[month]
	g.months.mu.Unlock()
	if known {
		return nil
	}
	if err := g.store.EnsureEventPartition(ctx, at); err != nil {
		return err
	}
	g.months.mu.Lock()
	defer g.months.mu.Unlock()
	if g.months.known == nil {
		g.months.known = map[int]bool{}
	}
	g.months.known[month] = true
	return nil
}
