package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/legato-flow/legato/store"
	"github.com/lib/pq"
)

// Listen calls work again and again until ctx ends: whenever Postgres notifies one of the channels, and at
// least once per poll. While work says that there is more, it is called without a pause; when it fails, after
// a pause that doubles up to half a minute.
func Listen(ctx context.Context, url string, channels []string, poll time.Duration, log *slog.Logger, work func(ctx context.Context) (more bool, err error)) {
	listener := pq.NewListener(url, 100*time.Millisecond, 10*time.Second, func(_ pq.ListenerEventType, err error) {
		if err != nil && ctx.Err() == nil {
			log.Warn("listening to Postgres", "channels", channels, "error", err)
		}
	})
	defer func() { _ = listener.Close() }()
	for _, channel := range channels {
		if err := listener.Listen(channel); err != nil && !errors.Is(err, pq.ErrChannelAlreadyOpen) {
			log.Warn("listening to Postgres; polling meanwhile", "channel", channel, "error", err)
		}
	}
	pause := time.Second
	for ctx.Err() == nil {
		more, err := work(ctx)
		wait := poll
		switch {
		case err != nil && ctx.Err() == nil:
			log.Error("working on what Postgres holds, to be tried again", "channels", channels, "error", err)
			wait, pause = pause, min(2*pause, 30*time.Second)
		case more:
			pause = time.Second
			continue
		default:
			pause = time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-listener.Notify: // nil when the connection was lost and is back
			drain(listener)
		case <-timer.C:
		}
		timer.Stop()
	}
}

// drain drops notifications that came together with the one at hand: one round of work serves them all.
func drain(listener *pq.Listener) {
	for {
		select {
		case <-listener.Notify:
		default:
			return
		}
	}
}

// Serve dispatches until ctx ends: at once when an entry is written, and every second to be safe.
func (d *Dispatcher) Serve(ctx context.Context, url string) {
	recovered := time.Time{}
	Listen(ctx, url, []string{store.OutboxChannel}, time.Second, d.Log, func(ctx context.Context) (bool, error) {
		if time.Since(recovered) > 5*time.Second {
			if _, err := d.Recover(ctx, 5*time.Second); err != nil {
				d.Log.Error("starting cohorts that had not started", "error", err)
			}
			recovered = time.Now()
		}
		n, err := d.Dispatch(ctx)
		if err != nil {
			return false, err
		}
		nudged, err := d.Nudge(ctx)
		return n+nudged > 0, err
	})
}
