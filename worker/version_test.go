package worker_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/payload"
	"github.com/legato-flow/legato/worker"
	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

const shortFlow = `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - {wait: 1s, id: the-pause}
  - {update_profile: {set: {x: 1}}, id: the-note}
`

func TestAnEncryptedHistoryShowsNothing(t *testing.T) {
	t.Parallel()
	codec, err := payload.New(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, shortFlow, nil)
	c, _ := liveWith(t, s, codec, "")
	s.setClock(time.Now().UTC())
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	s.ended(1)
	run := s.run(ada)
	if err := c.GetWorkflow(t.Context(), run.CohortID, "").Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	history := historyOf(t, c, run.CohortID)
	var opened strings.Builder
	for _, event := range history.Events {
		for _, p := range payloadsOf(event.GetWorkflowExecutionStartedEventAttributes().GetInput(), event.GetMarkerRecordedEventAttributes().GetDetails()["data"],
			event.GetMarkerRecordedEventAttributes().GetDetails()["result"]) {
			plain, err := codec.Decode([]*commonpb.Payload{p})
			if err != nil {
				t.Fatal(err)
			}
			opened.Write(plain[0].Data)
		}
	}
	text := protojson.Format(history)
	for _, secret := range []string{run.ID, "the-pause", "the-note"} {
		if strings.Contains(text, secret) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(secret))) {
			t.Errorf("%s is in the history", secret)
		}
	}
	if !strings.Contains(opened.String(), run.ID) {
		t.Error("the key does not open the history")
	}
}

func payloadsOf(groups ...*commonpb.Payloads) []*commonpb.Payload {
	var all []*commonpb.Payload
	for _, group := range groups {
		all = append(all, group.GetPayloads()...)
	}
	return all
}

func TestAVersionedWorkerRunsFlowsOnceItIsPromoted(t *testing.T) {
	t.Parallel()
	s := newStage(t, shortFlow, nil)
	c, queue := liveWith(t, s, nil, "build-1")
	until(t, "the server knows the build", func() bool { return worker.Promote(t.Context(), c, queue, "build-1") == nil })
	s.setClock(time.Now().UTC())
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	s.ended(1)
	description, err := c.DescribeWorkflowExecution(t.Context(), s.run(ada).CohortID, "")
	if err != nil {
		t.Fatal(err)
	}
	info := description.GetWorkflowExecutionInfo().GetVersioningInfo()
	if got := info.GetDeploymentVersion().GetBuildId(); got != "build-1" {
		t.Errorf("the cohort ran on %q: %v", got, info)
	}
	if err := worker.Promote(t.Context(), c, queue, "build-of-nobody"); err == nil {
		t.Error("a build that nobody runs became the current one")
	}
}
