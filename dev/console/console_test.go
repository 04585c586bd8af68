package console

import (
	"bytes"
	"testing"
	"time"
)

func TestALineChangesInPlaceOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := New(&out)
	c.terminal = true
	c.Progress("temporal", "compiled 1 of 2")
	c.Progress("temporal", "compiled 2 of 2")
	c.Ready("temporal", 1234*time.Millisecond, "127.0.0.1:7233")
	c.Printf("done\n")
	want := "temporal   compiled 1 of 2\r\x1b[2Ktemporal   compiled 2 of 2\r\x1b[2Ktemporal   ready    1.2s   127.0.0.1:7233\ndone\n"
	if out.String() != want {
		t.Errorf("got\n%q, want\n%q", out.String(), want)
	}
}

func TestProgressIsRareWhereLinesStay(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := New(&out)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c.now = func() time.Time { return now }
	c.Progress("temporal", "1")
	now = now.Add(9 * time.Second)
	c.Progress("temporal", "2")
	c.Progress("postgres", "a")
	now = now.Add(time.Second)
	c.Progress("temporal", "3")
	if want := "temporal   1\npostgres   a\ntemporal   3\n"; out.String() != want {
		t.Errorf("got\n%s, want\n%s", out.String(), want)
	}
}
