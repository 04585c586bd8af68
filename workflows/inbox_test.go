package workflows_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/workflows"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// nudging runs a cohort whose members wait an hour, and twice for an hour if nudged before. signal is called while
// advance runs for the first time.
func nudging(t *testing.T, prepare func(env *testsuite.TestWorkflowEnvironment), signal func(env *testsuite.TestWorkflowEnvironment)) (calls []string, env *testsuite.TestWorkflowEnvironment) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env = suite.NewTestWorkflowEnvironment()
	env.SetStartTime(start)
	workflows.Register(env)
	env.RegisterActivityWithOptions(func(_ context.Context, batch workflows.Batch) (workflows.Advanced, error) {
		call := env.Now().Sub(start).String() + " " + strings.Join(batch.Runs, ",")
		if len(batch.Nudged) > 0 {
			call += " nudged " + strings.Join(batch.Nudged, ",")
		}
		calls = append(calls, call)
		if len(calls) == 1 && signal != nil {
			signal(env)
		}
		var answer workflows.Advanced
		for _, run := range batch.Runs {
			if due := start.Add(time.Hour); env.Now().Before(due) {
				answer.Waiting = append(answer.Waiting, workflows.Waiting{Runs: []string{run}, Step: "next", Due: due})
			}
		}
		return answer, nil
	}, activity.RegisterOptions{Name: workflows.Advance})
	if prepare != nil {
		prepare(env)
	}
	env.ExecuteWorkflow("abandoned-cart", cohort("a", "b"))
	return calls, env
}

func TestANudgeReachesOnlyTheMembersItNames(t *testing.T) {
	t.Parallel()
	calls, env := nudging(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { env.SignalWorkflow(workflows.Nudge, []string{"a", "nobody"}) }, 10*time.Minute)
	}, nil)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0s a,b", "10m0s a nudged a", "1h0m0s b,a"}, calls); diff != "" {
		t.Error(diff)
	}
}

func TestANudgeThatComesWhileTheCohortAdvancesIsNotLost(t *testing.T) {
	t.Parallel()
	calls, env := nudging(t, nil, func(env *testsuite.TestWorkflowEnvironment) { env.SignalWorkflow(workflows.Nudge, []string{"b"}) })
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0s a,b", "0s b nudged b", "1h0m0s a,b"}, calls); diff != "" {
		t.Error(diff)
	}
}

func TestANudgeIsCarriedOnWhenTheWorkflowContinuesAsNew(t *testing.T) {
	t.Parallel()
	_, env := nudging(t, func(env *testsuite.TestWorkflowEnvironment) { env.SetContinueAsNewSuggested(true) },
		func(env *testsuite.TestWorkflowEnvironment) { env.SignalWorkflow(workflows.Nudge, []string{"b"}) })
	var again *workflow.ContinueAsNewError
	if err := env.GetWorkflowError(); !errors.As(err, &again) {
		t.Fatalf("it ended with %v", err)
	}
	var state workflows.Cohort
	if err := decode(again.Input, &state); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b"}, state.Nudged); diff != "" {
		t.Error(diff)
	}
}
