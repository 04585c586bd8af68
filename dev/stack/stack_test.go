package stack_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/dev/console"
	"github.com/legato-flow/legato/dev/process"
	"github.com/legato-flow/legato/dev/stack"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

func TestTheStackKeepsItsDataUntilItIsStartedFresh(t *testing.T) {
	t.Parallel()
	o := options(t)
	var out bytes.Buffer
	o.Console = console.New(&out)
	start := func() *stack.Stack {
		t.Helper()
		s, err := stack.Start(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	counts := func(s *stack.Stack) string {
		t.Helper()
		db, err := store.Open(t.Context(), s.DatabaseURL, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var extra, profiles int
		if err := db.DB.Get(&extra, "select count(*) from profile where external_id = 'extra'"); err != nil {
			t.Fatal(err)
		}
		if err := db.DB.Get(&profiles, "select count(*) from profile"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ValidKey(t.Context(), store.HashKey(stack.Key)); err != nil {
			t.Errorf("the development key is not valid: %v", err)
		}
		return fmt.Sprintf("%d of %d profiles, %d messages", extra, profiles, s.Inbox.Count())
	}

	first := start()
	db, err := store.Open(t.Context(), first.DatabaseURL, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.DB.Exec("insert into profile (id, external_id) values ('extra', 'extra')"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := smtp.SendMail(first.Mail, nil, "a@example.com", []string{"b@example.com"}, []byte("Subject: x\r\n\r\nx\r\n")); err != nil {
		t.Fatal(err)
	}
	if got := counts(first); got != "1 of 501 profiles, 1 messages" {
		t.Errorf("at first: %s", got)
	}
	if memory, err := first.Memory(); err != nil || !strings.Contains(memory, "Temporal") || !strings.Contains(memory, "Postgres") {
		t.Errorf("memory: %s, %v", memory, err)
	}
	if _, err := stack.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("runs in this folder already (process %d, %s)", os.Getpid(), first.BaseURL)) {
		t.Errorf("a second start while one runs: %v", err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"postgres", "temporal", "database", "sample", "inbox"} {
		if !strings.Contains(out.String(), "\n"+part+" ") && !strings.HasPrefix(out.String(), part+" ") {
			t.Errorf("it did not say that %s is ready:\n%s", part, out.String())
		}
	}

	second := start()
	if got := counts(second); got != "1 of 501 profiles, 1 messages" {
		t.Errorf("after a restart: %s", got)
	}
	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}
	o.Fresh = true
	third := start()
	if got := counts(third); got != "0 of 500 profiles, 0 messages" {
		t.Errorf("fresh: %s", got)
	}
	if err := third.Stop(); err != nil {
		t.Fatal(err)
	}
}

func TestBusyPortsAreNamedWithTheirOptions(t *testing.T) {
	t.Parallel()
	o := options(t)
	for _, port := range []int{o.Ports.Temporal, o.Ports.HTTP} {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	_, err := stack.Start(t.Context(), o)
	want := fmt.Sprintf("port %d, meant for the API, is in use by another program: stop that, or choose another port with --port\n"+
		"port %d, meant for Temporal, is in use by another program: stop that, or choose another port with --temporal-port", o.Ports.HTTP, o.Ports.Temporal)
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	// Nothing was started, and the folder is free again.
	if files, err := filepath.Glob(filepath.Join(o.Dir, "*")); err != nil || len(files) != 1 {
		t.Errorf("left %v, %v", files, err)
	}
}

func TestADatabaseWithKeysOfItsOwnDoesNotGetTheDevelopmentKey(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.DatabaseURL = testkit.DatabaseURL(t)
	db, err := store.Open(t.Context(), o.DatabaseURL, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.CreateKey(t.Context(), "pk_secret", "production"); err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop() }()
	if _, err := db.ValidKey(t.Context(), store.HashKey(stack.Key)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the development key is valid: %v", err)
	}
}

// options are those of a stack in a folder and at ports of its own.
func options(t *testing.T) stack.Options {
	t.Helper()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	// Not below t.TempDir, whose parents are closed to the user that Postgres may run as.
	dir, err := os.MkdirTemp("", "legato-stack-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	o := stack.Options{Root: root, Dir: dir, Console: console.New(io.Discard)}
	for _, port := range []*int{&o.Ports.HTTP, &o.Ports.Mail, &o.Ports.Temporal, &o.Ports.TemporalUI, &o.Ports.Postgres} {
		if *port, err = process.Port(0, "a test"); err != nil {
			t.Fatal(err)
		}
	}
	return o
}
