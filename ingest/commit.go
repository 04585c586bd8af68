package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/lib/pq"
	"github.com/prometheus/client_golang/prometheus"
)

// Bounds of what single events may take up before they are committed.
const (
	committers  = 2        // transactions at a time: one writes while the other waits for the disk
	batchEvents = 500      // in one transaction
	batchBytes  = 8 << 20  // of JSON in one transaction, unless a single event takes more
	queueEvents = 10_000   // that wait
	queueBytes  = 64 << 20 // of JSON that waits
	linger      = 2 * time.Millisecond
	// commitTimeout is less than what an HTTP request may take, so that senders hear of a Postgres that hangs.
	commitTimeout = 20 * time.Second
)

// Errors of Event that come from load or from stopping. The same call may succeed later.
var (
	// ErrOverloaded: as much waits to be written as may.
	ErrOverloaded = errors.New("too many events wait to be written")
	// ErrClosed: the Ingester takes nothing more in.
	ErrClosed = errors.New("the server is stopping")
)

// committer gathers single events that arrive together into transactions: group commit. Its zero value is not
// ready; see newCommitter.
type committer struct {
	// commit writes events in one transaction, all or none.
	commit func(context.Context, []Event) ([]EventResult, error)
	sizes  prometheus.Histogram

	mu      sync.Mutex
	queue   []*waiting
	bytes   int // of the queue
	running int // transactions, and those about to be
	want    int // how many events somebody lingers for; 0: nobody does
	closed  bool
	ready   chan struct{} // has a value when want has come
	workers sync.WaitGroup
}

// waiting is an event on its way.
type waiting struct {
	ctx   context.Context
	event Event
	size  int
	done  chan answer // has room for one
}

type answer struct {
	result EventResult
	err    error
}

func newCommitter(commit func(context.Context, []Event) ([]EventResult, error)) *committer {
	return &committer{commit: commit, ready: make(chan struct{}, 1), sizes: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "legato_ingest_batch_events",
		Help:    "Single events that were committed in one transaction.",
		Buckets: prometheus.ExponentialBuckets(1, 2, 10),
	})}
}

// Event takes in one event: when it returns without an error, the event is committed unless the result says that
// it was refused. Events that arrive together share a transaction; one that is alone is written at once. When ctx
// ends first, the event may still be stored. ErrOverloaded means that Postgres does not keep up.
func (g *Ingester) Event(ctx context.Context, e Event) (EventResult, error) {
	if e.Time.IsZero() {
		e.Time = g.now() // a second attempt must not make it another event
	}
	w := &waiting{ctx: ctx, event: e, size: weight(&e), done: make(chan answer, 1)}
	if err := g.single.add(w); err != nil {
		return EventResult{}, err
	}
	select {
	case a := <-w.done:
		return a.result, a.err
	case <-ctx.Done():
		return EventResult{}, ctx.Err()
	}
}

// Overloaded returns ErrOverloaded or ErrClosed while Event would, so that nobody reads a body in vain.
func (g *Ingester) Overloaded() error {
	g.single.mu.Lock()
	defer g.single.mu.Unlock()
	return g.single.full(0)
}

// Close lets Event refuse what comes from now on, and returns when everything taken in before has been answered.
func (g *Ingester) Close() {
	g.single.mu.Lock()
	g.single.closed = true
	g.single.mu.Unlock()
	g.single.workers.Wait()
}

// weight is about how many bytes an event holds in memory.
func weight(e *Event) int {
	n := 512 + len(e.Properties) + len(e.Metric) + len(e.UniqueID)
	for _, fields := range []map[string]json.RawMessage{e.Profile.Location, e.Profile.Properties} {
		for name, value := range fields {
			n += len(name) + len(value)
		}
	}
	for _, fields := range []map[string][]json.RawMessage{e.Profile.Append, e.Profile.Unappend} {
		for name, values := range fields {
			n += len(name)
			for _, value := range values {
				n += len(value)
			}
		}
	}
	return n
}

// full says why size more bytes would not be taken. The caller holds mu.
func (c *committer) full(size int) error {
	switch {
	case c.closed:
		return ErrClosed
	case len(c.queue) >= queueEvents, len(c.queue) > 0 && c.bytes+size > queueBytes:
		return ErrOverloaded
	}
	return nil
}

// add queues an event, and sees to it that somebody writes it.
func (c *committer) add(w *waiting) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.full(w.size); err != nil {
		return err
	}
	c.queue = append(c.queue, w)
	c.bytes += w.size
	if c.running < committers && c.want == 0 {
		c.running++
		c.workers.Go(c.run)
	} else if c.want > 0 && len(c.queue) >= c.want {
		c.want = 0
		select {
		case c.ready <- struct{}{}:
		default:
		}
	}
	return nil
}

// run writes batches until nothing waits.
func (c *committer) run() {
	for last := 1; ; {
		batch := c.take(last)
		if batch == nil {
			return
		}
		c.sizes.Observe(float64(len(batch)))
		c.write(batch)
		last = len(batch)
	}
}

// take removes the next batch from the queue, or returns nil when there is none: then the caller's place is free.
// After a batch of several, those who were just answered are likely to send more; it is worth waiting a moment for
// as many again instead of writing the first one alone.
func (c *committer) take(last int) []*waiting {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last > 1 && len(c.queue) < last && c.want == 0 && !c.closed {
		c.want = last
		c.mu.Unlock()
		timer := time.NewTimer(linger)
		select {
		case <-c.ready:
		case <-timer.C:
		}
		timer.Stop()
		c.mu.Lock()
		c.want = 0
	}
	var batch []*waiting
	bytes := 0
	for len(c.queue) > 0 && len(batch) < batchEvents {
		w := c.queue[0]
		if len(batch) > 0 && bytes+w.size > batchBytes {
			break
		}
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.bytes -= w.size
		if err := w.ctx.Err(); err != nil { // nobody waits for it any more, and nobody was told that it is in
			w.done <- answer{err: err}
			continue
		}
		batch = append(batch, w)
		bytes += w.size
	}
	if batch == nil {
		c.running--
		c.queue = nil
	}
	return batch
}

// write commits a batch and tells everybody. One that fails as a whole is written in halves, so that what is
// wrong with one event is told to its sender alone.
func (c *committer) write(batch []*waiting) {
	events := make([]Event, len(batch))
	for i, w := range batch {
		events[i] = w.event
	}
	results, err := c.try(events)
	switch {
	case err == nil:
		for i, w := range batch {
			w.done <- answer{result: results[i]}
		}
	case len(batch) > 1 && divisible(err):
		c.write(batch[:len(batch)/2])
		c.write(batch[len(batch)/2:])
	default:
		for _, w := range batch {
			w.done <- answer{err: err}
		}
	}
}

// errPanic is a mistake of ours that an event brought to light.
var errPanic = errors.New("panic")

// try commits under a time limit of its own: the sender of one event cannot end the transaction of the others.
func (c *committer) try(events []Event) (results []EventResult, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			results, err = nil, fmt.Errorf("%w: %v\n%s", errPanic, cause, debug.Stack())
		}
	}()
	return c.commit(ctx, events)
}

// divisible says whether an error may be due to one event of several, and not to Postgres being out of reach.
func divisible(err error) bool {
	if errors.Is(err, ErrBusy) || errors.Is(err, errPanic) {
		return true
	}
	var refused *pq.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code.Class() {
	case "08", "53", "57", "58": // connection, resources, operator, system
		return false
	}
	return true
}
