package ingest

import (
	"context"
	"sync"
	"time"
)

// monthSet remembers the months that have a partition. There are a few hundred at most: events are from 1990 to
// next year.
type monthSet struct {
	mu    sync.Mutex
	known map[int]bool
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
