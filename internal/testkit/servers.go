package testkit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/dev/postgres"
	"github.com/legato-flow/legato/dev/temporalserver"
)

// The servers of a test process that was given none. They end with the process and leave nothing, as their
// children watch it: no test has to stop them.
var (
	adminURL = sync.OnceValues(func() (string, error) {
		if url := os.Getenv(DatabaseVariable); url != "" {
			return url, nil
		}
		s, err := StartPostgres(context.Background())
		if err != nil {
			return "", err
		}
		return s.URL, nil
	})
	temporalAddress = sync.OnceValues(func() (string, error) {
		if address := os.Getenv(TemporalVariable); address != "" {
			return address, nil
		}
		s, err := StartTemporal(context.Background(), nil)
		if err != nil {
			return "", err
		}
		return s.Address, nil
	})
)

// Temporal gives the host:port of a Temporal server, with the namespace default, that all tests share: each should
// use a task queue and workflow ids of its own. Without LEGATO_TEST_TEMPORAL it is started, and if need be built,
// which takes minutes.
func Temporal(t testing.TB) string {
	t.Helper()
	address, err := temporalAddress()
	if err != nil {
		t.Fatalf("starting Temporal for the test: %v", err)
	}
	return address
}

// StartPostgres starts a Postgres on a free port whose data are removed when it, or this process, ends.
func StartPostgres(ctx context.Context) (*postgres.Server, error) {
	// Directly in the folder for temporary files, which every user can enter: Postgres may run as another.
	dir, err := os.MkdirTemp("", "legato-test-postgres-")
	if err != nil {
		return nil, err
	}
	return postgres.Start(ctx, postgres.Options{Dir: dir, Fast: true, Temporary: true})
}

// StartTemporal starts a Temporal without web UI on a free port whose data are removed when it, or this process,
// ends. It tells progress, if not nil, about a build.
func StartTemporal(ctx context.Context, progress func(state string)) (*temporalserver.Server, error) {
	root, err := dev.Root()
	if err != nil {
		return nil, err
	}
	builder := temporalserver.Builder{Root: root, Caches: temporalserver.Caches(root), Progress: progress}
	binary, err := builder.Binary(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "legato-test-temporal-")
	if err != nil {
		return nil, err
	}
	s, err := temporalserver.Start(ctx, temporalserver.Options{Binary: binary, Dir: filepath.Clean(dir), UIPort: -1, Temporary: true})
	if err != nil {
		return nil, fmt.Errorf("starting Temporal: %w", err)
	}
	return s, nil
}
