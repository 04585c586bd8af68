package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Suppression is a reason why a profile may not be messaged on a channel.
type Suppression struct {
	ProfileID string    `db:"profile_id"`
	Channel   string    `db:"channel"` // email | sms | push
	Reason    string    `db:"reason"`  // HARD_BOUNCE | INVALID_EMAIL | SPAM_COMPLAINT | UNSUBSCRIBE | USER_SUPPRESSED
	At        time.Time `db:"at"`
}

// Suppress records a suppression, and says whether it is new.
func (s *Store) Suppress(ctx context.Context, tx *sqlx.Tx, x Suppression) (bool, error) {
	result, err := tx.ExecContext(ctx, query("suppression_insert"), x.ProfileID, x.Channel, x.Reason, x.At)
	if err != nil {
		return false, fmt.Errorf("suppressing profile %s: %w", x.ProfileID, err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// Suppressions reads those of the profiles, the oldest first.
func (s *Store) Suppressions(ctx context.Context, profiles []string) ([]Suppression, error) {
	var rows []Suppression
	if err := s.DB.SelectContext(ctx, &rows, query("suppression_of"), pq.Array(profiles)); err != nil {
		return nil, fmt.Errorf("reading suppressions: %w", err)
	}
	return rows, nil
}

// SuppressAll suppresses profiles, and gives those that were not for this reason before.
func (s *Store) SuppressAll(ctx context.Context, tx *sqlx.Tx, profiles []string, channel, reason string, at time.Time) ([]string, error) {
	var fresh []string
	if err := tx.SelectContext(ctx, &fresh, query("suppression_insert_many"), pq.Array(profiles), channel, reason, at); err != nil {
		return nil, fmt.Errorf("suppressing %d profiles: %w", len(profiles), err)
	}
	return fresh, nil
}

// Unsuppress lifts the suppressions of profiles for these reasons, and gives the profile of each that there was.
func (s *Store) Unsuppress(ctx context.Context, tx *sqlx.Tx, profiles []string, channel string, reasons ...string) ([]string, error) {
	var lifted []string
	if err := tx.SelectContext(ctx, &lifted, query("suppression_delete"), pq.Array(profiles), channel, pq.Array(reasons)); err != nil {
		return nil, fmt.Errorf("lifting suppressions of %d profiles: %w", len(profiles), err)
	}
	return lifted, nil
}
