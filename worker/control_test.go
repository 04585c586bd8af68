package worker_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
	"go.temporal.io/sdk/client"
)

const controlFlow = `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - wait: 2d
  - update_profile: {set: {seen: true}}
  - wait: 1d
  - update_profile: {set: {end: true}}
`

// reach runs a control operation in a transaction.
func (s *stage) reach(do func(tx *sqlx.Tx) error) {
	s.Helper()
	if err := s.store.Tx(s.Context(), do); err != nil {
		s.Error(err)
	}
}

func TestACancelledRunLeavesAtOnceAndTheOthersStay(t *testing.T) {
	t.Parallel()
	togetherAndAlone(t, func(t *testing.T, most int) {
		s := newStage(t, controlFlow, nil)
		s.dispatch.Max = most
		ada, ben := s.profile("ada", nil), s.profile("ben", nil)
		s.event(ada, "Joined", nil)
		s.event(ben, "Joined", nil)
		s.playAll(s.enter(), map[time.Duration]func(){time.Hour: func() {
			s.reach(func(tx *sqlx.Tx) error {
				n, err := s.store.CancelRuns(t.Context(), tx, store.Selection{Profile: ada}, "Cancelled")
				if n != 1 {
					t.Errorf("cancelled %d runs", n)
				}
				return err
			})
		}})
		if run := s.run(ada); run.Status != store.RunCancelled || run.Reason != "Cancelled" || len(s.outcomes(ada)) != 1 {
			t.Errorf("%s %q %v", run.Status, run.Reason, s.outcomes(ada))
		}
		if run := s.run(ben); run.Status != store.RunDone {
			t.Errorf("the other one is %s", run.Status)
		}
	})
}

func TestARunMovesOnWhenItIsTold(t *testing.T) {
	t.Parallel()
	s := newStage(t, controlFlow, nil)
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	s.play(s.enter()[0], map[time.Duration]func(){time.Hour: func() {
		// Postgres tells the time here, and the stage has another: let it be due long ago.
		s.reach(func(tx *sqlx.Tx) error {
			_, err := tx.Exec("update run set ahead = 0")
			if err == nil {
				_, err = s.store.MoveRunsOn(t.Context(), tx, store.Selection{Flow: "f", Step: "update_profile-1"})
			}
			return err
		})
		s.store.DB.MustExec("update run set due_at = $1", s.clock())
	}})
	if run := s.run(ada); run.Status != store.RunDone || run.FinishedAt.Time.Sub(start) != 25*time.Hour {
		t.Errorf("%s after %v", run.Status, run.FinishedAt.Time.Sub(start))
	}
}

func TestRunsOfAPausedFlowStandStill(t *testing.T) {
	t.Parallel()
	s := newStage(t, controlFlow, nil)
	ada, ben := s.profile("ada", nil), s.profile("ben", nil)
	s.event(ada, "Joined", nil)
	pause := func() { s.reach(func(tx *sqlx.Tx) error { return s.store.PauseFlow(t.Context(), tx, "f") }) }
	resume := func() {
		s.reach(func(tx *sqlx.Tx) error { return s.store.ResumeFlow(t.Context(), tx, "f") })
		s.store.DB.MustExec("insert into nudge (run_id) select id from run") // its clock is not Postgres's
	}
	seen := func() {
		if n := len(s.outcomes(ada)); n != 1 {
			t.Errorf("%d outcomes while paused", n)
		}
	}
	s.play(s.enter()[0], map[time.Duration]func(){time.Hour: pause, 60 * time.Hour: seen, 61 * time.Hour: resume})
	if run := s.run(ada); run.Status != store.RunDone || run.FinishedAt.Time.Sub(start) != 85*time.Hour {
		t.Errorf("%s after %v", run.Status, run.FinishedAt.Time.Sub(start))
	}
	pause()
	s.event(ben, "Joined", nil)
	if cohorts := s.enter(); len(cohorts) != 1 {
		t.Errorf("%d cohorts of a paused flow", len(cohorts))
	}
}

func TestAnArchivedFlowIsEmptyAndLetsNobodyIn(t *testing.T) {
	t.Parallel()
	s := newStage(t, controlFlow, nil)
	ada, ben := s.profile("ada", nil), s.profile("ben", nil)
	s.event(ada, "Joined", nil)
	s.play(s.enter()[0], map[time.Duration]func(){time.Hour: func() {
		s.reach(func(tx *sqlx.Tx) error {
			n, err := s.store.ArchiveFlow(t.Context(), tx, "f")
			if n != 1 {
				t.Errorf("%d people left", n)
			}
			return err
		})
	}})
	if run := s.run(ada); run.Status != store.RunCancelled || run.Reason != "Flow Archived" {
		t.Errorf("%s %q", run.Status, run.Reason)
	}
	s.event(ben, "Joined", nil)
	if cohorts := s.enter(); len(cohorts) != 0 {
		t.Errorf("%d cohorts entered", len(cohorts))
	}
}

