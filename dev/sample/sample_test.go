package sample

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/internal/testkit"
)

func TestTheShopIsLoadedOnceIntoAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	begun := time.Now()
	loaded, err := Load(t.Context(), s.DB, Options{BaseURL: "http://shop.example", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v in %s", loaded, time.Since(begun))
	if loaded.Products != 60 || loaded.Profiles != 500 || loaded.Events < 15_000 || loaded.Events > 20_000 {
		t.Errorf("loaded %+v", loaded)
	}
	for what, want := range map[string]string{
		"select count(*) from catalog_category": "6",
		"select count(*) > 3 from catalog_item i where not exists (select from catalog_variant v where v.item_id = i.id and v.inventory > 0)":                                                       "true",
		"select count(distinct location->>'country') >= 8 and count(distinct location->>'timezone') >= 8 from profile":                                                                              "true",
		"select count(*) >= 2 from profile_date where property = 'birthday' and month = 2 and day = 29":                                                                                             "true",
		"select bool_and(p.properties->>'birthday' = format('%s-%s-%s', d.year, lpad(d.month::text, 2, '0'), lpad(d.day::text, 2, '0'))) from profile_date d join profile p on p.id = d.profile_id": "true",
		"select count(*) between 200 and 400 from list_member":                                                                                                                                      "true",
		"select count(distinct metric_id) from event":                                                                                                                                               "5",
		"select max(time) <= '2026-03-01T12:00:00Z' and max(time) > '2026-02-28T12:00:00Z' from event":                                                                                              "true",
		"select min(time) > '2025-03-01T00:00:00Z' and min(time) < '2025-04-01T00:00:00Z' from event":                                                                                               "true",
		"select bool_and(e.time >= p.created_at) from event e join profile p on p.id = e.profile_id":                                                                                                "true",
		"select count(*) from outbox":                                                                 "0",
		"select organization->>'name' from account where id = 'DEV001'":                               "Hearth & Bean",
		"select bool_and(exists (select from purchase p where p.item_id = i.id)) from catalog_item i": "true",
		"select count(*) from event e join metric m on m.id = e.metric_id where m.name like '%Order%' and not exists (select from event_key k where (k.profile_id, k.metric_id, k.unique_id) = (e.profile_id, e.metric_id, e.unique_id))": "0",
		// What recommendations are made from agrees with the events.
		`select count(*) from (
			select profile_id, item_id, quantity, last_at from purchase
			except select e.profile_id, e.properties->>'ProductID', sum((e.properties->>'Quantity')::int), max(e.time)
			from event e join metric m on m.id = e.metric_id where m.name = 'Ordered Product' group by 1, 2) wrong`: "0",
		// An order's value is the sum of its lines.
		`select count(*) from event e join metric m on m.id = e.metric_id where m.name = 'Placed Order'
			and e.value <> (select sum((l->>'RowTotal')::numeric) from jsonb_array_elements(e.properties->'Items') l)`: "0",
	} {
		var got string
		if err := s.DB.Get(&got, what); err != nil || got != want {
			t.Errorf("%s: got %s, want %s, %v", what, got, want, err)
		}
	}
	again, err := Load(t.Context(), s.DB, Options{BaseURL: "http://shop.example", Now: now})
	if err != nil || again != (Loaded{}) {
		t.Errorf("the second time: %+v, %v", again, err)
	}
}

func TestThoseWhoShareATasteBuyTheSame(t *testing.T) {
	t.Parallel()
	_, events := makeUp(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	liked := map[string]int{}
	for _, shelf := range catalog(rand.New(rand.NewPCG(seed, 0))) {
		for _, p := range shelf.products {
			liked[p.id] = p.taste
		}
	}
	alike, bought := 0, 0
	for _, e := range events {
		if e.productID != "" {
			bought++
			if liked[e.productID] == e.person.taste {
				alike++
			}
		}
	}
	// A fifth would be chance.
	if share := float64(alike) / float64(bought); share < 0.5 || share > 0.9 {
		t.Errorf("%.2f of what is bought is to the buyer's taste", share)
	}
}

func TestTheHistoryDependsOnTheSeedAlone(t *testing.T) {
	t.Parallel()
	type row struct {
		Before                     time.Duration
		Person, Metric, ID, Unique string
		Value                      float64
	}
	rows := func(now time.Time) (all []row) {
		_, events := makeUp(now)
		for _, e := range events {
			all = append(all, row{e.before, e.person.externalID, e.metric, e.productID, e.uniqueID, e.value})
		}
		return all
	}
	if diff := cmp.Diff(rows(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), rows(time.Date(2031, 7, 19, 3, 4, 5, 0, time.UTC))); diff != "" {
		t.Error(diff)
	}
}

func TestNoTitleContainsAnother(t *testing.T) {
	t.Parallel()
	var titles []string
	for _, shelf := range shelves {
		for _, p := range shelf.products {
			titles = append(titles, p.title)
		}
	}
	for i, a := range titles {
		for j, b := range titles {
			if i != j && strings.Contains(a, b) {
				t.Errorf("%q contains %q", a, b)
			}
		}
	}
}

func TestAddressesArePlainAndReserved(t *testing.T) {
	t.Parallel()
	all, _ := makeUp(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	without := 0
	for _, p := range all {
		if p.email == "" {
			without++
			continue
		}
		local, domain, _ := strings.Cut(p.email, "@")
		if !strings.HasPrefix(domain, "example.") || strings.Trim(local, "abcdefghijklmnopqrstuvwxyz.0123456789") != "" {
			t.Errorf("%s %s: %s", p.first, p.last, p.email)
		}
	}
	if without != 10 {
		t.Errorf("%d have no email address", without)
	}
}

func makeUp(now time.Time) ([]*person, []event) {
	random := rand.New(rand.NewPCG(seed, 0))
	shelves := catalog(random)
	all := people(random, now, customers)
	return all, history(random, now, "", shelves, all)
}
