package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func price(f float64) *float64 { return &f }

func upsert(t testing.TB, s *store.Store, items ...store.Item) {
	t.Helper()
	if err := s.Tx(t.Context(), func(tx *sqlx.Tx) error { return s.UpsertItems(t.Context(), tx, items, noon) }); err != nil {
		t.Fatal(err)
	}
}

func TestItemsAreStoredAsTheyAreGiven(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	cup := store.Item{ID: "cup", Title: "Cup", Description: "d", URL: "https://x.example/cup", Image: "cup.png", Price: price(9.5), Published: true,
		Metadata:   types.JSONText(`{"material": "clay"}`),
		Variants:   []store.Variant{{ID: "cup-a", ItemID: "cup", Title: "Blue", SKU: "B", Price: price(9.5), Inventory: 3, InventoryPolicy: 1, Published: true}, {ID: "cup-b", ItemID: "cup", Title: "Red"}},
		Categories: []store.Category{{ID: "c1", Name: "Kitchen"}, {ID: "c2", Name: "Gifts"}}}
	pot := store.Item{ID: "pot", Title: "Pot", Categories: []store.Category{{ID: "c1", Name: "Kitchen"}}}
	upsert(t, s, pot, cup)
	pot.Metadata = types.JSONText(`{}`)
	items, err := s.Items(t.Context(), []string{"pot", "cup", "nothing"})
	if err != nil {
		t.Fatal(err)
	}
	times := cmpopts.IgnoreFields(store.Item{}, "CreatedAt", "UpdatedAt")
	if diff := cmp.Diff([]store.Item{cup, pot}, items, times); diff != "" {
		t.Error(diff)
	}

	// Given again: what is not there any more goes, what others have stays.
	cup.Title, cup.Price, cup.Variants, cup.Categories = "Big cup", nil, cup.Variants[1:], []store.Category{{ID: "c1", Name: "Kitchenware"}}
	upsert(t, s, cup)
	again, err := s.Item(t.Context(), "cup")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&cup, again, times); diff != "" {
		t.Error(diff)
	}
	other, err := s.Item(t.Context(), "pot")
	if err != nil || len(other.Categories) != 1 || other.Categories[0].Name != "Kitchenware" {
		t.Errorf("%+v %v", other, err)
	}
	if _, err := s.Item(t.Context(), "nothing"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestItemsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	for want, items := range map[string][]store.Item{
		"an item has no id":       {{Title: "x"}},
		"item a has no title":     {{ID: "a"}},
		"item a is given twice":   {{ID: "a", Title: "x"}, {ID: "a", Title: "y"}},
		"a variant of item a":     {{ID: "a", Title: "x", Variants: []store.Variant{{}}}},
		"variant v is given":      {{ID: "a", Title: "x", Variants: []store.Variant{{ID: "v"}}}, {ID: "b", Title: "x", Variants: []store.Variant{{ID: "v"}}}},
		"inventory policy 7":      {{ID: "a", Title: "x", Variants: []store.Variant{{ID: "v", InventoryPolicy: 7}}}},
		"a category of item a":    {{ID: "a", Title: "x", Categories: []store.Category{{Name: "n"}}}},
		"at most 10000 are taken": make([]store.Item, 10_001),
	} {
		err := s.Tx(t.Context(), func(tx *sqlx.Tx) error { return s.UpsertItems(t.Context(), tx, items, noon) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestFeedsAreStoredAndRead(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	feeds := []store.Feed{
		{ID: "journal", Kind: store.WebFeed, Definition: store.FeedDefinition{URL: "https://x.example/a.json", Format: "json"}},
		{ID: "recommended", Kind: store.ProductFeed, Definition: store.FeedDefinition{Order: store.Popular, Limit: 3, Exclude: []string{}, Categories: []string{"Gifts"}}},
	}
	for range 2 {
		err := s.Tx(t.Context(), func(tx *sqlx.Tx) error {
			for _, f := range feeds {
				if err := s.ApplyFeed(t.Context(), tx, f); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Feeds(t.Context(), []string{"recommended", "nothing", "journal"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(feeds, got, cmpopts.IgnoreFields(store.Feed{}, "UpdatedAt")); diff != "" {
		t.Error(diff)
	}
}
