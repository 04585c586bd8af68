package store

import (
	"context"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// frequent are the statements that every event or profile runs through: worth preparing once per connection.
var frequent = []string{"profile_lock", "profile_insert", "profile_update", "event_insert"}

// statements holds the prepared ones. The zero value is ready.
type statements struct {
	mu   sync.Mutex
	made sync.Map // name → *sqlx.Stmt
	all  bool
}

// Warm prepares the frequent statements, once. Call it before a transaction begins, never inside: preparing
// takes a connection, and a pool whose connections all wait for one more stands still.
func (s *Store) Warm(ctx context.Context) error {
	s.prepared.mu.Lock()
	defer s.prepared.mu.Unlock()
	if s.prepared.all {
		return nil
	}
	for _, name := range frequent {
		if _, ok := s.prepared.made.Load(name); ok {
			continue
		}
		statement, err := s.DB.PreparexContext(ctx, query(name))
		if err != nil {
			return fmt.Errorf("preparing %s: %w", name, err)
		}
		s.prepared.made.Store(name, statement)
	}
	s.prepared.all = true
	return nil
}

// selectTx runs a statement inside a transaction and reads all its rows into dest, a pointer to a slice.
func (s *Store) selectTx(ctx context.Context, tx *sqlx.Tx, dest any, name string, args ...any) error {
	if statement, ok := s.prepared.made.Load(name); ok {
		return tx.StmtxContext(ctx, statement.(*sqlx.Stmt)).SelectContext(ctx, dest, args...)
	}
	return tx.SelectContext(ctx, dest, query(name), args...)
}
