// Package testkit gives tests the real parts they run on: a database of their own on a shared Postgres, and a
// Temporal server. make test starts both once for all packages; a test run without it starts its own.
package testkit

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/migrations"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
)

// Environment variables that name the shared parts.
const (
	DatabaseVariable = "LEGATO_TEST_DATABASE_URL" // a superuser's URL
	TemporalVariable = "LEGATO_TEST_TEMPORAL"     // host:port
)

var template = sync.OnceValues(makeTemplate)

// Store opens a migrated, empty database that this test alone uses, and drops it when the test ends.
func Store(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), DatabaseURL(t), 10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// DatabaseURL makes a migrated, empty database that this test alone uses, and drops it when the test ends.
func DatabaseURL(t testing.TB) string {
	t.Helper()
	name, err := template()
	if err != nil {
		t.Fatalf("preparing the test database: %v", err)
	}
	base, err := adminURL()
	if err != nil {
		t.Fatalf("starting Postgres for the test: %v", err)
	}
	admin, err := sql.Open("postgres", base)
	if err != nil {
		t.Fatal(err)
	}
	fresh := "test_" + strings.ToLower(ulid.Make().String())
	if _, err := admin.Exec("create database " + fresh + " template " + name); err != nil {
		t.Fatalf("creating a database for the test: %v", err)
	}
	t.Cleanup(func() {
		_, _ = admin.Exec("drop database if exists " + fresh + " with (force)")
		_ = admin.Close()
	})
	return withDatabase(base, fresh)
}

// makeTemplate migrates one database per state of the migrations; every package's tests copy it.
func makeTemplate() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	name, err := templateName()
	if err != nil {
		return "", err
	}
	base, err := adminURL()
	if err != nil {
		return "", err
	}
	admin, err := sql.Open("postgres", base)
	if err != nil {
		return "", err
	}
	defer admin.Close()
	conn, err := admin.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	// Test binaries of several packages come here at once.
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock(7203)"); err != nil {
		return "", err
	}
	defer func() { _, _ = conn.ExecContext(ctx, "select pg_advisory_unlock(7203)") }()
	var exists bool
	if err := conn.QueryRowContext(ctx, "select exists(select from pg_database where datname = $1)", name).Scan(&exists); err != nil {
		return "", err
	}
	if exists {
		return name, nil
	}
	making := name + "_making"
	for _, statement := range []string{"drop database if exists " + making + " with (force)", "create database " + making} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return "", err
		}
	}
	db, err := sql.Open("postgres", withDatabase(base, making))
	if err != nil {
		return "", err
	}
	_, err = migrations.Run(ctx, db)
	_ = db.Close()
	if err != nil {
		return "", err
	}
	_, err = conn.ExecContext(ctx, "alter database "+making+" rename to "+name)
	return name, err
}

func templateName() (string, error) {
	h := fnv.New64a()
	root, err := Root()
	if err != nil {
		return "", err
	}
	err = fs.WalkDir(os.DirFS(filepath.Join(root, "migrations")), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".sql") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(root, "migrations", path))
		h.Write([]byte(path))
		h.Write(data)
		return err
	})
	return fmt.Sprintf("legato_template_%x", h.Sum64()), err
}

// Root gives the repository's folder.
func Root() (string, error) { return dev.Root() }

func withDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}
