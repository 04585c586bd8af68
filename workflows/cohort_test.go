package workflows_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/workflows"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

var start = time.Date(2026, 3, 27, 12, 0, 0, 0, time.UTC)

// itinerary is when each run is due, one wait after the other, from the start.
type itinerary map[string][]time.Duration

// play runs a cohort in virtual time over members whose waits are given, and returns who was advanced when.
func play(t *testing.T, cohort workflows.Cohort, waits itinerary, fail func(call int) error) (calls []string, env *testsuite.TestWorkflowEnvironment) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env = suite.NewTestWorkflowEnvironment()
	env.SetStartTime(start)
	env.SetWorkflowRunTimeout(1000 * 24 * time.Hour)
	workflows.Register(env)
	stage := map[string]int{}
	n := 0
	env.RegisterActivityWithOptions(func(_ context.Context, batch workflows.Batch) (workflows.Advanced, error) {
		n++
		if fail != nil {
			if err := fail(n); err != nil {
				return workflows.Advanced{}, err
			}
		}
		at := env.Now().Sub(start)
		calls = append(calls, at.String()+" "+strings.Join(batch.Runs, ","))
		var answer workflows.Advanced
		for _, run := range batch.Runs {
			i := stage[run]
			stage[run]++
			if i < len(waits[run]) {
				answer.Waiting = append(answer.Waiting, workflows.Waiting{Runs: []string{run}, Step: "next", Wait: "wait", Due: start.Add(waits[run][i])})
			}
		}
		return answer, nil
	}, activity.RegisterOptions{Name: workflows.Advance})
	env.ExecuteWorkflow("abandoned-cart", cohort)
	return calls, env
}

func cohort(runs ...string) workflows.Cohort {
	return workflows.Cohort{
		Engine: workflows.Engine, Flow: "abandoned-cart", Hash: "h",
		Waiting: []workflows.Waiting{{Runs: runs, Due: start}},
	}
}

func TestEachMemberIsAdvancedWhenItIsDue(t *testing.T) {
	t.Parallel()
	calls, env := play(t, cohort("a", "b", "c"), itinerary{
		"a": {time.Hour, 26 * time.Hour},
		"b": {time.Hour},
		"c": {30 * time.Minute},
	}, nil)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	want := []string{"0s a,b,c", "30m0s c", "1h0m0s a,b", "26h0m0s a"}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Error(diff)
	}
}

func TestAMemberWhoseMomentIsFarOffIsLeftAloneUntilThen(t *testing.T) {
	t.Parallel()
	c := cohort("a")
	c.Waiting = append(c.Waiting, workflows.Waiting{Runs: []string{"b"}, Due: start.Add(48 * time.Hour)})
	calls, env := play(t, c, itinerary{}, nil)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0s a", "48h0m0s b"}, calls); diff != "" {
		t.Error(diff)
	}
}

func TestAFailedLocalTryIsTakenUpByAnActivity(t *testing.T) {
	t.Parallel()
	calls, env := play(t, cohort("a"), itinerary{}, func(call int) error {
		if call <= 3 {
			return errors.New("Postgres is away")
		}
		return nil
	})
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 1 || !strings.HasSuffix(calls[0], " a") {
		t.Errorf("advanced %q", calls)
	}
}

func TestManyMembersAreAdvancedInOneCall(t *testing.T) {
	t.Parallel()
	var runs []string
	for i := range 200 {
		runs = append(runs, "r"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	calls, env := play(t, cohort(runs...), itinerary{}, nil)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 1 || strings.Count(calls[0], ",") != 199 {
		t.Errorf("%d calls", len(calls))
	}
}

func TestALongLifeContinuesAsNewWithItsWholeState(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(start)
	env.SetContinueAsNewSuggested(true)
	workflows.Register(env)
	env.RegisterActivityWithOptions(func(_ context.Context, batch workflows.Batch) (workflows.Advanced, error) {
		return workflows.Advanced{Waiting: []workflows.Waiting{{Runs: batch.Runs, Step: "email", Due: start.Add(time.Hour)}}}, nil
	}, activity.RegisterOptions{Name: workflows.Advance})
	env.ExecuteWorkflow("abandoned-cart", cohort("a", "b"))
	var again *workflow.ContinueAsNewError
	if err := env.GetWorkflowError(); !errors.As(err, &again) {
		t.Fatalf("it ended with %v", err)
	}
	if again.WorkflowType.Name != "abandoned-cart" {
		t.Errorf("it goes on as %s", again.WorkflowType.Name)
	}
	var state workflows.Cohort
	if err := decode(again.Input, &state); err != nil {
		t.Fatal(err)
	}
	if len(state.Waiting) != 1 || !slices.Equal(state.Waiting[0].Runs, []string{"a", "b"}) || state.Waiting[0].Step != "email" {
		t.Errorf("it carries %+v", state)
	}
}

func TestAnInputOfAnotherEngineIsRefused(t *testing.T) {
	t.Parallel()
	c := cohort("a")
	c.Engine = 99
	calls, env := play(t, c, itinerary{}, nil)
	if err := env.GetWorkflowError(); err == nil || !strings.Contains(err.Error(), "engine 99") {
		t.Errorf("it ended with %v after %q", err, calls)
	}
}

func decode(input *commonpb.Payloads, into any) error {
	return converter.GetDefaultDataConverter().FromPayloads(input, into)
}
