package store

import (
	"context"
	"fmt"

	"github.com/lib/pq"
)

// Bounds of what SeenEvents and SeenProfiles look at.
const (
	seenEvents   = 500 // of each metric, the latest
	seenProfiles = 2_000
	seenTexts    = 500    // values of a property that are text
	seenRows     = 20_000 // properties, the most frequent ones
)

// SeenKind is how often a property has had values of one kind in a sample.
type SeenKind struct {
	Metric  string         `db:"metric"`  // of events
	Sampled int            `db:"sampled"` // how many events or profiles were looked at
	Name    string         `db:"name"`    // "" where none of them has a property
	Kind    string         `db:"kind"`    // as JSON has it: string, number, boolean, array, object
	Count   int            `db:"count"`
	Texts   pq.StringArray `db:"texts"` // some of the values that are text, at most 41 characters of each
}

// SeenEvents looks at the properties of the latest events of each of the metrics. A metric without events is not in it.
func (s *Store) SeenEvents(ctx context.Context, metrics []string) ([]SeenKind, error) {
	var kinds []SeenKind
	if err := s.DB.SelectContext(ctx, &kinds, query("seen_events"), pq.Array(metrics), seenEvents, seenTexts, seenRows); err != nil {
		return nil, fmt.Errorf("looking at the properties of events: %w", err)
	}
	return kinds, nil
}

// SeenProfiles looks at the custom properties of the profiles that changed last.
func (s *Store) SeenProfiles(ctx context.Context) ([]SeenKind, error) {
	var kinds []SeenKind
	if err := s.DB.SelectContext(ctx, &kinds, query("seen_profiles"), seenProfiles, seenTexts, seenRows); err != nil {
		return nil, fmt.Errorf("looking at the properties of profiles: %w", err)
	}
	return kinds, nil
}
