package main

import (
	"context"
	"errors"
	"time"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// interpreter is the usual way to run such a flow on Temporal: a workflow per person and an activity per step. Entry,
// queries, rendering, sending and what is written are Legato's own, so that what differs is how Temporal is used.
type interpreter struct {
	store    *store.Store
	programs *program.Cache
	advance  *activities.Advance
	client   client.Client
	queue    string
}

// journey is what the workflow of a run needs to know.
type journey struct {
	Flow, Hash, Run, Profile string
	Entered                  time.Time
}

// interpret walks the steps of the bench's flow.
func (i *interpreter) interpret(ctx workflow.Context, j journey) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var due time.Time
	if err := workflow.ExecuteActivity(ctx, i.Enter, j).Get(ctx, &due); err != nil {
		return err
	}
	if err := workflow.Sleep(ctx, due.Sub(workflow.Now(ctx))); err != nil {
		return err
	}
	var stays bool
	if err := workflow.ExecuteActivity(ctx, i.Filter, j).Get(ctx, &stays); err != nil || !stays {
		return err
	}
	var path string
	if err := workflow.ExecuteActivity(ctx, i.Branch, j).Get(ctx, &path); err != nil {
		return err
	}
	return workflow.ExecuteActivity(ctx, i.Send, j, path).Get(ctx, nil)
}

// Enter looks up when the wait is over to which the dispatcher has brought the run.
func (i *interpreter) Enter(ctx context.Context, j journey) (time.Time, error) {
	runs, err := i.store.Runs(ctx, []string{j.Run})
	if err != nil {
		return time.Time{}, err
	}
	if len(runs) != 1 || runs[0].Step == "" {
		return time.Time{}, errors.New("the run does not wait")
	}
	return runs[0].DueAt.Time, nil
}

// Filter asks the flow's filter.
func (i *interpreter) Filter(ctx context.Context, j journey) (bool, error) {
	g, subject, err := i.subject(ctx, j)
	if err != nil {
		return false, err
	}
	answers, err := expression.Ask(ctx, i.store.DB, []expression.Subject{subject}, g.Filter)
	if err != nil {
		return false, err
	}
	return answers.True(0, 0)
}

// Branch finds the path after the split.
func (i *interpreter) Branch(ctx context.Context, j journey) (string, error) {
	g, subject, err := i.subject(ctx, j)
	if err != nil {
		return "", err
	}
	for _, step := range g.Steps {
		if step.If == nil {
			continue
		}
		answers, err := expression.Ask(ctx, i.store.DB, []expression.Subject{subject}, step.Branches...)
		if err != nil {
			return "", err
		}
		if yes, err := answers.True(0, 0); err != nil || yes {
			return "then", err
		}
		return "else", nil
	}
	return "", errors.New("the flow has no split")
}

// Send renders and sends, and ends the run. The path is for people who read the history.
func (i *interpreter) Send(ctx context.Context, j journey, _ string) error {
	result, err := i.move(ctx, j)
	if err == nil && len(result.Waiting) > 0 {
		err = errors.New("the run still waits")
	}
	return err
}

func (i *interpreter) move(ctx context.Context, j journey) (workflows.Advanced, error) {
	return i.advance.Run(ctx, workflows.Batch{Flow: j.Flow, Hash: j.Hash, Runs: []string{j.Run}})
}

func (i *interpreter) subject(ctx context.Context, j journey) (*program.Program, expression.Subject, error) {
	g, err := i.programs.Get(ctx, j.Hash)
	if err != nil {
		return nil, expression.Subject{}, err
	}
	people, err := i.store.People(ctx, []string{j.Profile})
	if err != nil {
		return nil, expression.Subject{}, err
	}
	person := people[j.Profile]
	if person == nil {
		return nil, expression.Subject{}, errors.New("the person is gone")
	}
	return g, expression.Subject{Profile: j.Profile, Start: j.Entered, Now: time.Now().UTC(), Person: person.Values, Flow: g.Variables()}, nil
}

// Start starts the workflow of a run under the id of its cohort, in which it is alone.
func (i *interpreter) Start(ctx context.Context, cohort store.Cohort, runs []store.CohortRun) error {
	_, err := i.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: cohort.ID, TaskQueue: i.queue, EnableEagerStart: true,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
	}, "interpret", journey{Flow: cohort.FlowID, Hash: cohort.Hash, Run: runs[0].ID, Profile: runs[0].ProfileID, Entered: runs[0].DueAt.Time})
	return err
}

// Nudge has nobody to nudge: nothing in the flow waits for anything but time.
func (i *interpreter) Nudge(context.Context, string, []string) error { return nil }

// interpreted lets n people enter and runs their flow the usual way, until all have been through.
func (s *stage) interpreted(ctx context.Context, prefix string, n int) error {
	i := &interpreter{store: s.store, programs: s.programs, advance: s.advance(), client: s.temporal, queue: "interpreter"}
	w := sdk.New(s.temporal, i.queue, sdk.Options{
		MaxConcurrentWorkflowTaskPollers: 8, MaxConcurrentActivityTaskPollers: 4, MaxConcurrentActivityExecutionSize: 32,
	})
	w.RegisterWorkflowWithOptions(i.interpret, workflow.RegisterOptions{Name: "interpret"})
	w.RegisterActivity(i.Enter)
	w.RegisterActivity(i.Filter)
	w.RegisterActivity(i.Branch)
	w.RegisterActivity(i.Send)
	start := time.Now()
	if err := w.Start(); err != nil {
		return err
	}
	defer w.Stop()
	d := &ingest.Dispatcher{Store: s.store, Clock: clock.System(1), Programs: s.programs, Starter: i, Max: 1, Log: s.log}
	for {
		if taken, err := d.Dispatch(ctx); err != nil || taken == 0 {
			if err != nil {
				return err
			}
			break
		}
	}
	if _, err := s.finished(ctx, benchFlow, prefix, n, start); err != nil {
		return err
	}
	return s.closed(ctx, "interpret")
}
