package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
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
	return workflow.ExecuteLocalActivity(ctx, nothing).Get(ctx, nil)
}

func nothing(context.Context) error { return nil }

// bare runs n bare workflows, started as fast as the server takes them, and gives how many a second ended.
func (s *stage) bare(ctx context.Context, n int) (float64, string, error) {
	own := "bare-" + uuid.NewString() // a queue that no earlier worker polled
	w := sdk.New(s.temporal, own, sdk.Options{MaxConcurrentWorkflowTaskPollers: 8, MaxConcurrentActivityTaskPollers: 4})
	w.RegisterWorkflow(bareRun)
	if err := w.Start(); err != nil {
		return 0, "", err
	}
	defer w.Stop()
	start := time.Now()
	var runs []client.WorkflowRun
	var mu sync.Mutex
	group, starting := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for range n {
		group.Go(func() error {
			run, err := s.temporal.ExecuteWorkflow(starting, client.StartWorkflowOptions{
				ID: "bare/" + uuid.NewString(), TaskQueue: own, EnableEagerStart: true,
			}, bareRun)
			mu.Lock()
			defer mu.Unlock()
			runs = append(runs, run)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, "", fmt.Errorf("starting bare workflows: %w", err)
	}
	for _, run := range runs {
		if err := run.Get(ctx, nil); err != nil {
			return 0, "", fmt.Errorf("a bare workflow: %w", err)
		}
	}
	perSecond, text := rate(n, time.Since(start))
	return perSecond, text, nil
}
