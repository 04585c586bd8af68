package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// deliverers is how many webhooks one worker calls at a time: one that is slow must not hold up the others.
const deliverers = 8

// deliver tells webhooks of events until ctx ends: at once when something is queued, and every few seconds what failed.
func (w *Worker) deliver(ctx context.Context) {
	o := w.options
	if o.Deliveries == nil {
		return
	}
	wake := make(chan struct{}, deliverers)
	var calls sync.WaitGroup
	for range deliverers {
		calls.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-wake:
				}
				for more := true; more && ctx.Err() == nil; {
					var err error
					if more, err = o.Deliveries.Deliver(ctx); err != nil && ctx.Err() == nil {
						o.Log.ErrorContext(ctx, "calling webhooks, to be tried again", slog.Any("error", err))
						break
					}
				}
			}
		})
	}
	ingest.Listen(ctx, o.DatabaseURL, []string{store.WebhookChannel}, 5*time.Second, o.Log, func(context.Context) (bool, error) {
		for range deliverers {
			select {
			case wake <- struct{}{}:
			default:
			}
		}
		return false, nil
	})
	calls.Wait()
}
