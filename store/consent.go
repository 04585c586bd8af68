package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// What a person said.
const (
	Subscribed   = "SUBSCRIBED"
	Unsubscribed = "UNSUBSCRIBED"
)

// Consent is what a person agreed to, or said no to, on a channel.
type Consent struct {
	ProfileID    string    `db:"profile_id" json:"profile_id"`
	Channel      string    `db:"channel" json:"channel"`             // email | sms | push | whatsapp
	Purpose      string    `db:"purpose" json:"purpose"`             // marketing | transactional | conversational | open_tracking
	Consent      string    `db:"consent" json:"consent"`             // Subscribed | Unsubscribed
	At           time.Time `db:"at" json:"at"`                       // when they said so
	Method       string    `db:"method" json:"method"`               // how: API
	MethodDetail string    `db:"method_detail" json:"method_detail"` // the source that the sender names
	UpdatedAt    time.Time `db:"updated_at" json:"-"`
}

// ListSuppression says that a person wants no mail as a member of a list.
type ListSuppression struct {
	ProfileID string    `db:"profile_id"`
	ListID    string    `db:"list_id"`
	Reason    string    `db:"reason"`
	At        time.Time `db:"at"`
}

// WriteConsent records what people said, unless they said something later, and gives those to whom it is new: only the
// profile, channel, purpose and consent. There must be no two of one profile, channel and purpose.
func (s *Store) WriteConsent(ctx context.Context, tx *sqlx.Tx, all []Consent, now time.Time) ([]Consent, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var fresh []Consent
	if err := tx.SelectContext(ctx, &fresh, query("consent_upsert"), document(all), now); err != nil {
		return nil, fmt.Errorf("writing consent: %w", err)
	}
	return fresh, nil
}

// Consents reads those of the profiles.
func (s *Store) Consents(ctx context.Context, profiles []string) ([]Consent, error) {
	var rows []Consent
	if err := s.DB.SelectContext(ctx, &rows, query("consent_of"), pq.Array(profiles)); err != nil {
		return nil, fmt.Errorf("reading consent: %w", err)
	}
	return rows, nil
}

// ListSuppressions reads those of the profiles, the oldest first.
func (s *Store) ListSuppressions(ctx context.Context, profiles []string) ([]ListSuppression, error) {
	var rows []ListSuppression
	if err := s.DB.SelectContext(ctx, &rows, query("list_suppression_of"), pq.Array(profiles)); err != nil {
		return nil, fmt.Errorf("reading suppressions of lists: %w", err)
	}
	return rows, nil
}

// SuppressOnList records that profiles want no mail as members of a list.
func (s *Store) SuppressOnList(ctx context.Context, tx *sqlx.Tx, list string, profiles []string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, query("list_suppression_insert"), pq.Array(profiles), list, at); err != nil {
		return fmt.Errorf("suppressing profiles on list %s: %w", list, err)
	}
	return nil
}

// UnsuppressOnList takes that back.
func (s *Store) UnsuppressOnList(ctx context.Context, tx *sqlx.Tx, list string, profiles []string) error {
	if _, err := tx.ExecContext(ctx, query("list_suppression_delete"), pq.Array(profiles), list); err != nil {
		return fmt.Errorf("lifting suppressions on list %s: %w", list, err)
	}
	return nil
}

// MembersAmong gives those of the profiles that are members of the list.
func (s *Store) MembersAmong(ctx context.Context, tx *sqlx.Tx, list string, profiles []string) ([]string, error) {
	var members []string
	if err := tx.SelectContext(ctx, &members, query("list_members_among"), list, pq.Array(profiles)); err != nil {
		return nil, fmt.Errorf("looking for members of list %s: %w", list, err)
	}
	return members, nil
}

// JoinListQuietly is JoinList for memberships of the past: nobody enters a flow, and no run is nudged.
func (s *Store) JoinListQuietly(ctx context.Context, tx *sqlx.Tx, list string, profiles []string, at time.Time) ([]string, error) {
	var joined []string
	if err := tx.SelectContext(ctx, &joined, query("list_join_quietly"), list, pq.Array(profiles), at); err != nil {
		return nil, fmt.Errorf("joining list %s: %w", list, err)
	}
	return joined, nil
}
