package worker_test

import (
	"testing"
	"time"

	"github.com/legato-flow/legato/worker"
)

const shortFlow = `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - {wait: 1s, id: the-pause}
  - {update_profile: {set: {x: 1}}, id: the-note}
`

func TestAVersionedWorkerRunsFlowsOnceItIsPromoted(t *testing.T) {
	t.Parallel()
	s := newStage(t, shortFlow, nil)
	c, _ := s.host(hosting{build: "build-1"})
	until(t, "the server knows the build", func() bool { return worker.Promote(t.Context(), c, s.queue(), "build-1") == nil })
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
	if err := worker.Promote(t.Context(), c, s.queue(), "build-of-nobody"); err == nil {
		t.Error("a build that nobody runs became the current one")
	}
}
