package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Key is a private API key without the key itself, which only its owner knows.
type Key struct {
	Hash       string         `db:"hash"` // see HashKey
	Name       string         `db:"name"` // for people
	Prefix     string         `db:"prefix"`
	Scopes     pq.StringArray `db:"scopes"` // such as events:write; nil is everything
	CreatedAt  time.Time      `db:"created_at"`
	LastUsedAt *time.Time     `db:"last_used_at"` // to about KeyUseGrain
	RevokedAt  *time.Time     `db:"revoked_at"`
}

// KeyUseGrain is how exactly the last use of a key is kept: not worth a write for every request.
const KeyUseGrain = time.Hour

// HashKey is what is stored of an API key. Keys are long and random, so a plain hash keeps them secret.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// keyPrefix is what people tell a key by: its beginning, at most a third of it.
func keyPrefix(key string) string { return key[:min(11, len(key)/3)] }

// CreateKey makes the key valid under a name for people, for the given scopes; without any, for everything. Doing it
// again changes nothing.
func (s *Store) CreateKey(ctx context.Context, key, name string, scopes ...string) error {
	if _, err := s.DB.ExecContext(ctx, query("key_insert"), HashKey(key), name, keyPrefix(key), pq.StringArray(scopes)); err != nil {
		return fmt.Errorf("storing API key %q: %w", name, err)
	}
	return nil
}

// ValidKey gives the key with that HashKey. ErrNotFound: there is none, or it is revoked.
func (s *Store) ValidKey(ctx context.Context, hash string) (Key, error) {
	var k Key
	err := s.DB.GetContext(ctx, &k, query("key_valid"), hash)
	if errors.Is(err, sql.ErrNoRows) {
		return Key{}, ErrNotFound
	}
	if err != nil {
		return Key{}, fmt.Errorf("looking up an API key: %w", err)
	}
	return k, nil
}

// KeyUsed notes that the key is used now, if the last noted use is KeyUseGrain ago.
func (s *Store) KeyUsed(ctx context.Context, hash string, now time.Time) error {
	if _, err := s.DB.ExecContext(ctx, query("key_used"), hash, now, KeyUseGrain.Seconds()); err != nil {
		return fmt.Errorf("noting the use of an API key: %w", err)
	}
	return nil
}

// Keys gives all keys, the oldest first, with those that are revoked.
func (s *Store) Keys(ctx context.Context) ([]Key, error) {
	var all []Key
	if err := s.DB.SelectContext(ctx, &all, query("key_list")); err != nil {
		return nil, fmt.Errorf("listing API keys: %w", err)
	}
	return all, nil
}

// RevokeKey makes the key with that prefix or name invalid for good, and gives it. The error says so if there is none,
// or several that are valid, or it was revoked before.
func (s *Store) RevokeKey(ctx context.Context, called string, now time.Time) (Key, error) {
	var revoked Key
	err := s.Tx(ctx, func(tx *sqlx.Tx) error {
		var found []Key
		if err := tx.SelectContext(ctx, &found, query("key_called"), called); err != nil {
			return fmt.Errorf("looking for API key %q: %w", called, err)
		}
		var valid []Key
		var prefixes []string
		for _, k := range found {
			if k.RevokedAt == nil {
				valid, prefixes = append(valid, k), append(prefixes, k.Prefix)
			}
		}
		switch {
		case len(found) == 0:
			return fmt.Errorf("no API key has the name or the prefix %q: %w", called, ErrNotFound)
		case len(valid) == 0:
			return fmt.Errorf("API key %q was revoked at %s", called, found[len(found)-1].RevokedAt.UTC().Format(time.RFC3339))
		case len(valid) > 1:
			return fmt.Errorf("%d valid API keys are called %q; say which by its prefix: %s", len(valid), called, strings.Join(prefixes, ", "))
		}
		if _, err := tx.ExecContext(ctx, query("key_revoke"), valid[0].Hash, now); err != nil {
			return fmt.Errorf("revoking API key %q: %w", called, err)
		}
		revoked = valid[0]
		revoked.RevokedAt = &now
		return nil
	})
	return revoked, err
}
