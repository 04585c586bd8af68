package inbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, dir string) *Box {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b, err := Open(dir, func() time.Time { now = now.Add(time.Second); return now })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func add(t *testing.T, b *Box, to, subject string) Entry {
	t.Helper()
	e, err := b.Add("shop@example.com", []string{to}, []byte("From: Shop <shop@example.com>\r\nSubject: "+subject+"\r\n\r\nHello\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func subjects(entries []Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Subject)
	}
	return strings.Join(all, " ")
}

func TestMessagesAreListedTheNewestFirstAndFoundByAddress(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	add(t, b, "anna@example.com", "1")
	second := add(t, b, "Hanna@example.com", "2")
	add(t, b, "otto@example.org", "3")
	for _, c := range []struct {
		to, before, want string
		limit            int
	}{
		{"", "", "3 2 1", 10},
		{"", "", "3 2", 2},
		{"", second.ID, "1", 10},
		{"anna@example.com", "", "1", 10}, // a whole address
		{"ANNA", "", "2 1", 10},           // a part of one
		{"hanna@EXAMPLE.com", "", "2", 10},
		{"nobody", "", "", 10},
	} {
		if got := subjects(b.List(c.to, c.before, c.limit)); got != c.want {
			t.Errorf("to %q before %q: got %q, want %q", c.to, c.before, got, c.want)
		}
	}
	messages, err := b.To("hanna@example.com")
	if err != nil || len(messages) != 1 || messages[0].Text != "Hello\r\n" || messages[0].Sender != "shop@example.com" {
		t.Errorf("got %+v, %v", messages, err)
	}
}

func TestMessagesSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	add(t, b, "anna@example.com", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=")
	add(t, b, "otto@example.com", "2")
	for name, text := range map[string]string{"unfinished.eml.part": "half", "notes.txt": "not a message", "name.eml": "not ours"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, dir)
	if diff := cmp.Diff(b.List("", "", 10), again.List("", "", 10)); diff != "" || subjects(again.List("", "", 10)) != "2 Grüße" {
		t.Errorf("%s\n%s", subjects(again.List("", "", 10)), diff)
	}
	// The clock of the second begins at the same moment: ids go on after the kept ones.
	if got := subjects([]Entry{add(t, again, "x@example.com", "3")}) + " " + subjects(again.List("", "", 10)); got != "3 3 2 Grüße" {
		t.Errorf("got %s", got)
	}
}

func TestTheOldestMessagesGoFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	b.maxMessages = 3
	for i := range 5 {
		add(t, b, "anna@example.com", fmt.Sprint(i))
	}
	if got := subjects(b.List("", "", 10)); got != "4 3 2" {
		t.Errorf("by number: %s", got)
	}
	b.maxBytes = b.bytes/3*2 + 1
	add(t, b, "anna@example.com", "5")
	if got := subjects(b.List("", "", 10)); got != "5 4" {
		t.Errorf("by size: %s", got)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(files) != 2 {
		t.Errorf("%d files, %v", len(files), err)
	}
	if err := b.Clear(); err != nil || b.Count() != 0 || b.bytes != 0 {
		t.Errorf("after clearing: %d messages, %d bytes, %v", b.Count(), b.bytes, err)
	}
}

func TestAnIDIsNoPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, filepath.Join(dir, "inbox"))
	if err := os.WriteFile(filepath.Join(dir, "secret.eml"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"../secret", "", "..", strings.Repeat("0", 26), strings.ToLower(add(t, b, "a@example.com", "x").ID)} {
		if _, err := b.Raw(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}
