package worker_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

const reviewedFlow = `
flow: f
status: live
trigger: {metric: Joined}
filter: not did("Placed Order", since_start)
steps:
  - email: first
  - wait: 1h
  - email: second
  - update_profile: {set: {through: true}}
`

// newReview is a stage whose first email needs review, with a person who has come to it and gone on.
func newReview(t *testing.T, edit func(p *plan.Plan)) (s *stage, profile string, cohort startedCohort) {
	t.Helper()
	s = newStage(t, reviewedFlow, map[string]string{"first": letterTemplate, "second": letterTemplate})
	s.change(func(p *plan.Plan) {
		p.Step("email-first").Status = plan.Manual
		if edit != nil {
			edit(p)
		}
	})
	profile = s.profile("ada", map[string]any{"email": address("ada")})
	s.event(profile, "Joined", nil)
	return s, profile, s.enter()[0]
}

// review lets a worker carry out what was approved, and gives how many it took.
func (s *stage) review() int {
	s.Helper()
	n, err := s.advance.Review(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return n
}

func (s *stage) approve(f store.ReviewFilter) int {
	s.Helper()
	n, err := s.store.ApproveReviews(s.Context(), s.store.DB, f, "eve", s.clock())
	if err != nil {
		s.Fatal(err)
	}
	return n
}

func (s *stage) cancel(leave bool) int {
	s.Helper()
	n, err := s.store.CancelReviews(s.Context(), s.store.DB, store.ReviewFilter{Flow: "f"}, "eve", leave, s.clock())
	if err != nil {
		s.Fatal(err)
	}
	return n
}

func TestAManualStepWaitsForApprovalAndTheRunGoesOn(t *testing.T) {
	t.Parallel()
	s, id, cohort := newReview(t, nil)
	s.play(cohort, nil)
	if diff := cmp.Diff([]string{"wait-1 done", "email-second done", "update_profile-1 done"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
	waiting, err := s.store.Reviews(t.Context(), store.ReviewFilter{Flow: "f", Step: "email-first"}, 0, 10)
	if err != nil || len(waiting) != 1 || waiting[0].ProfileID != id || waiting[0].Email != address("ada") {
		t.Fatalf("%+v, %v", waiting, err)
	}
	if n := s.review(); n != 0 || s.mail.to(address("ada")) != 1 {
		t.Errorf("%d were carried out before anybody approved, %d messages", n, s.mail.to(address("ada")))
	}
	before := s.run(id)
	if n := s.approve(store.ReviewFilter{IDs: []int64{waiting[0].ID}}); n != 1 {
		t.Errorf("approved %d", n)
	}
	if n := s.approve(store.ReviewFilter{}) + s.cancel(false); n != 0 {
		t.Errorf("decided twice about %d", n)
	}
	if n := s.review(); n != 1 || s.mail.to(address("ada")) != 2 {
		t.Errorf("carried out %d, %d messages", n, s.mail.to(address("ada")))
	}
	if n := s.review(); n != 0 || s.mail.to(address("ada")) != 2 {
		t.Errorf("carried out %d once more, %d messages", n, s.mail.to(address("ada")))
	}
	if diff := cmp.Diff(before, s.run(id)); diff != "" {
		t.Errorf("the run was touched: %s", diff)
	}
	if got := s.outcomes(id); len(got) != 4 || !slices.Contains(got, "email-first done") {
		t.Error(got)
	}
}

func TestAnApprovedActionIsCheckedAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		happens func(s *stage, id string)
		want    string
	}{
		"ordered meanwhile": {func(s *stage, id string) { s.event(id, "Placed Order", nil) }, "email-first skipped: Fails Flow Filters"},
		"unsubscribed": {func(s *stage, id string) {
			s.store.DB.MustExec("insert into suppression (profile_id, channel, reason) values ($1, 'email', 'UNSUBSCRIBE')", id)
		}, "email-first skipped: Person Suppressed"},
		"deleted":               {func(s *stage, id string) { s.store.DB.MustExec("delete from profile where id = $1", id) }, "email-first skipped: Person Deleted"},
		"the run was cancelled": {func(s *stage, id string) { s.store.DB.MustExec("update run set status = 'cancelled'") }, "email-first skipped: Email Cancelled"},
		"left the flow": {func(s *stage, id string) {
			s.store.DB.MustExec("update run set status = 'exited', reason = 'Exit On: Placed Order'")
		}, "email-first skipped: Exit On: Placed Order"},
		"had another message": {func(*stage, string) {}, "email-first skipped: Smart Sending"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id, cohort := newReview(t, nil)
			if name == "had another message" {
				s.advance.Caps = map[string]time.Duration{"email": time.Hour}
			}
			s.play(cohort, nil)
			s.setClock(s.clock().Add(time.Second))
			test.happens(s, id)
			s.approve(store.ReviewFilter{})
			s.review()
			if n := s.review(); n != 0 {
				t.Errorf("%d were carried out again", n)
			}
			if got := s.outcomes(id); got[len(got)-1] != test.want {
				t.Errorf("%q, want %s", got, test.want)
			}
		})
	}
}

