package ingest_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

var now = time.Date(2026, time.November, 24, 10, 0, 0, 123456000, time.UTC)

func newIngester(t *testing.T) (*ingest.Ingester, *store.Store) {
	t.Helper()
	s := testkit.Store(t)
	return ingest.New(s, func() time.Time { return now }), s
}

func by(name, value string) ingest.Change {
	return ingest.Change{Attributes: map[string]*string{name: &value}}
}

func number(t *testing.T, s *store.Store, query string, args ...any) int {
	t.Helper()
	var n int
	if err := s.DB.Get(&n, query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// flow makes a flow with one trigger.
func flow(t *testing.T, s *store.Store, id, status, kind, key string) {
	t.Helper()
	for _, q := range []string{
		fmt.Sprintf("insert into plan (hash, flow_id, body) values ('%s', '%s', '{}')", id, id),
		fmt.Sprintf("insert into flow (id, name, status, hash) values ('%s', '%s', '%s', '%s')", id, id, status, id),
		fmt.Sprintf("insert into flow_trigger values ('%s', '%s', '%s')", id, kind, key),
	} {
		if _, err := s.DB.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
}

func one(t *testing.T, g *ingest.Ingester, e ingest.Event) ingest.EventResult {
	t.Helper()
	results, err := g.Events(t.Context(), []ingest.Event{e})
	if err != nil || len(results) != 1 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	return results[0]
}

func TestAnEventIsStoredWithItsProfileMetricAndEntries(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	flow(t, s, "cart", "live", "metric", "Added to Cart")
	flow(t, s, "cart-draft", "draft", "metric", "Added to Cart")
	flow(t, s, "other", "live", "metric", "Placed Order")

	value, eur := json.Number("29.98"), "EUR"
	r := one(t, g, ingest.Event{Metric: "Added to Cart", Profile: by("email", "Ada@example.com"),
		Properties: json.RawMessage(`{"Items":[1,2]}`), Value: &value, Currency: &eur})
	if r.Err != nil || r.Duplicate || r.EventID == "" {
		t.Fatalf("result %+v", r)
	}
	e, err := s.Event(t.Context(), r.EventID)
	if err != nil {
		t.Fatal(err)
	}
	if !e.Time.Equal(now.Truncate(time.Second)) || !e.RecordedAt.Equal(now) || e.Metric != "Added to Cart" ||
		e.Value.String() != "29.98" || *e.Currency != "EUR" || e.UniqueID != fmt.Sprint(now.Unix()) || string(e.Properties) != `{"Items": [1, 2]}` {
		t.Errorf("stored %+v", e)
	}
	p, err := s.Profile(t.Context(), r.ProfileID)
	if err != nil || *p.Email != "Ada@example.com" || p.LastEventAt == nil || !p.LastEventAt.Equal(e.Time) {
		t.Errorf("profile %+v, %v", p, err)
	}
	var entry struct{ Flow, Profile, Key, Event string }
	if err := s.DB.QueryRow("select flow_id, profile_id, entry_key, event_id from outbox").Scan(&entry.Flow, &entry.Profile, &entry.Key, &entry.Event); err != nil {
		t.Fatal(err)
	}
	if entry.Flow != "cart" || entry.Profile != p.ID || entry.Key != "event/"+e.ID || entry.Event != e.ID {
		t.Errorf("outbox %+v", entry)
	}
	if n := number(t, s, "select count(*) from outbox"); n != 1 {
		t.Errorf("%d outbox rows: only the live flow of this metric is entered", n)
	}
}

func TestRepeatsAreDropped(t *testing.T) {
	t.Parallel()
	at := func(ms int) time.Time { return now.Truncate(time.Second).Add(time.Duration(ms) * time.Millisecond) }
	event := func(metric, email, id string, ms int) ingest.Event {
		return ingest.Event{Metric: metric, Profile: by("email", email), UniqueID: id, Time: at(ms)}
	}
	tests := map[string]struct {
		first, second ingest.Event
		stored        int
	}{
		"one unique id, another time":        {event("Placed Order", "a@example.com", "1", 0), event("Placed Order", "A@example.com", "1", 60000), 1},
		"one unique id, other profile":       {event("Placed Order", "a@example.com", "1", 0), event("Placed Order", "b@example.com", "1", 0), 2},
		"one unique id, other metric":        {event("Placed Order", "a@example.com", "1", 0), event("Refunded Order", "a@example.com", "1", 0), 2},
		"no unique id, one second":           {event("Viewed Product", "a@example.com", "", 200), event("Viewed Product", "a@example.com", "", 900), 1},
		"no unique id, two seconds":          {event("Viewed Product", "a@example.com", "", 200), event("Viewed Product", "a@example.com", "", 1200), 2},
		"the second's number as a unique id": {event("Viewed Product", "a@example.com", "", 0), event("Viewed Product", "a@example.com", fmt.Sprint(now.Unix()), 0), 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, together := range []bool{false, true} {
				g, s := newIngester(t)
				flow(t, s, "any", "live", "metric", test.second.Metric)
				var last ingest.EventResult
				if together {
					results, err := g.Events(t.Context(), []ingest.Event{test.first, test.second})
					if err != nil {
						t.Fatal(err)
					}
					last = results[1]
				} else {
					one(t, g, test.first)
					last = one(t, g, test.second)
				}
				if n := number(t, s, "select count(*) from event"); n != test.stored {
					t.Errorf("together %v: %d stored, want %d", together, n, test.stored)
				}
				if last.Duplicate != (test.stored == 1) || last.Err != nil {
					t.Errorf("together %v: the second is %+v", together, last)
				}
				if test.first.Metric == test.second.Metric {
					if n := number(t, s, "select count(*) from outbox"); n != test.stored {
						t.Errorf("together %v: %d entries, want %d", together, n, test.stored)
					}
				}
			}
		})
	}
}

func TestOneUniqueIDFromManySendersIsOneEventAndOneEntry(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	flow(t, s, "order", "live", "metric", "Placed Order")
	var wg sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = g.Events(t.Context(), []ingest.Event{{Metric: "Placed Order", UniqueID: "order-1",
				Profile: by("email", "ada@example.com"), Time: now.Add(time.Duration(i) * time.Second)}})
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	for table, want := range map[string]int{"event": 1, "outbox": 1, "profile": 1, "metric": 1, "event_key": 1} {
		if n := number(t, s, "select count(*) from "+table); n != want {
			t.Errorf("%s has %d rows, want %d", table, n, want)
		}
	}
}

func TestABackfilledEventTriggersNothing(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	flow(t, s, "cart", "live", "metric", "Added to Cart")
	if r := one(t, g, ingest.Event{Metric: "Added to Cart", Profile: by("email", "a@example.com"), Backfill: true}); r.EventID == "" {
		t.Fatalf("result %+v", r)
	}
	if n := number(t, s, "select count(*) from outbox"); n != 0 {
		t.Errorf("%d entries", n)
	}
}

func TestAnEventTriggersLiveAndManualFlows(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	for _, status := range []string{"live", "manual", "draft"} {
		flow(t, s, status, status, "metric", "Added to Cart")
	}
	one(t, g, ingest.Event{Metric: "Added to Cart", Profile: by("email", "a@example.com")})
	var flows string
	if err := s.DB.Get(&flows, "select string_agg(flow_id, ' ' order by flow_id) from outbox"); err != nil || flows != "live manual" {
		t.Errorf("%s, %v", flows, err)
	}
}

func TestAnUnknownProfileRefusesItsEventOnly(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	results, err := g.Events(t.Context(), []ingest.Event{
		{Metric: "M", Profile: ingest.Change{ID: "01HZZZZZZZZZZZZZZZZZZZZZZZ"}},
		{Metric: "M", Profile: by("email", "a@example.com")},
	})
	if err != nil || results[0].Err != ingest.ErrUnknownProfile || results[1].EventID == "" {
		t.Fatalf("%+v, %v", results, err)
	}
	if n := number(t, s, "select count(*) from event"); n != 1 {
		t.Errorf("%d events", n)
	}
}

// The last statement of the transaction fails: nothing of the earlier ones may stay.
func TestAFailureLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	flow(t, s, "cart", "live", "metric", "Added to Cart")
	if _, err := s.DB.Exec("alter table outbox add constraint refuse check (flow_id <> 'cart')"); err != nil {
		t.Fatal(err)
	}
	event := ingest.Event{Metric: "Added to Cart", Profile: by("email", "a@example.com"), UniqueID: "1"}
	if _, err := g.Events(t.Context(), []ingest.Event{event}); err == nil {
		t.Fatal("no error")
	}
	for _, table := range []string{"event", "outbox", "profile", "metric", "event_key"} {
		if n := number(t, s, "select count(*) from "+table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	if _, err := s.DB.Exec("alter table outbox drop constraint refuse"); err != nil {
		t.Fatal(err)
	}
	if r := one(t, g, event); r.EventID == "" { // neither the metric cache nor the dedupe remembers the failure
		t.Errorf("a later try: %+v", r)
	}
}

func TestAnOrderedProductIsAPurchase(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	for i, properties := range []string{
		`{"ProductID":"mug","Quantity":2}`, `{"Product ID":"mug"}`, `{"ItemID":7,"Quantity":"3"}`, `{"Name":"no id"}`,
	} {
		one(t, g, ingest.Event{Metric: "Ordered Product", Profile: by("email", "a@example.com"), UniqueID: fmt.Sprint(i),
			Properties: json.RawMessage(properties), Time: now.Add(time.Duration(i) * time.Hour)})
		one(t, g, ingest.Event{Metric: "Ordered Product", Profile: by("email", "a@example.com"), UniqueID: fmt.Sprint(i),
			Properties: json.RawMessage(properties)}) // a repeat buys nothing
	}
	var bought []struct {
		ItemID   string    `db:"item_id"`
		Quantity string    `db:"quantity"`
		LastAt   time.Time `db:"last_at"`
	}
	if err := s.DB.Select(&bought, "select item_id, quantity, last_at from purchase order by item_id"); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%v", func() (all []string) {
		for _, b := range bought {
			all = append(all, b.ItemID+" "+b.Quantity+" "+b.LastAt.UTC().Format("15:04"))
		}
		return all
	}())
	if want := "[7 3 12:00 mug 3 11:00]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestEventIDsSortByReceipt(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	tick := now
	g := ingest.New(s, func() time.Time { tick = tick.Add(50 * time.Microsecond); return tick })
	last := ""
	for i := range 20 {
		r := one(t, g, ingest.Event{Metric: "M", Profile: by("email", "a@example.com"), UniqueID: fmt.Sprint(i)})
		if r.EventID <= last || r.EventID[14] != '7' {
			t.Fatalf("%s after %s", r.EventID, last)
		}
		last = r.EventID
	}
}
