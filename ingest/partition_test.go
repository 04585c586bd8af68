package ingest_test

import (
	"context"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"golang.org/x/sync/errgroup"
)

func TestTheComingMonthsHavePartitionsAhead(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	// On the 31st, in a zone where the month is over already.
	at := time.Date(2026, time.November, 1, 3, 0, 0, 0, time.FixedZone("", 5*3600))
	for range 2 {
		if err := ingest.PrepareMonths(t.Context(), s, at); err != nil {
			t.Fatal(err)
		}
	}
	var names string
	if err := s.DB.Get(&names, "select string_agg(inhrelid::regclass::text, ' ' order by 1) from pg_inherits where inhparent = 'event'::regclass"); err != nil {
		t.Fatal(err)
	}
	if want := "event_202610 event_202611 event_202612 event_202701"; names != want {
		t.Errorf("%s, want %s", names, want)
	}
	var indexes int
	if err := s.DB.Get(&indexes, "select count(*) from pg_index where indrelid = 'event_202701'::regclass"); err != nil || indexes < 5 {
		t.Errorf("%d indexes, %v", indexes, err)
	}
}

// A month that is made while events are being written does not wait for them, nor they for it.
func TestAMonthIsMadeWhileEventsAreWritten(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	one(t, g, ingest.Event{Metric: "M", Profile: by("email", "a@example.com"), UniqueID: "1"})
	tx, err := s.DB.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec("insert into event select gen_random_uuid(), profile_id, metric_id, time, recorded_at, '2', value, currency, properties, backfill, depth from event"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.EnsureEventPartition(ctx, now.AddDate(0, 6, 0)); err != nil {
		t.Errorf("while a transaction has written events: %v", err)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
}

func TestAMonthThatManyMakeAtOnceIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	for ahead := range 10 {
		month := time.Date(2031, time.Month(1+ahead), 1, 0, 0, 0, 0, time.UTC)
		var group errgroup.Group
		for range 8 {
			group.Go(func() error { return s.EnsureEventPartition(t.Context(), month) })
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}