func TestAnApprovedMessageWaitsForTheMorning(t *testing.T) {
	t.Parallel()
	s, id, cohort := newReview(t, nil)
	s.play(cohort, nil)
	s.advance.Quiet = map[string]activities.QuietHours{"email": {From: "12:00", Till: "20:00"}}
	s.approve(store.ReviewFilter{})
	for _, step := range []struct {
		after time.Duration
		taken int
		mails int
	}{{time.Hour, 1, 1}, {2 * time.Hour, 0, 1}, {7*time.Hour + 59*time.Minute, 0, 1}, {8 * time.Hour, 1, 2}, {9 * time.Hour, 0, 2}} {
		s.setClock(start.Add(step.after))
		if n := s.review(); n != step.taken || s.mail.to(address("ada")) != step.mails {
			t.Errorf("after %v: carried out %d, %d messages", step.after, n, s.mail.to(address("ada")))
		}
	}
	if got := s.outcomes(id); got[len(got)-1] != "email-first done" {
		t.Error(got)
	}
}

func TestAnApprovedMessageThatCannotBeSentYetIsTriedAgain(t *testing.T) {
	t.Parallel()
	s, id, cohort := newReview(t, nil)
	s.play(cohort, nil)
	away := true
	s.mail.fail = func(stage, _ string) error {
		if stage == "rcpt" && away {
			return temporary()
		}
		return nil
	}
	s.approve(store.ReviewFilter{})
	if n := s.review(); n != 1 || s.mail.to(address("ada")) != 1 {
		t.Errorf("carried out %d, %d messages", n, s.mail.to(address("ada")))
	}
	away = false
	s.setClock(s.clock().Add(time.Minute))
	if n := s.review(); n != 1 || s.mail.to(address("ada")) != 2 {
		t.Errorf("carried out %d, %d messages", n, s.mail.to(address("ada")))
	}
	if got := s.outcomes(id); got[len(got)-1] != "email-first done" {
		t.Error(got)
	}
}

func TestWorkersCarryOutWhatWasApprovedOnce(t *testing.T) {
	t.Parallel()
	s, _, cohort := newReview(t, nil)
	s.play(cohort, nil)
	names := []string{"ben", "cem", "dee", "eva", "fay"}
	for _, name := range names {
		s.event(s.profile(name, map[string]any{"email": address(name)}), "Joined", nil)
	}
	s.play(s.enter()[0], nil)
	s.approve(store.ReviewFilter{Flow: "f"})
	for range 2 { // the second time as if the first attempt had died: what it took has become due again
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				if _, err := s.advance.Review(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
		s.store.DB.MustExec("update review set done_at = null, due_at = decided_at")
	}
	for _, name := range names {
		if n := s.mail.to(address(name)); n != 2 {
			t.Errorf("%s got %d messages", name, n)
		}
	}
}

func TestOtherActionsAreReviewedToo(t *testing.T) {
	t.Parallel()
	s, id, cohort := newReview(t, func(p *plan.Plan) { p.Step("update_profile-1").Status = plan.Manual })
	s.play(cohort, nil)
	through := func() any {
		people, err := s.store.People(t.Context(), []string{id})
		if err != nil {
			t.Fatal(err)
		}
		return people[id].Values["through"]
	}
	if through() != nil {
		t.Error("the profile changed before anybody approved")
	}
	s.approve(store.ReviewFilter{Step: "update_profile-1"})
	if s.review(); through() != true {
		t.Errorf("through is %v", through())
	}
	if n, err := s.store.Reviews(t.Context(), store.ReviewFilter{}, 0, 10); err != nil || len(n) != 1 {
		t.Errorf("%d wait, %v", len(n), err)
	}
}

func TestACancelledActionIsSkippedAndThePersonMayLeave(t *testing.T) {
	t.Parallel()
	for _, leave := range []bool{false, true} {
		s, id, cohort := newReview(t, nil)
		s.play(cohort, map[time.Duration]func(){time.Minute: func() {
			if n := s.cancel(leave); n != 1 {
				t.Errorf("cancelled %d", n)
			}
		}})
		if n := s.approve(store.ReviewFilter{}) + s.review(); n != 0 {
			t.Errorf("%d could be approved after that", n)
		}
		got := s.outcomes(id)
		run, mails := s.run(id), s.mail.to(address("ada"))
		if got[1] != "email-first skipped: Email Cancelled" {
			t.Error(got)
		}
		if leave && (run.Status != store.RunCancelled || run.Reason != "Email Cancelled" || mails != 0) {
			t.Errorf("the run is %s: %s, %d messages", run.Status, run.Reason, mails)
		}
		if !leave && (run.Status != store.RunDone || mails != 1) {
			t.Errorf("the run is %s, %d messages", run.Status, mails)
		}
	}
}

func TestPeopleEnterAManualFlow(t *testing.T) {
	t.Parallel()
	s := newStage(t, entryFlow("trigger: {metric: Joined}"), nil)
	s.store.DB.MustExec("update flow set status = 'manual'")
	id := s.profile("ada", nil)
	s.event(id, "Joined", nil)
	if s.enter(); s.runs(id) != 1 {
		t.Error("nobody entered")
	}
}
