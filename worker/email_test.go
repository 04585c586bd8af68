package worker_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
)

const mailFlow = `
flow: f
status: live
trigger: {metric: Added to Cart}
filter: not did("Placed Order", since_start)
steps:
  - wait: 1h
  - email: letter
`

func TestSomeoneWhoOrdersWhileWaitingGetsNothing(t *testing.T) {
	t.Parallel()
	togetherAndAlone(t, func(t *testing.T, most int) {
		s := newStage(t, mailFlow, map[string]string{"letter": letterTemplate})
		s.dispatch.Max = most
		buyer := s.profile("ada", map[string]any{"email": address("ada")})
		other := s.profile("ben", map[string]any{"email": address("ben")})
		s.event(buyer, "Placed Order", nil) // before: does not count
		s.setClock(start.Add(time.Minute))
		s.event(buyer, "Added to Cart", nil)
		s.event(other, "Added to Cart", nil)
		s.playAll(s.enter(), map[time.Duration]func(){30 * time.Minute: func() { s.event(buyer, "Placed Order", nil) }})
		if a, b := s.mail.to(address("ada")), s.mail.to(address("ben")); a != 0 || b != 1 {
			t.Errorf("the buyer got %d messages, the other %d", a, b)
		}
		if diff := cmp.Diff([]string{"wait-1 done", "email-letter skipped: Fails Flow Filters"}, s.outcomes(buyer)); diff != "" {
			t.Error(diff)
		}
		if run := s.run(buyer); run.Status != store.RunDone {
			t.Errorf("failing a filter ended the run as %s", run.Status)
		}
	})
}

func TestWhoCannotBeMailedIsSkippedWithTheReason(t *testing.T) {
	t.Parallel()
	togetherAndAlone(t, func(t *testing.T, most int) {
		s := newStage(t, mailFlow, map[string]string{"letter": "---\nsubject: Hi\n---\n{% if person.broken %}{{ 1 | divided_by: 0 }}{% endif %}Hi"})
		s.dispatch.Max = most
		nobody := s.profile("ada", nil)
		gone := s.profile("ben", map[string]any{"email": address("ben")})
		suppressed := s.profile("cem", map[string]any{"email": address("cem")})
		broken := s.profile("dee", map[string]any{"email": address("dee"), "broken": true})
		fine := s.profile("eva", map[string]any{"email": address("eva")})
		for _, id := range []string{nobody, gone, suppressed, broken, fine} {
			s.event(id, "Added to Cart", nil)
		}
		if _, err := s.store.DB.Exec("insert into suppression (profile_id, channel, reason) values ($1, 'email', 'UNSUBSCRIBE')", suppressed); err != nil {
			t.Fatal(err)
		}
		s.playAll(s.enter(), map[time.Duration]func(){time.Minute: func() {
			if _, err := s.store.DB.Exec("delete from profile where id = $1", gone); err != nil {
				t.Error(err)
			}
		}})
		for id, want := range map[string]string{nobody: "Missing Email", suppressed: "Person Suppressed", broken: "Email Syntax Error"} {
			if diff := cmp.Diff([]string{"wait-1 done", "email-letter skipped: " + want}, s.outcomes(id)); diff != "" {
				t.Errorf("%s: %s", id, diff)
			}
		}
		if run := s.run(gone); run.Status != store.RunExited || run.Reason != "Person Deleted" {
			t.Errorf("the run of somebody who is gone is %s: %s", run.Status, run.Reason)
		}
		if n := s.mail.to(address("eva")); n != 1 {
			t.Errorf("the one who can be mailed got %d messages", n)
		}
	})
}

