package worker_test

import (
	"testing"

	"github.com/legato-flow/legato/store"
)

// TestFlowsThatStartEachOtherComeToAnEnd stores a flow that lint refuses, as two flows applied apart could make: each
// run records the event that lets the same person in again.
func TestFlowsThatStartEachOtherComeToAnEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Ping}\nsteps:\n  - track: Pong\n", nil)
	s.apply("flow: g\nstatus: live\ntrigger: {metric: Pong}\nsteps:\n  - track: Ping\n", nil)
	ada := s.profile("ada", nil)
	s.event(ada, "Ping", nil)
	for range 30 {
		for _, cohort := range s.enter() {
			s.play(cohort, nil)
		}
	}
	runs, err := s.store.RunsOfProfile(t.Context(), ada, 100)
	if err != nil {
		t.Fatal(err)
	}
	refusals, err := s.store.RefusalsOfProfile(t.Context(), ada, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 11 || len(refusals) != 1 || refusals[0].Reason != store.RefusedChain {
		t.Errorf("%d runs, refused: %+v", len(runs), refusals)
	}
}
