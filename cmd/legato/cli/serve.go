package cli

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/worker"
)

// startPatience is how long a starting process waits for Postgres and Temporal, which may start beside it.
const startPatience = 30 * time.Second

func apiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "api",
		Short: "Serve the API",
		Long:  "Serve the public API, with /healthz, /readyz and /metrics, at LEGATO_LISTEN. Run as many as you need.",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return run(command, true, false) },
	}
}

func workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "worker",
		Short: "Run flows",
		Long:  "Let people into flows and carry them through. Run as many as you need. LEGATO_WORKER_LISTEN serves its health and metrics.",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return run(command, false, true) },
	}
}

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and run flows in one process",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return run(command, true, true) },
	}
}

// run serves until it is told to stop, and then finishes what it has begun.
func run(command *cobra.Command, withAPI, withWorker bool) error {
	c, err := config.FromEnvironment()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := connectPatiently(ctx, c, command.ErrOrStderr(), startPatience)
	if err != nil {
		return err
	}
	defer s.close()
	address, handler := c.WorkerListen, api.Operations(s.operations())
	if withAPI {
		address, handler = c.Listen, s.handler(nil)
	}
	var w *worker.Worker
	if withWorker {
		if w, err = s.worker(ctx); err != nil {
			return err
		}
	}
	return s.run(ctx, address, handler, w)
}
