package ingest_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// TestANotificationWakesTheWork lets the poll take an hour, so that only the notification can.
func TestANotificationWakesTheWork(t *testing.T) {
	t.Parallel()
	url := testkit.DatabaseURL(t)
	s, err := store.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	worked := make(chan struct{}, 100)
	ended := make(chan struct{})
	go func() {
		ingest.Listen(ctx, url, []string{store.OutboxChannel}, time.Hour, slog.New(slog.DiscardHandler), func(context.Context) (bool, error) {
			worked <- struct{}{}
			return false, nil
		})
		close(ended)
	}()
	defer func() {
		stop()
		<-ended
	}()
	for i := range 3 {
		select {
		case <-worked:
		case <-time.After(time.Minute):
			t.Fatalf("nothing was done after notification %d", i)
		}
		s.DB.MustExec("insert into outbox (flow_id, profile_id, entry_key) values ('f', 'p', 'k')")
	}
}
