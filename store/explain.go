package store

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// FindProfile gives the id of the profile that a text names: by id, email, phone number or external id. It returns
// ErrNotFound if there is none, and an error if two different ones are meant.
func (s *Store) FindProfile(ctx context.Context, text string) (string, error) {
	var ids []string
	if err := s.DB.SelectContext(ctx, &ids, query("explain_profile"), text); err != nil {
		return "", fmt.Errorf("looking for the profile %q: %w", text, err)
	}
	switch len(ids) {
	case 0:
		return "", ErrNotFound
	case 1:
		return ids[0], nil
	default:
		return "", fmt.Errorf("%q names two profiles, %s and %s: give the id", text, ids[0], ids[1])
	}
}

// LatestEvents lists a person's events of these metrics, the latest first, at most limit.
func (s *Store) LatestEvents(ctx context.Context, profile string, metrics []string, limit int) ([]Event, error) {
	var events []Event
	if err := s.DB.SelectContext(ctx, &events, query("explain_events"), profile, pq.Array(metrics), limit); err != nil {
		return nil, fmt.Errorf("reading events of profile %s: %w", profile, err)
	}
	return events, nil
}

// MetricCount is how often a person did something.
type MetricCount struct {
	Name   string    `db:"name" json:"metric"`
	Count  int       `db:"n" json:"count"`
	LastAt time.Time `db:"last_at" json:"last"`
}

// MetricsOfProfile counts what a person has done, the most frequent first, at most limit.
func (s *Store) MetricsOfProfile(ctx context.Context, profile string, limit int) ([]MetricCount, error) {
	var counts []MetricCount
	if err := s.DB.SelectContext(ctx, &counts, query("explain_metrics"), profile, limit); err != nil {
		return nil, fmt.Errorf("counting events of profile %s: %w", profile, err)
	}
	return counts, nil
}
