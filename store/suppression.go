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
