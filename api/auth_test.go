package api

import (
	"log/slog"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/testkit"
)

// While one request looks a known key or the company up again, and Postgres does not answer, the others are not held up.
func TestKeysAndTheCompanyAreLookedUpByOneRequestAtATime(t *testing.T) {
	t.Parallel()
	const key = "pk_0123456789abcdef0123456789abcdef01"
	s := testkit.Store(t)
	if err := s.CreateKey(t.Context(), key, "test", "full"); err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureAccount(t.Context(), "AbCdEf"); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	keys := newKeyring(s, nil, slog.New(slog.DiscardHandler))
	keys.now = func() time.Time { return now }
	var shop company
	look := func() (ok bool) {
		t.Helper()
		_, err := keys.find(t.Context(), key)
		id, problem := shop.find(t.Context(), s, now)
		if problem != nil || id == "" {
			t.Fatalf("the company: %q, %v", id, problem)
		}
		return err == nil
	}
	if !look() {
		t.Fatal("the key is not valid")
	}
	now = now.Add(keyMemory)
	tx := s.DB.MustBegin()
	defer func() { _ = tx.Rollback() }()
	tx.MustExec("lock table api_key, account in access exclusive mode")
	first := make(chan error, 2)
	go func() {
		_, err := keys.find(t.Context(), key)
		first <- err
	}()
	go func() {
		_, err := shop.find(t.Context(), s, now)
		first <- err
	}()
	for waiting := 0; waiting < 2; time.Sleep(5 * time.Millisecond) {
		if err := s.DB.Get(&waiting, "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if !look() {
			t.Fatal("the key is not valid while it is looked up")
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for range cap(first) {
		if err := <-first; err != nil {
			t.Error(err)
		}
	}
	if _, err := s.DB.Exec("delete from api_key"); err != nil {
		t.Fatal(err)
	}
	now = now.Add(keyMemory)
	if look() {
		t.Error("a revoked key is still valid after its answer has grown old")
	}
}
