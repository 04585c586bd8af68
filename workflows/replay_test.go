package workflows_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/workflows"
	"go.temporal.io/sdk/worker"
)

var payloadData = regexp.MustCompile(`"data":\s*"([A-Za-z0-9+/=]+)"`)

// Histories of every kind of cohort, recorded from a real server (worker/record_test.go), must replay for ever.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/histories/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 18 {
		t.Fatalf("%d histories", len(files))
	}
	var said strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range payloadData.FindAllSubmatch(text, -1) {
			plain, err := base64.StdEncoding.DecodeString(string(match[1]))
			if err != nil {
				t.Fatal(err)
			}
			said.Write(plain)
		}
	}
	for _, kind := range []string{
		plan.KindWait, plan.KindWaitFor, plan.KindIf, plan.KindSwitch, plan.KindSplit, plan.KindEmail, plan.KindWebhook,
		plan.KindAlert, plan.KindUpdateProfile, plan.KindList, plan.KindTrack, plan.KindExit,
	} {
		if !strings.Contains(said.String(), kind+"-") {
			t.Errorf("no history has a step of the kind %s; record one with go test ./worker -run TestCohortsOnARealServer -record", kind)
		}
	}
	for _, file := range files {
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
