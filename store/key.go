package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// HashKey is what is stored of an API key. Keys are long and random, so a plain hash keeps them secret.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// CreateKey makes the key valid under a name for people. Doing it again changes nothing.
func (s *Store) CreateKey(ctx context.Context, key, name string) error {
	if _, err := s.DB.ExecContext(ctx, query("key_insert"), HashKey(key), name); err != nil {
		return fmt.Errorf("storing API key %q: %w", name, err)
	}
	return nil
}

// KeyExists says whether a key with that HashKey is valid.
func (s *Store) KeyExists(ctx context.Context, hash string) (bool, error) {
	var exists bool
	if err := s.DB.GetContext(ctx, &exists, query("key_exists"), hash); err != nil {
		return false, fmt.Errorf("looking up an API key: %w", err)
	}
	return exists, nil
}
