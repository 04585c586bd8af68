package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/ingest"
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
	command := &cobra.Command{
		Use:   "worker",
		Short: "Run flows",
		Long:  "Let people into flows and carry them through. Run as many as you need. LEGATO_WORKER_LISTEN serves its health and metrics.",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return run(command, false, true) },
	}
	command.AddCommand(workerPromoteCommand())
	return command
}

// workerPromoteCommand makes a build the current one, where workers are versioned.
func workerPromoteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "promote [build]",
		Short: "Make a build of the worker the current one, by default LEGATO_BUILD_ID",
		Long: "With LEGATO_BUILD_ID set, workers take part in Temporal's worker versioning: a new build gets no work until it is\n" +
			"promoted. People who wait go on with the current build when they are due.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			c, err := config.FromEnvironment("LEGATO_TASK_QUEUE")
			if err != nil {
				return err
			}
			build := c.BuildID
			if len(args) == 1 {
				build = args[0]
			}
			if build == "" {
				return errors.New("which build? give it, or set LEGATO_BUILD_ID")
			}
			temporal, err := dialTemporal(command.Context())
			if err != nil {
				return err
			}
			defer temporal.Close()
			if err := worker.Promote(command.Context(), temporal, c.TaskQueue, build); err != nil {
				return err
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "build %s is the current one\n", build)
			return err
		},
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
		if err := s.store.EnsureAccount(ctx, ""); err != nil {
			return err
		}
		address, handler = c.Listen, s.handler(nil)
		if err := ingest.PrepareMonths(ctx, s.store, s.clock.Now()); err != nil { // events make their own if need be
			s.log.Warn("making partitions for the coming months", "error", err)
		}
	}
	var w *worker.Worker
	if withWorker {
		if w, err = s.worker(ctx); err != nil {
			return err
		}
	}
	return s.run(ctx, address, handler, w)
}
