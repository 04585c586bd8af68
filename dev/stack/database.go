package stack

import (
	"context"
	"fmt"
	"time"

	"github.com/legato-flow/legato/dev/sample"
	"github.com/legato-flow/legato/migrations"
	"github.com/legato-flow/legato/store"
)

// Key is the private API key of development.
const Key = "pk_dev"

// fill brings the database up to date and, when it is empty, loads the sample store.
func (s *Stack) fill(ctx context.Context) error {
	begun := time.Now()
	db, err := store.Open(ctx, s.DatabaseURL, 4)
	if err != nil {
		return err
	}
	defer db.Close()
	applied, err := migrations.Run(ctx, db.DB.DB)
	if err != nil {
		return err
	}
	state := "up to date"
	if len(applied) > 0 {
		state = fmt.Sprintf("%d migrations applied", len(applied))
	}
	s.options.Console.Ready("database", time.Since(begun), state)

	begun = time.Now()
	loaded, err := sample.Load(ctx, db.DB, sample.Options{BaseURL: s.BaseURL})
	if err != nil {
		return err
	}
	if loaded.Profiles > 0 {
		s.options.Console.Ready("sample", time.Since(begun), fmt.Sprintf("%d products, %d customers, %d events of the past year", loaded.Products, loaded.Profiles, loaded.Events))
	}
	return s.allow(ctx, db)
}

// allow makes the development key valid, but never in a database that has keys of its own: DATABASE_URL may name
// one that is not only for development.
func (s *Stack) allow(ctx context.Context, db *store.Store) error {
	var others bool
	if err := db.DB.GetContext(ctx, &others, "select exists(select from api_key where hash <> $1)", store.HashKey(Key)); err != nil {
		return fmt.Errorf("looking for API keys: %w", err)
	}
	if others {
		s.options.Console.Printf("%-10s the database has API keys of its own, so %s is not added\n", "database", Key)
		return nil
	}
	return db.CreateKey(ctx, Key, "development")
}
