package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Kinds of feed.
const (
	ProductFeed = "product" // items of the catalog, chosen for each profile
	WebFeed     = "web"     // what a URL answers, the same for everybody
)

// Feed is data that templates use as feeds.<ID>.
type Feed struct {
	ID         string
	Kind       string
	Definition FeedDefinition
	UpdatedAt  time.Time
}

// FeedDefinition is what a feed consists of: the first four of a product feed, the last two of a web feed.
type FeedDefinition struct {
	Order      string   `json:"order,omitempty"` // one of the orders of Recommend
	Limit      int      `json:"limit,omitempty"`
	Exclude    []string `json:"exclude"` // owned, out_of_stock, in_event; all three if null
	Categories []string `json:"categories,omitempty"`
	URL        string   `json:"url,omitempty"`
	Format     string   `json:"format,omitempty"` // json
}

// ApplyFeed stores a feed.
func (s *Store) ApplyFeed(ctx context.Context, tx *sqlx.Tx, f Feed) error {
	definition, err := json.Marshal(f.Definition)
	if err != nil {
		return fmt.Errorf("storing feed %s: %w", f.ID, err)
	}
	if _, err := tx.ExecContext(ctx, query("feed_upsert"), f.ID, f.Kind, string(definition)); err != nil {
		return fmt.Errorf("storing feed %s: %w", f.ID, err)
	}
	return nil
}

// Feeds gives the feeds that exist among ids, in the order of their ids.
func (s *Store) Feeds(ctx context.Context, ids []string) ([]Feed, error) {
	var rows []struct {
		ID         string    `db:"id"`
		Kind       string    `db:"kind"`
		Definition []byte    `db:"definition"`
		UpdatedAt  time.Time `db:"updated_at"`
	}
	if err := s.DB.SelectContext(ctx, &rows, query("feeds_by_id"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading feeds: %w", err)
	}
	feeds := make([]Feed, len(rows))
	for i, row := range rows {
		feeds[i] = Feed{ID: row.ID, Kind: row.Kind, UpdatedAt: row.UpdatedAt}
		if err := json.Unmarshal(row.Definition, &feeds[i].Definition); err != nil {
			return nil, fmt.Errorf("reading feed %s: %w", row.ID, err)
		}
	}
	return feeds, nil
}
