package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// buy records purchases written "profile item days-ago".
func buy(t testing.TB, s *store.Store, purchases ...string) {
	t.Helper()
	for _, p := range purchases {
		var profile, item string
		var days int
		if _, err := fmt.Sscan(p, &profile, &item, &days); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		if _, err := s.DB.Exec("insert into purchase (profile_id, item_id, quantity, last_at) values ($1, $2, 1, $3)",
			profile, item, noon.AddDate(0, 0, -days)); err != nil {
			t.Fatal(err)
		}
	}
}

// shelf stores items that can be sold. They are created in the order given, a day apart, the last one newest.
func shelf(t testing.TB, s *store.Store, ids ...string) {
	t.Helper()
	items := make([]store.Item, len(ids))
	for i, id := range ids {
		items[i] = store.Item{ID: id, Title: strings.ToUpper(id), Image: id + ".png", Price: price(10), Published: true,
			Variants: []store.Variant{{ID: id + "-1", Title: "one", Inventory: 5, InventoryPolicy: store.HideOutOfStock, Published: true}}}
	}
	upsert(t, s, items...)
	for i, id := range ids {
		if _, err := s.DB.Exec("update catalog_item set created_at = $2 where id = $1", id, noon.AddDate(-2, 0, i)); err != nil {
			t.Fatal(err)
		}
	}
}