func TestWhatWaitsForReviewIsGoneWithItsFlow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reason string
		end    func(s *stage, tx *sqlx.Tx) error
	}{
		"archived": {"Flow Archived", func(s *stage, tx *sqlx.Tx) error {
			_, err := s.store.ArchiveFlow(s.Context(), tx, "f")
			return err
		}},
		"deleted": {"Flow Deleted", func(s *stage, tx *sqlx.Tx) error { return s.store.DeleteFlow(s.Context(), tx, "f") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id, cohort := newReview(t, nil)
			s.play(cohort, nil)
			s.reach(func(tx *sqlx.Tx) error { return test.end(s, tx) })
			if n := s.approve(store.ReviewFilter{Flow: "f"}); n != 0 {
				t.Errorf("%d actions can still be approved", n)
			}
			if got := s.outcomes(id); !slices.Contains(got, "email-first skipped: "+test.reason) {
				t.Error(got)
			}
		})
	}
}

func TestWaitingRunsMoveToTheNewVersion(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - wait_for: {metric: Placed Order, timeout: 30d}
    id: order
  - update_profile: {set: {version: 1}}
`, nil)
	c := live(t, s)
	s.setClock(time.Now().UTC())
	for i := range 3 {
		s.event(s.profile(fmt.Sprintf("p%d", i), nil), "Joined", nil)
	}
	old, err := s.store.Flow(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	until(t, "all wait", func() bool {
		var waiting int
		return s.store.DB.Get(&waiting, "select count(*) from watch") == nil && waiting == 3
	})
	s.apply(`
flow: f
status: live
trigger: {metric: Joined}
exit_on: {metric: Refunded}
steps:
  - wait_for: {metric: Placed Order, timeout: 60d}
    id: order
  - update_profile: {set: {version: 2}}
`, nil)
	now, err := s.store.Flow(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	from, _ := s.store.Plan(t.Context(), old.Hash)
	to, _ := s.store.Plan(t.Context(), now.Hash)
	places, unknown := plan.Places(from, to, nil)
	if len(unknown) > 0 {
		t.Fatal(unknown)
	}
	cohorts, err := s.store.CohortsOn(t.Context(), "f", old.Hash)
	if err != nil || len(cohorts) == 0 {
		t.Fatal(cohorts, err)
	}
	var moved workflows.Migrated
	for _, cohort := range cohorts {
		handle, err := c.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
			WorkflowID: cohort, UpdateName: workflows.Migrate, WaitForStage: client.WorkflowUpdateStageCompleted,
			Args: []any{workflows.Migration{From: old.Hash, To: now.Hash, Steps: places}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var one workflows.Migrated
		if err := handle.Get(t.Context(), &one); err != nil {
			t.Fatal(err)
		}
		moved.Moved += one.Moved
		moved.Kept += one.Kept
	}
	if moved.Moved != 3 || moved.Kept != 0 {
		t.Fatalf("%+v", moved)
	}
	s.setClock(time.Now().UTC())
	s.event("01p0", "Placed Order", nil)
	s.event("01p1", "Refunded", nil)
	s.reach(func(tx *sqlx.Tx) error {
		_, err := s.store.CancelRuns(t.Context(), tx, store.Selection{Profile: "01p2"}, "Cancelled")
		return err
	})
	s.ended(3)
	var version string
	if err := s.store.DB.Get(&version, "select properties ->> 'version' from profile where id = '01p0'"); err != nil || version != "2" {
		t.Errorf("version %s, %v", version, err)
	}
	if run := s.run("01p1"); run.Reason != "Exit On: Refunded" {
		t.Errorf("%s %q", run.Status, run.Reason)
	}
	for _, cohort := range cohorts {
		if err := c.GetWorkflow(t.Context(), cohort, "").Get(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
}

// until waits for something that another goroutine does.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to pass that " + what)
		}
	}
}

func TestARunThatIsCancelledWhileItsMailIsMadeSendsNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - email: letter\n", map[string]string{"letter": letterTemplate})
	ada := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(ada, "Joined", nil)
	s.mail.fail = func(stage, _ string) error { // between the claim and the hand-over
		if stage == "rcpt" {
			s.reach(func(tx *sqlx.Tx) error {
				_, err := s.store.CancelRuns(t.Context(), tx, store.Selection{Profile: ada}, "Cancelled")
				return err
			})
		}
		return nil
	}
	s.play(s.enter()[0], nil)
	if n := s.mail.to(address("ada")); n != 0 {
		t.Errorf("%d mails went out", n)
	}
	if run := s.run(ada); run.Status != store.RunCancelled {
		t.Errorf("the run is %s", run.Status)
	}
}

func TestWhatHappensDuringAPauseIsSeenWhenItIsOver(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
exit_on: {metric: Placed Order}
steps:
  - wait: 30d
  - update_profile: {set: {seen: true}}
`, nil)
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	s.play(s.enter()[0], map[time.Duration]func(){
		1 * time.Hour: func() { s.reach(func(tx *sqlx.Tx) error { return s.store.PauseFlow(t.Context(), tx, "f") }) },
		2 * time.Hour: func() { s.event(ada, "Placed Order", nil) },
		3 * time.Hour: func() { s.reach(func(tx *sqlx.Tx) error { return s.store.ResumeFlow(t.Context(), tx, "f") }) },
	})
	if run := s.run(ada); run.Status != store.RunExited || run.FinishedAt.Time.Sub(start) != 3*time.Hour {
		t.Errorf("%s after %v", run.Status, run.FinishedAt.Time.Sub(start))
	}
}
