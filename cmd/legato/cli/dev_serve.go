package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/worker"
)

// running is Legato itself, API and worker, in development.
type running struct {
	server  *server
	worker  *worker.Worker
	applied string        // what definitions were applied
	done    chan struct{} // closed when it has ended
	err     error         // why, after done
	cancel  context.CancelFunc
}

// serveDev applies the definitions and starts API and worker in this process. It returns when they are ready.
func serveDev(ctx context.Context, c config.Config, logs io.Writer, extra http.Handler) (*running, error) {
	s, err := connectPatiently(ctx, c, logs, startPatience)
	if err != nil {
		return nil, err
	}
	d, err := applySample(ctx, s.store, c.Definitions, c.BaseURL)
	if err != nil {
		s.close()
		return nil, err
	}
	r := &running{server: s, done: make(chan struct{})}
	r.applied = fmt.Sprintf("%d flows, %d templates, %d feeds", len(d.Flows), len(d.Templates), len(d.Feeds))
	if r.worker, err = s.worker(ctx); err != nil {
		s.close()
		return nil, err
	}
	// It ends when stop says so, and not with ctx: the stack below it is still needed then.
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	go func() {
		r.err = s.run(serving, c.Listen, s.handler(extra), r.worker)
		close(r.done)
	}()
	if err := r.await(ctx, c.BaseURL+"/readyz"); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

// await waits until the server says that it is ready.
func (r *running) await(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("%s answers %s", url, response.Status)
		}
		select {
		case <-r.done:
			return errors.New("the server ended while it started")
		case <-ctx.Done():
			return fmt.Errorf("waiting until the server is ready: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop lets what has begun end.
func (r *running) stop() error {
	r.cancel()
	<-r.done
	r.server.close()
	return r.err
}