func recommended(t testing.TB, s *store.Store, in store.RecommendInput) map[string]string {
	t.Helper()
	in.Now = noon
	found, err := s.Recommend(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for profile, products := range found {
		var list []string
		for _, p := range products {
			list = append(list, p.ID)
		}
		ids[profile] = strings.Join(list, " ")
	}
	return ids
}

func TestRecommendedItemsAreThoseThatPeopleAlikeBought(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	shelf(t, s, "a", "b", "c", "d", "e", "f", "g")
	buy(t, s,
		"ann a 30", "ann b 40",
		"p1 a 10", "p1 c 10", "p1 d 10",
		"p2 a 20", "p2 b 20", "p2 c 300", // shares two items with ann and is still one person
		"p3 b 30", "p3 d 30",
		"p4 a 400", "p4 e 10", // bought what ann has more than a year ago
		"p5 f 5", "p6 f 5", "p7 f 5", // popular, but nothing to do with ann
		"zoe g 100",
	)
	got := recommended(t, s, store.RecommendInput{Profiles: []string{"zoe", "ann", "new", "ann"}, Order: store.BoughtTogether, Limit: 4})
	want := map[string]string{
		"ann": "c d f e", // two people each for c and d, then the popular f; e has one buyer in 90 days
		"zoe": "f b a d", // nobody shares g; f, b and a have 3 buyers in the last 90 days, the newest of them first
		"new": "f b a d",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeBoughtOrIsOwnedIsNotRecommended(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	shelf(t, s, "owned", "event", "good", "spare")
	variant := func(inventory, policy int, published bool) store.Variant {
		return store.Variant{Title: "v", Inventory: inventory, InventoryPolicy: policy, Published: published}
	}
	for id, variants := range map[string][]store.Variant{
		"sold-out": {variant(0, 1, true), variant(-2, 1, true)}, "hidden": {variant(5, 1, false)},
		"backorder": {variant(0, 2, true)}, "always": {variant(-1, 0, true)}, "one-left": {variant(0, 1, true), variant(1, 1, true)}, "no-variants": nil,
	} {
		for i := range variants {
			variants[i].ID = fmt.Sprintf("%s-%d", id, i)
		}
		upsert(t, s, store.Item{ID: id, Title: id, Image: "x.png", Published: true, Variants: variants})
	}
	upsert(t, s, store.Item{ID: "unpublished", Title: "x", Image: "x.png"}, store.Item{ID: "no-image", Title: "x", Published: true})
	if _, err := s.DB.Exec("update catalog_item set created_at = $1 where id not in ('owned', 'event', 'good', 'spare')", noon.AddDate(-3, 0, 0)); err != nil {
		t.Fatal(err)
	}
	buy(t, s, "ann owned 10", "p1 owned 10")
	for _, id := range []string{"event", "good", "sold-out", "hidden", "unpublished", "no-image"} {
		buy(t, s, "p1 "+id+" 10", "p2 "+id+" 10")
	}
	in := store.RecommendInput{Profiles: []string{"ann"}, Order: store.BoughtTogether, Limit: 50, ExcludeItems: map[string][]string{"ann": {"event", "nothing"}, "bob": {"good"}}}
	if got, want := recommended(t, s, in)["ann"], "good spare always backorder no-variants one-left"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	in.KeepOwned, in.KeepOutOfStock, in.ExcludeItems, in.Limit = true, true, nil, 5
	if got, want := recommended(t, s, in)["ann"], "event good hidden owned sold-out"; got != want {
		t.Errorf("keeping all: got  %s\nwant %s", got, want)
	}
}

func TestOrdersAndCategoriesOfRecommendedItems(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	shelf(t, s, "a", "b", "c", "d")
	upsert(t, s, store.Item{ID: "a", Title: "A", Image: "a.png", Published: true, Categories: []store.Category{{ID: "k", Name: "Kitchen"}}},
		store.Item{ID: "d", Title: "D", Image: "d.png", Published: true, Categories: []store.Category{{ID: "g", Name: "Gifts"}}})
	buy(t, s, "p1 b 10", "p2 b 10", "p1 a 20", "p3 c 91", "p4 c 92", "p5 c 93")
	for _, tc := range []struct {
		order      string
		categories []string
		want       string
	}{
		{store.Popular, nil, "b a d c"}, // c is older news
		{store.Newest, nil, "d c b a"},
		{store.Popular, []string{"Kitchen", "g"}, "a d"},
		{store.BoughtTogether, []string{"Kitchen"}, "a"},
		{store.Newest, []string{"none"}, ""},
	} {
		if got := recommended(t, s, store.RecommendInput{Profiles: []string{"x"}, Order: tc.order, Limit: 10, Categories: tc.categories})["x"]; got != tc.want {
			t.Errorf("%s %v: got %q, want %q", tc.order, tc.categories, got, tc.want)
		}
	}
}

func TestTheLimitIsReachedWheneverTheCatalogHasEnough(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	var ids, purchases, event []string
	for i := range 30 {
		ids = append(ids, fmt.Sprintf("i%02d", i))
	}
	shelf(t, s, ids...)
	for i := range 20 { // owns the 20 most popular, and the event names 7 more
		purchases = append(purchases, fmt.Sprintf("ann i%02d 10", i), fmt.Sprintf("bob i%02d 10", i), fmt.Sprintf("eve i%02d 10", i))
	}
	for i := 20; i < 27; i++ {
		event = append(event, fmt.Sprintf("i%02d", i))
		purchases = append(purchases, fmt.Sprintf("eve i%02d 10", i))
	}
	buy(t, s, purchases...)
	got := recommended(t, s, store.RecommendInput{Profiles: []string{"ann"}, Order: store.BoughtTogether, Limit: 3, ExcludeItems: map[string][]string{"ann": event}})
	if got["ann"] != "i29 i28 i27" {
		t.Errorf("got %q", got["ann"])
	}
}

func TestQuestionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	for _, in := range []store.RecommendInput{
		{Order: "best", Limit: 3, Now: noon}, {Order: store.Popular, Limit: 0, Now: noon}, {Order: store.Popular, Limit: 51, Now: noon}, {Order: store.Popular, Limit: 3},
	} {
		if _, err := s.Recommend(t.Context(), in); err == nil {
			t.Errorf("%+v was taken", in)
		}
	}
	if found, err := s.Recommend(t.Context(), store.RecommendInput{Order: store.Popular, Limit: 3, Now: noon}); err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
}

// BenchmarkRecommend asks at the size of a middling shop: 1,000 items, 100,000 profiles, 500,000 purchases of which
// most are of few items.
func BenchmarkRecommend(b *testing.B) {
	s := testkit.Store(b)
	for _, statement := range []string{
		"select setseed(0.1)",
		"insert into catalog_item (id, title, image, price, created_at) select 'I' || g, 'Item', 'x.png', g, now() - g * interval '1 hour' from generate_series(1, 1000) g",
		"insert into catalog_variant (id, item_id, title, inventory) select 'V' || g, 'I' || (1 + g % 1000), 'v', g % 7 from generate_series(1, 3000) g",
		`insert into purchase select 'P' || lpad((random() * 99999)::int::text, 6, '0'), 'I' || (1 + floor(999 * power(random(), 2)))::int, 1,
			now() - random() * interval '540 days' from generate_series(1, 520000) on conflict do nothing`,
	} {
		if _, err := s.DB.Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.DB.Exec("vacuum analyze"); err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 200} {
		profiles := make([]string, n)
		for i := range profiles {
			profiles[i] = fmt.Sprintf("P%06d", i*487)
		}
		for _, order := range []string{store.BoughtTogether, store.Popular} {
			b.Run(fmt.Sprintf("%s/%d", order, n), func(b *testing.B) {
				for b.Loop() {
					found, err := s.Recommend(b.Context(), store.RecommendInput{Profiles: profiles, Order: order, Limit: 3, Now: time.Now()})
					if err != nil || len(found) != n || len(found[profiles[0]]) != 3 {
						b.Fatal(len(found), err)
					}
				}
			})
		}
	}
}
