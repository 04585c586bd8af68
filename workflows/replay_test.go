package workflows_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/workflows"
	"go.temporal.io/sdk/worker"
)

var payloadData = regexp.MustCompile(`"data":\s*"([A-Za-z0-9+/=]+)"`)

// Histories of every kind of cohort, recorded from a real server (worker/record_test.go), must replay for ever.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	for _, file := range histories(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer)
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(nil, file); err != nil {
				t.Error(err)
			}
		})
	}
}

func histories(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/histories/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d histories, %v", len(files), err)
	}
	return files
}

func TestEveryKindOfStepAndEveryWayToReachACohortIsRecorded(t *testing.T) {
	t.Parallel()
	var events, said strings.Builder // what the payloads say
	for _, file := range histories(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		events.Write(text)
		for _, match := range payloadData.FindAllSubmatch(text, -1) {
			plain, err := base64.StdEncoding.DecodeString(string(match[1]))
			if err != nil {
				t.Fatal(err)
			}
			said.Write(plain)
		}
	}
	const how = "; record one with go test ./worker -run TestCohortsOnARealServer -record"
	for _, spec := range flow.Steps() {
		if !spec.Live() || spec.Kind == "continue" { // which is a link and no step of a plan
			continue
		}
		if !regexp.MustCompile(`"` + spec.Kind + `-[a-z0-9-]+: `).MatchString(said.String()) { // a decision
			t.Errorf("no history has a step of the kind %s"+how, spec.Kind)
		}
	}
	for _, wait := range []string{"smart sending", "quiet hours", "paused"} {
		if !strings.Contains(said.String(), `"wait":"`+wait+`"`) {
			t.Errorf("no history has a wait for %s"+how, wait)
		}
	}
	for _, kind := range []string{
		"MARKER_RECORDED", "TIMER_FIRED", "TIMER_CANCELED", "ACTIVITY_TASK_COMPLETED", "WORKFLOW_EXECUTION_SIGNALED",
		"WORKFLOW_EXECUTION_UPDATE_COMPLETED", "WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
	} {
		if !strings.Contains(events.String(), `"EVENT_TYPE_`+kind+`"`) {
			t.Errorf("no history has an event of the type %s"+how, kind)
		}
	}
}
