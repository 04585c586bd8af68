package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// DefaultService is the service of a metric whose sender names none.
const DefaultService = "api"

// metricName is what identifies a metric.
type metricName struct{ name, service string }

// metricCache remembers ids of metrics, which never change.
type metricCache struct {
	mu  sync.RWMutex
	ids map[metricName]string
}

// ErrTooManyMetrics: an event is of a metric that is not there, and there may be no more.
var ErrTooManyMetrics = errors.New("there are as many metrics as there may be")

// LimitMetrics refuses events that would make more than so many metrics, besides the server's own; 0 is no bound. What is
// refused is an ErrTooManyMetrics. Several that are made at once may exceed it. It must be called before anything is taken in.
func (g *Ingester) LimitMetrics(most int) { g.most = most }

const maxCachedMetrics = 10_000

func (c *metricCache) get(n metricName) (string, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	id, ok := c.ids[n]
	return id, ok
}

// put takes ids that are committed.
func (c *metricCache) put(ids map[metricName]string) {
	if len(ids) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil || len(c.ids)+len(ids) > maxCachedMetrics {
		c.ids = map[metricName]string{}
	}
	for n, id := range ids {
		c.ids[n] = id
	}
}

// metricIDs gives the ids of the metrics, creating those that are missing; one that may not be created has none. fresh are those that the cache may
// take once the transaction is committed.
func (g *Ingester) metricIDs(ctx context.Context, tx *sqlx.Tx, names []metricName, now time.Time) (ids, fresh map[metricName]string, err error) {
	ids = map[metricName]string{}
	var missing []store.Metric
	for _, n := range names {
		if _, ok := ids[n]; ok {
			continue
		}
		id, ok := g.metrics.get(n)
		if ids[n] = id; !ok {
			missing = append(missing, store.Metric{ID: store.ShortID(), Name: n.name, Service: n.service})
		}
	}
	if g.most > 0 && slices.ContainsFunc(missing, func(m store.Metric) bool { return m.Service != OwnService }) {
		if missing, err = g.store.AddableMetrics(ctx, tx, missing, g.most, OwnService); err != nil {
			return nil, nil, err
		}
	}
	if len(missing) == 0 {
		return ids, nil, nil
	}
	stored, err := g.store.EnsureMetrics(ctx, tx, missing, now)
	if err != nil {
		return nil, nil, err
	}
	fresh = map[metricName]string{}
	for _, m := range stored {
		ids[metricName{m.Name, m.Service}] = m.ID
		fresh[metricName{m.Name, m.Service}] = m.ID
	}
	return ids, fresh, nil
}
