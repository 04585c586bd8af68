package cli

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/dev/inbox"
	"github.com/legato-flow/legato/dev/sample"
	"github.com/legato-flow/legato/dev/story"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/internal/testkit"
)

// settings is a getenv over a map.
type settings map[string]string

func (s settings) get(name string) string { return s[name] }

// TestTheStoryComesOutRight plays the whole story over HTTP on real parts: API, worker, Postgres, Temporal, SMTP
// and the inbox, with the definitions that ship, and looks at every line of the table.
func TestTheStoryComesOutRight(t *testing.T) {
	t.Parallel()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // before anything asks it, so that nobody is refused
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	base := "http://" + address
	box, err := inbox.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	mail, err := box.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mail.Stop(context.Background()) })
	environment := settings{
		"LEGATO_MODE": "dev", "DATABASE_URL": testkit.DatabaseURL(t), "LEGATO_LISTEN": address, "LEGATO_BASE_URL": base,
		"LEGATO_SPEED": "3600", "LEGATO_LOG_LEVEL": "warn", "LEGATO_SMTP_ADDRESS": mail.Address, "LEGATO_TASK_QUEUE": "story-" + address[strings.LastIndexByte(address, ':')+1:],
		"TEMPORAL_ADDRESS": testkit.Temporal(t),
	}
	c, err := config.Load(environment.get)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openServer(t.Context(), c, environment.get, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if _, err := sample.Load(t.Context(), s.store.DB, sample.Options{BaseURL: base}); err != nil {
		t.Fatal(err)
	}
	if _, err := applySample(t.Context(), s.store, root+"/definitions", base); err != nil {
		t.Fatal(err)
	}
	w, err := s.worker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	extra := http.NewServeMux()
	extra.Handle("/inbox", box.Handler())
	extra.Handle("/inbox/", box.Handler())
	extra.Handle("/sample/", sample.Handler(base))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, listener, s.handler(extra), w) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	play := story.Story{
		API: base, Key: string(c.APIKey), Store: s.store, Inbox: story.WebInbox{URL: base}, Dates: w.Planner, Speed: c.Speed, Tag: "test",
		Log: slog.New(slog.DiscardHandler), Patient: 20 * time.Second,
	}
	lines, err := play.Play(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	if wrong := story.Print(&table, lines); wrong > 0 {
		t.Errorf("%d lines came out wrong", wrong)
	}
	t.Log("\n" + table.String())
	if len(lines) < 10 {
		t.Errorf("the table has %d lines", len(lines))
	}
}