func TestATemplateThatVanishedSkipsTheMessageAndTheRunGoesOn(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - wait: 1h
  - email: letter
  - alert: {to: team@shop.example, template: letter}
  - update_profile: {set: {through: true}}
`, map[string]string{"letter": letterTemplate})
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Joined", nil)
	s.play(s.enter()[0], map[time.Duration]func(){time.Minute: func() {
		if _, err := s.store.DB.Exec("delete from template"); err != nil {
			t.Error(err)
		}
	}})
	for _, want := range []string{"email-letter skipped: Email Syntax Error", "alert-1 failed: Unable to Send Alert", "update_profile-1 done"} {
		if got := s.outcomes(id); !slices.Contains(got, want) {
			t.Errorf("no %s in %v", want, got)
		}
	}
	if run := s.run(id); run.Status != store.RunDone {
		t.Errorf("the run is %s: %s", run.Status, run.Reason)
	}
}

func TestAMessageThatCannotBeSentYetIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, mailFlow, map[string]string{"letter": letterTemplate})
	var tries atomic.Int32
	s.mail.fail = func(stage, to string) error {
		if stage == "rcpt" && to == address("ada") && tries.Add(1) <= 2 {
			return temporary()
		}
		return nil
	}
	ada, ben := s.profile("ada", map[string]any{"email": address("ada")}), s.profile("ben", map[string]any{"email": address("ben")})
	s.event(ada, "Added to Cart", nil)
	s.event(ben, "Added to Cart", nil)
	s.play(s.enter()[0], nil)
	if a, b := s.mail.to(address("ada")), s.mail.to(address("ben")); a != 1 || b != 1 {
		t.Errorf("%d and %d messages", a, b)
	}
	if a, b := s.run(ada).FinishedAt.Time, s.run(ben).FinishedAt.Time; !b.Equal(start.Add(time.Hour)) || !a.After(b) {
		t.Errorf("one ended at %v, the other, whom nothing held up, at %v", a, b)
	}
}

func TestAMessageThatIsRefusedFailsForGood(t *testing.T) {
	t.Parallel()
	s := newStage(t, mailFlow, map[string]string{"letter": letterTemplate})
	s.mail.fail = func(stage, _ string) error {
		if stage == "rcpt" {
			return permanent()
		}
		return nil
	}
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Added to Cart", nil)
	s.play(s.enter()[0], nil)
	if diff := cmp.Diff([]string{"wait-1 done", "email-letter failed: Unable to Send Email"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageWhoseAnswerNeverCameIsHeldAndNotRepeated(t *testing.T) {
	t.Parallel()
	s := newStage(t, mailFlow, map[string]string{"letter": letterTemplate})
	s.mail.fail = func(stage, _ string) error {
		if stage == "accepted" {
			return errAway
		}
		return nil
	}
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Added to Cart", nil)
	s.play(s.enter()[0], nil)
	if diff := cmp.Diff([]string{"wait-1 done", "email-letter held: Delivery Unknown"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
	if n := s.mail.to(address("ada")); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestAdvanceCalledTwiceAtOnceSendsOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Added to Cart}\nsteps:\n  - email: letter\n", map[string]string{"letter": letterTemplate})
	var runs []string
	for _, name := range strings.Fields("ada ben cem dee eva fay gus hal") {
		s.event(s.profile(name, map[string]any{"email": address(name)}), "Added to Cart", nil)
	}
	cohort := s.enter()[0]
	for _, run := range cohort.runs {
		runs = append(runs, run.ID)
	}
	batch := workflows.Batch{Flow: "f", Hash: cohort.cohort.Hash, Runs: runs}
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := s.advance.Run(context.Background(), batch)
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s.setClock(start.Add(10 * time.Minute)) // whoever came second and found a claim comes back
	if _, err := s.advance.Run(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields("ada ben cem dee eva fay gus hal") {
		if n := s.mail.to(address(name)); n != 1 {
			t.Errorf("%s got %d messages", name, n)
		}
	}
	for _, run := range runs {
		rows, err := s.store.Runs(t.Context(), []string{run})
		if err != nil || rows[0].Status != store.RunDone {
			t.Errorf("run %s is %s, %v", run, rows[0].Status, err)
		}
	}
}
