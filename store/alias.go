package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// AliasID is the kind of alias that is the id of a merged profile. Other kinds are names of Identifiers.
const AliasID = "id"

// Alias is what a profile is found by besides its own identifiers: a further address or device, or an identifier of
// a profile that was merged into it.
type Alias struct {
	Kind      string    `db:"kind" json:"kind"`
	Key       string    `db:"key" json:"key"` // what is compared: an email in lower case, others as they are
	Value     string    `db:"value" json:"value"`
	ProfileID string    `db:"profile_id" json:"profile_id"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
}

// ReadAliases gives the kinds and keys of the aliases that LockProfiles read with the profile.
func (p *Profile) ReadAliases() ([]Alias, error) {
	if !p.Aliases.Valid {
		return nil, nil
	}
	var all []Alias
	if err := json.Unmarshal(p.Aliases.JSONText, &all); err != nil {
		return nil, fmt.Errorf("aliases of profile %s: %w", p.ID, err)
	}
	return all, nil
}

// AddAliases gives profiles aliases, and says how many there are of those: fewer than given means that another
// transaction has just made one somebody's identifier, and this one has to be tried again. keep bounds how many
// anonymous ids a profile has; the oldest go.
func (s *Store) AddAliases(ctx context.Context, tx *sqlx.Tx, aliases []Alias, keep int) (int, error) {
	var claims []string
	// The identifiers' own indexes keep two writers from giving one address to two profiles.
	if err := tx.SelectContext(ctx, &claims, query("alias_claim"), document(aliases)); err != nil {
		return 0, fmt.Errorf("claiming aliases: %w", err)
	}
	var added []string
	if err := tx.SelectContext(ctx, &added, query("alias_insert"), document(aliases), pq.Array(claims)); err != nil {
		return 0, fmt.Errorf("adding aliases: %w", err)
	}
	claimed := 0
	profiles := map[string]bool{}
	for _, a := range aliases {
		if a.Kind != AliasID {
			claimed++
		}
		profiles[a.ProfileID] = true
	}
	for id := range profiles {
		if _, err := tx.ExecContext(ctx, query("alias_trim"), id, keep); err != nil {
			return 0, fmt.Errorf("dropping old aliases: %w", err)
		}
	}
	return len(added) - (claimed - len(claims)), nil
}

// RemoveAliases takes aliases away from the profiles that have them.
func (s *Store) RemoveAliases(ctx context.Context, tx *sqlx.Tx, aliases []Alias) error {
	if _, err := tx.ExecContext(ctx, query("alias_delete"), document(aliases)); err != nil {
		return fmt.Errorf("removing aliases: %w", err)
	}
	return nil
}

// AliasesOf reads a profile's aliases, the oldest first.
func (s *Store) AliasesOf(ctx context.Context, q sqlx.QueryerContext, profile string) ([]Alias, error) {
	var all []Alias
	if err := sqlx.SelectContext(ctx, q, &all, query("alias_of_profile"), profile); err != nil {
		return nil, fmt.Errorf("reading the aliases of profile %s: %w", profile, err)
	}
	return all, nil
}
