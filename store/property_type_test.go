package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

var typedAt = time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)

// putEvents stores an event of a metric for each of the properties.
func putEvents(t testing.TB, s *store.Store, metric string, at time.Time, properties ...string) error {
	t.Helper()
	ctx := context.Background()
	if err := s.EnsureEventPartition(ctx, at); err != nil {
		t.Fatal(err)
	}
	var events []store.NewEvent
	for i, p := range properties {
		id := store.EventID(at)
		events = append(events, store.NewEvent{Event: store.Event{ID: id, ProfileID: fmt.Sprint("P", i), MetricID: metric, Metric: metric, Time: at, UniqueID: id, Properties: []byte(p)}})
	}
	return s.Tx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.Exec("insert into metric (id, name) values ($1, $1) on conflict do nothing", metric); err != nil {
			return err
		}
		_, err := s.InsertEvents(ctx, tx, events, at)
		return err
	})
}

// typesOf shows the types of a metric's properties, a line each.
func typesOf(t testing.TB, s *store.Store, metric string) string {
	t.Helper()
	if err := s.WritePropertyTypes(context.Background()); err != nil {
		t.Fatal(err)
	}
	all, err := s.MetricProperties(context.Background(), metric)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range all {
		fmt.Fprintf(&b, "%s:", p.Name)
		for _, k := range p.Kinds {
			fmt.Fprintf(&b, " %d %s %s-%s", k.Count, k.Kind, k.FirstSeen.UTC().Format("150405"), k.LastSeen.UTC().Format("150405"))
			if len(k.Samples) > 0 {
				samples, _ := json.Marshal(k.Samples)
				fmt.Fprintf(&b, " %s", samples)
			}
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func TestTypesOfPropertiesAreInferredAsTheyArrive(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	if err := putEvents(t, s, "M", typedAt,
		`{"Price":12.5,"Size":"12","Vip":true,"Tags":["a"],"Box":{"a":1},"None":null,"Day":"2026-05-10","ItemNames":[],"caf\u00e9":1,"a\\nb":1}`,
		`{"Price":3,"Size":"XL","Vip":false,"Day":"05/10/2026 12:30","café":2,"a\nb":"x"}`); err != nil {
		t.Fatal(err)
	}
	if err := putEvents(t, s, "M", typedAt.Add(time.Minute), `{"Price":"12"}`); err != nil {
		t.Fatal(err)
	}
	want := `Box: 1 object 100000-100000
Day: 2 date 100000-100000 ["2026-05-10","05/10/2026 12:30"]
ItemNames: 1 list 100000-100000
Price: 2 number 100000-100000 [12.5,3] 1 text 100100-100100 ["12"]
Size: 2 text 100000-100000 ["12","XL"]
Tags: 1 list 100000-100000
Vip: 2 boolean 100000-100000 [true,false]
` + "a\nb: 1 text 100000-100000 [\"x\"]\n" + `a\nb: 1 number 100000-100000 [1]
café: 2 number 100000-100000 [1,2]
`
	if diff := cmp.Diff(want, typesOf(t, s, "M")); diff != "" {
		t.Error(diff)
	}
	// What was there before is added to, and only so many samples are kept.
	if err := putEvents(t, s, "M", typedAt.Add(time.Hour), `{"Price":4}`, `{"Price":5}`, `{"Price":6}`, `{"Price":3}`, `{"Price":7}`); err != nil {
		t.Fatal(err)
	}
	if got := typesOf(t, s, "M"); !strings.Contains(got, "Price: 7 number 100000-110000 [12.5,3,4,5,6] 1 text") {
		t.Errorf("after more: %s", got)
	}
	if all, err := s.MetricProperties(t.Context(), "M"); err != nil || all[3].Kind() != store.KindNumber || all[3].LookedAt != 8 {
		t.Errorf("%+v, %v", all[3], err)
	}
}

func TestEveryFormatOfDatesIsADate(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	values := map[string]string{ // to the kind
		"2026-05-10": "date", "2026-05-10 12:30:00": "date", "2026-05-10T12:30:00": "date", "2026-05-10T12:30:00.000001": "date", "2026-05-10T12:30:00Z": "date",
		"2026-05-10T12:30:00+03:00": "date", "2026-05-10 12:30:00.5": "date", "05/10/2026": "date", "05/10/26": "date", "05/10/2026 12:30": "date",
		"05/10/26 12:30:15": "date", "2026-02-30": "text", "10-05-2026": "text", "13/25/2026": "text", "2026-5-10": "text", "May 10": "text", "12": "text",
		"1762594200": "digits", "17625942001234": "text", "": "text", "2026-05-10 and more words": "text", "NaN": "text", "true": "text", "1e5": "text", "[1]": "text",
	}
	for value, want := range values {
		body, _ := json.Marshal(map[string]string{value: value})
		if err := putEvents(t, s, "M", typedAt, string(body)); err != nil {
			t.Fatal(err)
		}
		if err := s.WritePropertyTypes(t.Context()); err != nil {
			t.Fatal(err)
		}
		var kind string
		if err := s.DB.Get(&kind, "select kind from property_type where name = $1", value); err != nil || kind != want {
			t.Errorf("%q is %s, want %s (%v)", value, kind, want, err)
		}
	}
}

func TestWhatIsRolledBackOrRepeatedIsNotCounted(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	if err := putEvents(t, s, "M", typedAt, `{"a":1}`); err != nil {
		t.Fatal(err)
	}
	err := s.Tx(t.Context(), func(tx *sqlx.Tx) error {
		id := store.EventID(typedAt)
		event := store.NewEvent{Event: store.Event{ID: id, ProfileID: "P9", MetricID: "M", Time: typedAt, UniqueID: "u", Properties: []byte(`{"a":1,"b":2}`)}}
		if _, err := s.InsertEvents(t.Context(), tx, []store.NewEvent{event}, typedAt); err != nil {
			return err
		}
		return fmt.Errorf("changed my mind")
	})
	if err == nil {
		t.Fatal("committed")
	}
	for range 2 { // the second is dropped
		err := s.Tx(t.Context(), func(tx *sqlx.Tx) error {
			event := store.NewEvent{Chosen: true, Event: store.Event{ID: store.EventID(typedAt), ProfileID: "P9", MetricID: "M", Time: typedAt, UniqueID: "u", Properties: []byte(`{"c":2}`)}}
			_, err := s.InsertEvents(t.Context(), tx, []store.NewEvent{event}, typedAt)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff("a: 1 number 100000-100000 [1]\nc: 1 number 100000-100000 [2]\n", typesOf(t, s, "M")); diff != "" {
		t.Error(diff)
	}
}

func TestPropertiesOfAMetricAreBounded(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	body := func(from, n int) string {
		all := map[string]int{"kept": 1}
		for i := range n {
			all[fmt.Sprintf("p%06d", from+i)] = i
		}
		b, _ := json.Marshal(all)
		return string(b)
	}
	if err := putEvents(t, s, "M", typedAt, body(0, 390)); err != nil {
		t.Fatal(err)
	}
	typesOf(t, s, "M")
	for round := range 4 {
		for i := range 3 {
			if err := putEvents(t, s, "M", typedAt.Add(time.Duration(round)*time.Minute), body(1000*round+300*i, 300)); err != nil {
				t.Fatal(err)
			}
		}
		typesOf(t, s, "M")
	}
	all, err := s.MetricProperties(t.Context(), "M")
	if err != nil || len(all) != store.MaxMetricProperties {
		t.Fatalf("%d properties, %v", len(all), err)
	}
	if all[0].Name != "kept" || all[0].Kinds[0].Count != 13 {
		t.Errorf("what was known before the others: %+v", all[0])
	}
}

func TestManyProcessesCountTogether(t *testing.T) {
	t.Parallel()
	url := testkit.DatabaseURL(t)
	const processes, rounds = 4, 5
	var wg sync.WaitGroup
	for p := range processes {
		s, err := store.Open(t.Context(), url, 2)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for range rounds {
				body := fmt.Sprintf(`{"a":1,"b":"x","p%d":true}`, p)
				if err := putEvents(t, s, "M", typedAt, body); err != nil {
					t.Error(err)
				}
				if err := s.WritePropertyTypes(context.Background()); err != nil {
					t.Error(err)
				}
			}
			if err := putEvents(t, s, "M", typedAt, `{"a":1}`); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil { // which writes the rest
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s, err := store.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := "a: 24 number 100000-100000 [1]\nb: 20 text 100000-100000 [\"x\"]\n"
	for p := range processes {
		want += fmt.Sprintf("p%d: 5 boolean 100000-100000 [true]\n", p)
	}
	if diff := cmp.Diff(want, typesOf(t, s, "M")); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCouldNotBeWrittenIsWrittenLater(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	if err := putEvents(t, s, "M", typedAt, `{"a":1,"c":1}`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec("alter table property_source rename to elsewhere"); err != nil {
		t.Fatal(err)
	}
	if err := s.WritePropertyTypes(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if err := putEvents(t, s, "M", typedAt.Add(time.Minute), `{"a":2,"b":"x"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec("alter table elsewhere rename to property_source"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("a: 2 number 100000-100100 [1,2]\nb: 1 text 100100-100100 [\"x\"]\nc: 1 number 100000-100000 [1]\n", typesOf(t, s, "M")); diff != "" {
		t.Error(diff)
	}
}

func TestSamplesTellNobodysAddress(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	if err := putEvents(t, s, "M", typedAt,
		`{"Contact":"ada@example.com","Line":"call +49 151 1234567","Call":"+49 (151) 1234567","Call 2":"0151 1234567","Seconds":"1762594200","From":"192.0.2.7","From6":"2001:db8::1",
		"customer_name":"Ada","Email":"x","Shipping Address":"Rue 1","Birthday":"1990-05-10","Long":"`+strings.Repeat("x", 60)+`","Title":"Tea pot","Odd":"a\u0040b.c"}`); err != nil {
		t.Fatal(err)
	}
	var kept string
	typesOf(t, s, "M")
	if err := s.DB.Get(&kept, "select string_agg(name || samples, ' ' order by name) from property_type where samples <> '[]'"); err != nil {
		t.Fatal(err)
	}
	if want := `Title["Tea pot"]`; kept != want {
		t.Errorf("samples are kept of %s, want %s", kept, want)
	}
	err := s.Tx(t.Context(), func(tx *sqlx.Tx) error { return s.ForgetSamples(t.Context(), tx, "P0") })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DB.Get(&kept, "select coalesce(string_agg(name, ' '), '') from property_type where samples <> '[]'"); err != nil || kept != "" {
		t.Errorf("after forgetting: %s, %v", kept, err)
	}
}

func TestTypesOfProfilePropertiesAreKeptWithoutSamples(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	before := store.Profile{ID: "P1", Properties: []byte(`{"points":1,"same":"x"}`), UpdatedAt: typedAt}
	after := before
	after.Properties, after.UpdatedAt = []byte(`{"points":"many","same":"x","since":"2026-05-10","gone":null}`), typedAt.Add(time.Minute)
	err := s.Tx(t.Context(), func(tx *sqlx.Tx) error {
		if _, err := s.InsertProfiles(t.Context(), tx, []store.Profile{before}); err != nil {
			return err
		}
		if err := s.UpdateProfiles(t.Context(), tx, []store.ProfileUpdate{{Before: before, After: after}}); err != nil {
			return err
		}
		_, err := s.ChangeProperties(t.Context(), tx, []store.PropertyChange{{ProfileID: "P1", Set: map[string]any{"by_flow": true}, Append: map[string][]any{"tags": {"a"}}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := typesOf(t, s, "")
	for _, want := range []string{"points: 1 text 100100-100100 1 number 100000-100000\n", "same: 1 text 100000-100000\n", "since: 1 date 100100-100100\n", "by_flow: 1 boolean", "tags: 1 list"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "[") || strings.Contains(got, "gone") {
		t.Errorf("samples, or a property that is null: %s", got)
	}
}
