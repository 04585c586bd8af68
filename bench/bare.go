package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/sync/errgroup"
)

// bareRun is what a run costs Temporal at the least: two local activities around a timer.
func bareRun(ctx workflow.Context) error {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: 10 * time.Second})
	if err := workflow.ExecuteLocalActivity(ctx, nothing).Get(ctx, nil); err != nil {
		return err
	}
	if err := workflow.Sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	return workflow.ExecuteLocalActivity(ctx, lastStep).Get(ctx, nil)
}

const lastStep = "last step"

func nothing(context.Context) error { return nil }

// bare runs n bare workflows, started as fast as the server takes them, and gives how many a second came to their end:
// as with ours, that is when the last local activity has run.
func (s *stage) bare(ctx context.Context, n int) (float64, error) {
	own := "bare-" + uuid.NewString() // a queue that no earlier worker polled
	w := sdk.New(s.temporal, own, sdk.Options{MaxConcurrentWorkflowTaskPollers: 8, MaxConcurrentActivityTaskPollers: 4})
	w.RegisterWorkflow(bareRun)
	var ended atomic.Int64
	all := make(chan struct{})
	w.RegisterActivityWithOptions(func(context.Context) error {
		if ended.Add(1) == int64(n) {
			close(all)
		}
		return nil
	}, activity.RegisterOptions{Name: lastStep})
	if err := w.Start(); err != nil {
		return 0, err
	}
	defer w.Stop()
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	start := time.Now()
	group, starting := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for range n {
		group.Go(func() error {
			_, err := s.temporal.ExecuteWorkflow(starting, client.StartWorkflowOptions{
				ID: "bare/" + uuid.NewString(), TaskQueue: own, EnableEagerStart: true,
			}, bareRun)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, fmt.Errorf("starting bare workflows: %w", err)
	}
	select {
	case <-all:
		return perSecond(n, time.Since(start)), nil
	case <-time.After(patience):
		return 0, fmt.Errorf("%d of %d bare workflows ended in %s", ended.Load(), n, patience)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
