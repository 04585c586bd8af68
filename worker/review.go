package worker

import (
	"context"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// review carries out approved actions until ctx ends: at once when some are approved, and every few seconds those
// that had to wait.
func (w *Worker) review(ctx context.Context) {
	o := w.options
	ingest.Listen(ctx, o.DatabaseURL, []string{store.ReviewChannel}, 5*time.Second, o.Log, func(ctx context.Context) (bool, error) {
		n, err := o.Advance.Review(ctx)
		return n > 0, err
	})
}
