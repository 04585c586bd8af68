// Package worker assembles what runs flows: the Temporal worker with the cohort workflow and its activities,
// the dispatcher and the date planner.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"golang.org/x/time/rate"
)

// Options are the parts and settings of a worker.
type Options struct {
	Store           *store.Store
	DatabaseURL     string // to listen for notifications
	Temporal        client.Client
	Queue           string // the task queue
	Clock           clock.Clock
	Advance         *activities.Advance
	Programs        *program.Cache
	CohortMax       int                    // members of a cohort; 0 is 200
	StartsPerSecond float64                // bound on workflow starts; 0 is none
	DateHorizon     time.Duration          // how far the date planner looks ahead; 0 is an hour
	DateSpread      time.Duration          // over how long a crowd that shares a moment enters; 0 is at once
	LateEvents      time.Duration          // how late an event may be recorded and still trigger; 0 is 6 h
	BuildID         string                 // turns Temporal's worker versioning on; "" is off
	StopTimeout     time.Duration          // for what has begun when it is told to stop; 0 is 30 s
	Deliveries      *activities.Deliveries // tells webhooks of events; nil: nobody does
	Log             *slog.Logger
}

// Worker runs flows.
type Worker struct {
	Dispatcher *ingest.Dispatcher
	Planner    *ingest.Planner
	Backfiller *ingest.Backfiller
	Jobs       *ingest.JobWorker

	options Options
	sdk     sdk.Worker
	cancel  context.CancelFunc
	loops   sync.WaitGroup
	reserve []byte // never touched, so that it takes none of the machine's memory, but the garbage collector waits longer
}

// New assembles a worker. It does nothing before Start.
func New(o Options) *Worker {
	if o.StopTimeout <= 0 {
		o.StopTimeout = 30 * time.Second
	}
	w := &Worker{options: o}
	w.sdk = sdk.New(o.Temporal, o.Queue, sdk.Options{
		// One process serves both task kinds of one queue; eight pollers keep two cores busy.
		MaxConcurrentWorkflowTaskPollers:        8,
		MaxConcurrentActivityTaskPollers:        4,
		MaxConcurrentActivityExecutionSize:      32,
		MaxConcurrentLocalActivityExecutionSize: 64,
		WorkerStopTimeout:                       o.StopTimeout,
		DeploymentOptions:                       deployment(o.Queue, o.BuildID),
	})
	workflows.Register(w.sdk)
	w.sdk.RegisterActivityWithOptions(o.Advance.Run, activity.RegisterOptions{Name: workflows.Advance})
	w.sdk.RegisterActivityWithOptions(o.Advance.Migrate, activity.RegisterOptions{Name: workflows.Migrate})
	w.Dispatcher = &ingest.Dispatcher{
		Store: o.Store, Clock: o.Clock, Programs: o.Programs, Starter: &Starter{Client: o.Temporal, Queue: o.Queue},
		Max: o.CohortMax, Late: o.LateEvents, Log: o.Log,
	}
	if o.StartsPerSecond > 0 {
		w.Dispatcher.Limit = rate.NewLimiter(rate.Limit(o.StartsPerSecond), max(1, int(o.StartsPerSecond)))
	}
	w.Planner = &ingest.Planner{Store: o.Store, Clock: o.Clock, Programs: o.Programs, Horizon: o.DateHorizon, Spread: o.DateSpread, Log: o.Log}
	w.Backfiller = &ingest.Backfiller{Store: o.Store, Log: o.Log}
	w.Jobs = &ingest.JobWorker{Ingester: ingest.New(o.Store, o.Clock.Now), Log: o.Log}
	return w
}

// Start begins to run flows.
func (w *Worker) Start(ctx context.Context) error {
	if err := w.sdk.Start(); err != nil {
		return fmt.Errorf("starting the Temporal worker: %w", err)
	}
	w.reserve = make([]byte, 32<<20)
	ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	w.loops.Go(func() { w.Dispatcher.Serve(ctx, w.options.DatabaseURL) })
	w.loops.Go(func() { w.Planner.Serve(ctx, w.options.DatabaseURL) })
	w.loops.Go(func() { ingest.KeepMonths(ctx, w.options.Store, w.options.Clock, w.options.Log) })
	w.loops.Go(func() { w.repeat(ctx) })
	w.loops.Go(func() { w.review(ctx) })
	w.loops.Go(func() { w.deliver(ctx) })
	w.loops.Go(func() { w.Backfiller.Serve(ctx) })
	w.loops.Go(func() { w.Jobs.Serve(ctx, w.options.DatabaseURL) })
	return nil
}

// Stop lets in nobody more, finishes what has begun, within the stop timeout, and returns. What could not be
// finished is taken up by the next worker.
func (w *Worker) Stop() {
	w.cancel()
	w.loops.Wait()
	w.sdk.Stop()
	w.options.Advance.Drain()
}

// repeat repeats failed steps that somebody asks for, until ctx ends.
func (w *Worker) repeat(ctx context.Context) {
	ingest.Listen(ctx, w.options.DatabaseURL, []string{store.RetryChannel}, 10*time.Second, w.options.Log, func(ctx context.Context) (bool, error) {
		n, err := w.options.Advance.Retry(ctx)
		return n > 0, err
	})
}
