package simulate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/flow/apply"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/simulate"
	"github.com/legato-flow/legato/store"
)

// fingerprint is all tables of a database with what is in them.
func fingerprint(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	var tables []string
	err := s.DB.Select(&tables, "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema') order by 1")
	if err != nil {
		t.Fatal(err)
	}
	prints := map[string]string{}
	for _, table := range tables {
		var print string
		if err := s.DB.Get(&print, "select count(*) || ' ' || coalesce(md5(string_agg(x::text, ',' order by x::text)), '') from "+table+" x"); err != nil {
			t.Fatal(err)
		}
		prints[table] = print
	}
	return prints
}

// shop is a database with events of the past month: of three people with carts, one of whom ordered, and of one who
// only looked.
func shop(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	now := noon
	in := ingest.New(s, func() time.Time { return now })
	for _, e := range []struct {
		name, metric string
		value        int
		at           time.Duration
	}{
		{"ada", "Placed Order", 10, -40 * 24 * time.Hour}, {"ada", "Added to Cart", 30, -5 * 24 * time.Hour},
		{"bo", "Added to Cart", 40, -4 * 24 * time.Hour}, {"bo", "Placed Order", 40, -4*24*time.Hour + 10*time.Minute},
		{"cy", "Added to Cart", 5, -3 * 24 * time.Hour}, {"cy", "Added to Cart", 50, -30 * time.Minute},
		{"di", "Viewed Product", 0, -3 * 24 * time.Hour},
		{"ada", "Added to Cart", 60, -50 * 24 * time.Hour}, // before the window
	} {
		value := json.Number(fmt.Sprint(e.value))
		address := e.name + "@example.com"
		now = noon.Add(e.at)
		results, err := in.Events(t.Context(), []ingest.Event{{Metric: e.metric, Value: &value, Backfill: e.name == "ada",
			Profile: ingest.Change{Attributes: map[string]*string{"email": &address, "first_name": &e.name},
				Properties: map[string]json.RawMessage{"vip": json.RawMessage("true")}}}})
		if err != nil || results[0].Err != nil {
			t.Fatal(err, results)
		}
	}
	if err := s.WritePropertyTypes(t.Context()); err != nil { // not some time later
		t.Fatal(err)
	}
	return s
}

func TestHistoryTellsWhoWouldHaveGotWhatAndStaysAsItIs(t *testing.T) {
	t.Parallel()
	url := testkit.DatabaseURL(t)
	real := shop(t, url)
	d, f := written(t, bigCart)
	if err := apply.Definitions(t.Context(), real, d); err != nil {
		t.Fatal(err)
	}
	before := fingerprint(t, real)

	scratch, err := simulate.OpenScratch(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	w := simulate.Window{From: noon.AddDate(0, 0, -30), Till: noon}
	s, err := simulate.New(t.Context(), scratch, w.From, simulate.Options{Definitions: d, Flow: f})
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.OverHistory(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if err := scratch.Close(); err != nil {
		t.Fatal(err)
	}

	var out bytes.Buffer
	report.Print(&out, 10)
	want := `2026-01-31 12:00:00 to 2026-03-02 12:00:00: 3 people, 5 events

entered 3, active 1, done 2
refused 1: trigger_filter

wait-1        done                         3
email-letter  done                         1
email-letter  skipped: Fails Flow Filters  1

1 messages
2026-02-25 13:00:00 UTC  email-letter  ada@example.com  Hello ada
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, fingerprint(t, real)); diff != "" {
		t.Errorf("real data changed: %s", diff)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	url := testkit.DatabaseURL(t)
	shop(t, url)
	d, f := written(t, bigCart)
	s, err := simulate.New(t.Context(), scratch(t, url), noon.AddDate(0, 0, -30), simulate.Options{Definitions: d, Flow: f})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.OverHistory(t.Context(), simulate.Window{From: noon, Till: noon}); err == nil || !strings.Contains(err.Error(), "longer than nothing") {
		t.Error(err)
	}
	report, err := s.OverHistory(t.Context(), simulate.Window{From: noon.AddDate(0, 0, -30), Till: noon, People: 2})
	if err != nil || report.People != 2 || !report.More {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAScratchKeepsToItself(t *testing.T) {
	t.Parallel()
	url := testkit.DatabaseURL(t)
	real, err := store.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer real.Close()
	before := fingerprint(t, real)
	// One that a killed process left behind, and one that a living one uses.
	for _, schema := range []string{"legato_sim_01arz3ndektsv4rrffq69g5fav", "legato_sim_something_else"} {
		if _, err := real.DB.Exec("create schema " + schema); err != nil {
			t.Fatal(err)
		}
	}
	one, two := scratch(t, url), scratch(t, url)
	for _, s := range []*simulate.Scratch{one, two} {
		if _, err := s.Store.DB.Exec("insert into list (id, name) values ('a', 'A')"); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	for s, want := range map[*simulate.Scratch]int{one: 0, two: 1} {
		var n int
		if err := s.Store.DB.Get(&n, "select count(*) from list"); err != nil || n != want {
			t.Errorf("%d lists, want %d, %v", n, want, err)
		}
	}
	var schemas []string
	if err := real.DB.Select(&schemas, "select nspname from pg_namespace where nspname like 'legato_sim%' order by 1"); err != nil || len(schemas) != 3 {
		t.Errorf("%v, %v: the old one should be gone, the strange one not", schemas, err)
	}
	after := fingerprint(t, real)
	for table := range after {
		if strings.HasPrefix(table, "legato_sim") {
			delete(after, table)
		}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}
