package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Orders of recommended items. Each falls back on the next when it does not find enough: bought together, then
// popular (most buyers in the last 90 days), then newest.
const (
	BoughtTogether = "bought_together" // what people who bought something that this person bought have bought, in the last year
	Popular        = "popular"
	Newest         = "newest"
)

const (
	alikeWindow   = 365 * 24 * time.Hour
	popularWindow = 90 * 24 * time.Hour

	maxRecommended = 50   // items a profile
	maxAsked       = 1000 // profiles at once
)

// RecommendInput asks for items for many profiles at once.
type RecommendInput struct {
	Profiles       []string
	Order          string // one of the constants
	Limit          int    // items for each profile
	KeepOwned      bool   // also what the profile has bought
	KeepOutOfStock bool   // also what nobody can buy now
	ExcludeItems   map[string][]string
	Categories     []string  // ids or names; none for all
	Now            time.Time // the end of the windows
}

// Product is an item as templates see it.
type Product struct {
	ID          string   `db:"id"`
	Title       string   `db:"title"`
	Description string   `db:"description"`
	URL         string   `db:"url"`
	Image       string   `db:"image"`
	Price       *float64 `db:"price"`
	Currency    string   `db:"currency"` // the account's, in which catalog prices are
}

// Recommend chooses items for each profile, in one statement for all of them. Every profile gets Limit items if
// there are so many that may be shown to it: published, with an image and, unless told otherwise, in stock and not
// owned. The same question gets the same answer: ties are broken by item id.
func (s *Store) Recommend(ctx context.Context, in RecommendInput) (map[string][]Product, error) {
	switch {
	case in.Order != BoughtTogether && in.Order != Popular && in.Order != Newest:
		return nil, fmt.Errorf("recommending items: unknown order %q", in.Order)
	case in.Limit < 1 || in.Limit > maxRecommended:
		return nil, fmt.Errorf("recommending items: a limit of %d; it must be 1 to %d", in.Limit, maxRecommended)
	case in.Now.IsZero():
		return nil, fmt.Errorf("recommending items: no time is given")
	}
	profiles := slices.Clone(in.Profiles)
	slices.Sort(profiles)
	profiles = slices.Compact(profiles)
	found := make(map[string][]Product, len(profiles))
	for chunk := range slices.Chunk(profiles, maxAsked) {
		if err := s.recommend(ctx, in, chunk, found); err != nil {
			return nil, fmt.Errorf("recommending items: %w", err)
		}
	}
	return found, nil
}

func (s *Store) recommend(ctx context.Context, in RecommendInput, profiles []string, found map[string][]Product) error {
	barredProfiles, barredItems := []string{}, []string{}
	for _, profile := range profiles {
		for _, item := range in.ExcludeItems[profile] {
			barredProfiles, barredItems = append(barredProfiles, profile), append(barredItems, item)
		}
	}
	categories := in.Categories
	if categories == nil {
		categories = []string{}
	}
	return s.Tx(ctx, func(tx *sqlx.Tx) error {
		// What is grouped and sorted for a batch should not go to disk.
		if _, err := tx.ExecContext(ctx, "set transaction read only; set local work_mem = '32MB'"); err != nil {
			return err
		}
		var rows []struct {
			Profile string `db:"profile_id"`
			Product
		}
		err := tx.SelectContext(ctx, &rows, query("recommend"), pq.Array(profiles), in.Order, in.Limit, pq.Array(barredProfiles),
			pq.Array(barredItems), pq.Array(categories), !in.KeepOwned, !in.KeepOutOfStock, in.Now.Add(-alikeWindow), in.Now.Add(-popularWindow))
		if err != nil {
			return err
		}
		for _, row := range rows {
			found[row.Profile] = append(found[row.Profile], row.Product)
		}
		return nil
	})
}
