// Package store remembers: Postgres through sqlx, one file per noun, the SQL of a noun in query/<noun>.sql.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

//go:embed query/*.sql
var queryFiles embed.FS

// queries holds every statement under its name. A statement starts with a line "-- name: <name>" in one of the
// files in query/.
var queries = loadQueries()

// Store gives access to the database. It is safe for concurrent use.
type Store struct {
	DB *sqlx.DB

	recording sync.Map // transactions of Tx: *sqlx.Tx → *[]recorded
	types     tally
	handing   handOvers
}

// ErrNotFound is what a getter returns when there is no such row.
var ErrNotFound = errors.New("not found")

// Open connects to the database at url with at most conns connections (0: 20) and checks that it answers.
func Open(ctx context.Context, url string, conns int) (*Store, error) {
	server, err := pq.NewConnector(withoutJIT(url))
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	db := sqlx.NewDb(sql.OpenDB(connector{server}), "postgres")
	if conns <= 0 {
		conns = 20
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("connecting to Postgres: %w", err)
	}
	return &Store{DB: db}, nil
}

// withoutJIT turns Postgres's compiler off: it takes longer over the statements for a batch of people than they
// take to run.
func withoutJIT(url string) string {
	switch {
	case strings.Contains(url, "jit="):
		return url
	case strings.Contains(url, "://") && strings.Contains(url, "?"):
		return url + "&jit=off"
	case strings.Contains(url, "://"):
		return url + "?jit=off"
	default:
		return url + " jit=off"
	}
}

// Close writes what has been counted of properties, and closes all connections.
func (s *Store) Close() error {
	err := s.closeTypes()
	return errors.Join(err, s.DB.Close())
}

// Tx runs f in a transaction, and commits when f returns nil.
func (s *Store) Tx(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	tx, err := s.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	var noted []recorded
	s.recording.Store(tx, &noted)
	defer s.recording.Delete(tx)
	if err := f(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	s.types.add(noted, s.flushTypes)
	return nil
}

func loadQueries() map[string]string {
	all := map[string]string{}
	entries, err := queryFiles.ReadDir("query")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		data, err := queryFiles.ReadFile("query/" + entry.Name())
		if err != nil {
			panic(err)
		}
		for _, part := range strings.Split("\n"+string(data), "\n-- name: ")[1:] {
			name, sql, _ := strings.Cut(part, "\n")
			name = strings.TrimSpace(name)
			if _, dup := all[name]; dup {
				panic("store: two queries are named " + name)
			}
			all[name] = strings.TrimSpace(sql)
		}
	}
	return all
}

// query gives the statement of that name.
func query(name string) string {
	sql, ok := queries[name]
	if !ok {
		panic("store: no query is named " + name)
	}
	return sql
}
