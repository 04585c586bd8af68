// Package apply makes checked definitions the ones that run: plans, flows and their status, templates and feeds
// go to Postgres in one transaction.
package apply

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/store"
)

// Definitions stores everything in d, or nothing. People inside a flow stay on the version they entered; flows,
// templates and feeds that d does not name stay as they are.
func Definitions(ctx context.Context, s *store.Store, d *flow.Definitions) error {
	return s.Tx(ctx, func(tx *sqlx.Tx) error {
		for _, name := range sorted(d.Templates) {
			if err := s.ApplyTemplate(ctx, tx, name, d.Templates[name].Source); err != nil {
				return err
			}
		}
		for _, name := range sorted(d.Feeds) {
			if err := s.ApplyFeed(ctx, tx, feed(d.Feeds[name])); err != nil {
				return err
			}
		}
		for _, f := range d.Flows {
			if err := s.ApplyFlow(ctx, tx, f.Plan, f.Status); err != nil {
				return err
			}
		}
		return nil
	})
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// feed is a feed as it is stored.
func feed(f flow.Feed) store.Feed {
	exclude := f.Exclude
	if exclude == nil {
		exclude = []string{} // nothing at all; the store takes null for everything
	}
	return store.Feed{ID: f.Name, Kind: f.Kind, Definition: store.FeedDefinition{
		Order: f.Order, Limit: f.Limit, Exclude: exclude, Categories: f.Categories, URL: f.URL, Format: f.Format,
	}}
}
