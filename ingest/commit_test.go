package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
)

func single(i int) ingest.Event {
	return ingest.Event{Metric: "Viewed", Profile: by("email", fmt.Sprintf("p%d@example.com", i%50)), UniqueID: fmt.Sprint(i)}
}

// TestEventsThatComeTogetherFailAlone sends good events, refused ones, ones that Postgres cannot take, and ones
// whose senders hang up, all at once.
func TestEventsThatComeTogetherFailAlone(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	var wg sync.WaitGroup
	var stored atomic.Int64
	for i := range 400 {
		wg.Go(func() {
			e, ctx := single(i), t.Context()
			switch i % 40 {
			case 7:
				e.Properties = json.RawMessage(`{"a":"\u0000"}`) // jsonb refuses it
				if r, err := g.Event(ctx, e); err == nil {
					t.Errorf("event %d: %+v", i, r)
				}
				return
			case 13:
				e.Profile = ingest.Change{ID: "nobody"}
				if r, err := g.Event(ctx, e); err != nil || !errors.Is(r.Err, ingest.ErrUnknownProfile) {
					t.Errorf("event %d: %+v, %v", i, r, err)
				}
				return
			case 21:
				gone, hangUp := context.WithCancel(ctx)
				hangUp()
				e.Metric = "Abandoned"
				_, _ = g.Event(gone, e)
				return
			}
			if r, err := g.Event(ctx, e); err != nil || r.Err != nil || r.Duplicate || r.EventID == "" {
				t.Errorf("event %d: %+v, %v", i, r, err)
			}
			stored.Add(1)
		})
	}
	wg.Wait()
	if n := number(t, s, "select count(*) from event e join metric m on m.id = e.metric_id where m.name = 'Viewed'"); int64(n) != stored.Load() {
		t.Errorf("%d events are stored of %d", n, stored.Load())
	}
}

// TestEventsAreRefusedWhenTooManyWait holds Postgres up with a lock until the queue is full.
func TestEventsAreRefusedWhenTooManyWait(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	one(t, g, single(0))
	tx := s.DB.MustBegin()
	defer func() { _ = tx.Rollback() }()
	tx.MustExec("lock table event_key in access exclusive mode")
	var wg sync.WaitGroup
	var accepted, refused atomic.Int64
	for i := range 11_500 {
		wg.Go(func() {
			switch _, err := g.Event(t.Context(), single(i+1)); {
			case err == nil:
				accepted.Add(1)
			case errors.Is(err, ingest.ErrOverloaded):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	for end := time.Now().Add(time.Minute); g.Overloaded() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the queue was never full")
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if n := number(t, s, "select count(*) from event"); int64(n) != accepted.Load()+1 {
		t.Errorf("%d are stored, %d were accepted", n, accepted.Load())
	}
	if refused.Load() == 0 || g.Overloaded() != nil {
		t.Errorf("%d were refused, and now: %v", refused.Load(), g.Overloaded())
	}
}

func TestClosingFinishesWhatWasTakenIn(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	var wg sync.WaitGroup
	var accepted atomic.Int64
	for i := range 200 {
		wg.Go(func() {
			switch _, err := g.Event(t.Context(), single(i)); {
			case err == nil:
				accepted.Add(1)
			case !errors.Is(err, ingest.ErrClosed):
				t.Error(err)
			}
		})
	}
	time.Sleep(5 * time.Millisecond)
	g.Close()
	wg.Wait()
	if n := number(t, s, "select count(*) from event"); int64(n) != accepted.Load() {
		t.Errorf("%d are stored, %d were accepted", n, accepted.Load())
	}
	if _, err := g.Event(t.Context(), single(1000)); !errors.Is(err, ingest.ErrClosed) {
		t.Error(err)
	}
}
