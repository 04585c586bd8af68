package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// Starter starts cohorts in Temporal.
type Starter struct {
	Client client.Client
	Queue  string // the task queue

	HistoryLimit int // events after which a cohort continues as new; 0 is workflows' own
}

// Start starts a cohort's workflow under the cohort's id, or finds that it was started before. Temporal keeps
// the id of a workflow that has ended only for the namespace's retention; beyond it the cohort's row in
// Postgres, which says that it was started, keeps it from starting again.
func (s *Starter) Start(ctx context.Context, cohort store.Cohort, runs []store.CohortRun) error {
	attributes := []temporal.SearchAttributeUpdate{
		workflows.FlowID.ValueSet(cohort.FlowID),
		workflows.FlowVersion.ValueSet(cohort.Hash),
	}
	summary := fmt.Sprintf("%d people", len(runs))
	if len(runs) == 1 {
		attributes = append(attributes, workflows.ProfileID.ValueSet(runs[0].ProfileID))
		summary = "profile " + runs[0].ProfileID
	}
	_, err := s.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       cohort.ID,
		TaskQueue:                                s.Queue,
		EnableEagerStart:                         true,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(attributes...),
		StaticSummary:                            summary,
	}, cohort.FlowID, s.input(cohort, runs))
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &already) {
		return nil
	}
	return err
}

// Nudge signals a cohort. One that has ended, or that Temporal no longer keeps, has no members to look at.
func (s *Starter) Nudge(ctx context.Context, cohort string, runs []string) error {
	err := s.Client.SignalWorkflow(ctx, cohort, "", workflows.Nudge, runs)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("nudging cohort %s: %w", cohort, err)
	}
	return nil
}

// input makes the workflow's input: the runs, grouped by when and where each is next.
func (s *Starter) input(cohort store.Cohort, runs []store.CohortRun) workflows.Cohort {
	var groups workflows.Groups
	for _, run := range runs {
		due := run.DueAt.Time.Add(-time.Duration(run.AheadUS) * time.Microsecond)
		groups.Add(run.ID, run.Step, run.Wait, due.UTC())
	}
	return workflows.Cohort{Engine: workflows.Engine, Flow: cohort.FlowID, Hash: cohort.Hash, Waiting: groups.Waiting, Limit: s.HistoryLimit}
}
