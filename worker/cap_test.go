package worker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
)

// change makes a changed version of the stage's flow the one that people enter.
func (s *stage) change(edit func(p *plan.Plan)) {
	s.Helper()
	flow, err := s.store.Flow(s.Context(), "f")
	if err != nil {
		s.Fatal(err)
	}
	p, err := s.store.Plan(s.Context(), flow.Hash)
	if err != nil {
		s.Fatal(err)
	}
	edit(p)
	tx := s.store.DB.MustBegin()
	if err := s.store.ApplyFlow(s.Context(), tx, p, flow.Status); err != nil {
		s.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		s.Fatal(err)
	}
}

// timer gives how long after the stage's start a person's email timer ends, or -1.
func (s *stage) timer(profile string) time.Duration {
	s.Helper()
	var ends []time.Time
	if err := s.store.DB.Select(&ends, "select until from send_timer where key = $1 and channel = 'email' and until is not null", profile); err != nil {
		s.Fatal(err)
	}
	if len(ends) == 0 {
		return -1
	}
	return ends[0].Sub(start)
}

const twoMails = `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - email: one
  - wait: 12h
  - email: two
  - wait: 13h
  - email: three
`

var threeLetters = map[string]string{"one": letterTemplate, "two": letterTemplate, "three": letterTemplate}

func TestSmartSendingKeepsMessagesApart(t *testing.T) {
	t.Parallel()
	const sent = " done"
	for name, test := range map[string]struct {
		window time.Duration
		edit   func(p *plan.Plan)
		want   string
		timer  time.Duration
		ends   time.Duration
	}{
		"skipped while the timer runs, which a skip does not move": {16 * time.Hour, func(*plan.Plan) {},
			"email-one done, email-two skipped: Smart Sending, email-three done", 41 * time.Hour, 25 * time.Hour},
		"sent with the cap off, which starts the timer anew": {16 * time.Hour, func(p *plan.Plan) { p.Step("email-two").Cap = plan.Off },
			"email-one done, email-two done, email-three skipped: Smart Sending", 28 * time.Hour, 25 * time.Hour},
		"the flow's word holds for all its steps": {16 * time.Hour, func(p *plan.Plan) { p.Cap = map[string]string{"email": plan.Off} },
			"email-one done, email-two done, email-three done", 41 * time.Hour, 25 * time.Hour},
		"the step's word is stronger": {16 * time.Hour, func(p *plan.Plan) {
			p.Cap, p.Step("email-two").Cap = map[string]string{"email": plan.Off}, plan.Skip
		}, "email-one done, email-two skipped: Smart Sending, email-three done", 41 * time.Hour, 25 * time.Hour},
		"deferred until the timer ends": {16 * time.Hour, func(p *plan.Plan) { p.Step("email-two").Cap = plan.Defer },
			"email-one done, email-two done, email-three skipped: Smart Sending", 32 * time.Hour, 29 * time.Hour},
		"transactional messages neither look nor count": {16 * time.Hour, func(p *plan.Plan) {
			p.Step("email-one").Email.Transactional, p.Step("email-three").Email.Transactional = true, true
		}, "email-one done, email-two done, email-three done", 28 * time.Hour, 25 * time.Hour},
		"no window, no cap": {0, func(*plan.Plan) {}, "email-one done, email-two done, email-three done", -1, 25 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, twoMails, threeLetters)
			s.advance.Caps = map[string]time.Duration{"email": test.window}
			s.change(test.edit)
			id := s.profile("ada", map[string]any{"email": address("ada")})
			s.event(id, "Joined", nil)
			s.play(s.enter()[0], nil)
			var mails []string
			for _, line := range s.outcomes(id) {
				if strings.HasPrefix(line, "email") {
					mails = append(mails, line)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(mails, ", ")); diff != "" {
				t.Error(diff)
			}
			if n := strings.Count(test.want, sent); s.mail.to(address("ada")) != n {
				t.Errorf("%d messages, want %d", s.mail.to(address("ada")), n)
			}
			if got := s.timer(id); got != test.timer {
				t.Errorf("the timer ends after %v, want %v", got, test.timer)
			}
			if got := s.run(id).FinishedAt.Time.Sub(start); got != test.ends {
				t.Errorf("the run ends after %v, want %v", got, test.ends)
			}
		})
	}
}

func TestAWindowThatChangesLeavesRunningTimersAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t, twoMails, threeLetters)
	s.advance.Caps = map[string]time.Duration{"email": 16 * time.Hour}
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Joined", nil)
	s.play(s.enter()[0], map[time.Duration]func(){2 * time.Hour: func() { s.advance.Caps = map[string]time.Duration{"email": 4 * time.Hour} }})
	want := []string{"email-one done", "wait-1 done", "email-two skipped: Smart Sending", "wait-2 done", "email-three done"}
	if diff := cmp.Diff(want, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageThatDidNotLeaveStartsNoTimer(t *testing.T) {
	t.Parallel()
	s := newStage(t, twoMails, threeLetters)
	s.advance.Caps = map[string]time.Duration{"email": 16 * time.Hour}
	first := true
	s.mail.fail = func(stage, _ string) error {
		if stage == "rcpt" && first {
			first = false
			return permanent()
		}
		return nil
	}
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Joined", nil)
	s.play(s.enter()[0], nil)
	want := []string{"email-one failed: Unable to Send Email", "wait-1 done", "email-two done", "wait-2 done", "email-three skipped: Smart Sending"}
	if diff := cmp.Diff(want, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
}

func TestAMessageWhoseAnswerNeverCameStartsTheTimer(t *testing.T) {
	t.Parallel()
	s := newStage(t, twoMails, threeLetters)
	s.advance.Caps = map[string]time.Duration{"email": 16 * time.Hour}
	s.mail.fail = func(stage, _ string) error {
		if stage == "accepted" {
			return errAway
		}
		return nil
	}
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Joined", nil)
	s.play(s.enter()[0], nil)
	if got := s.outcomes(id); got[0] != "email-one held: Delivery Unknown" || got[2] != "email-two skipped: Smart Sending" {
		t.Error(got)
	}
}

func TestTwoRunsOfOnePersonInABatchSendOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - email: letter\n", map[string]string{"letter": letterTemplate})
	s.advance.Caps = map[string]time.Duration{"email": 16 * time.Hour}
	id := s.profile("ada", map[string]any{"email": address("ada")})
	other := s.profile("ben", map[string]any{"email": address("ben")})
	s.event(id, "Joined", nil)
	s.event(id, "Joined", nil)
	s.event(other, "Joined", nil)
	cohorts := s.enter()
	if len(cohorts) != 1 {
		t.Fatalf("%d cohorts", len(cohorts))
	}
	s.play(cohorts[0], nil)
	if a, b := s.mail.to(address("ada")), s.mail.to(address("ben")); a != 1 || b != 1 {
		t.Errorf("%d and %d messages", a, b)
	}
	if diff := cmp.Diff([]string{"email-letter done", "email-letter skipped: Smart Sending"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
}

func TestTwoWorkersAtOnceSendOneMessageToAPerson(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - email: letter\n", map[string]string{"letter": letterTemplate})
	s.advance.Caps = map[string]time.Duration{"email": 16 * time.Hour}
	s.mail.fail = func(stage, _ string) error {
		if stage == "data" {
			time.Sleep(50 * time.Millisecond) // long enough for the others to come by
		}
		return nil
	}
	const people, each = 6, 4
	for range each {
		for i := range people {
			name := fmt.Sprintf("p%d", i)
			if s.countProfiles() < people {
				s.profile(name, map[string]any{"email": address(name)})
			}
			s.event("01"+name, "Joined", nil)
		}
	}
	s.dispatch.Max = people // one run of each person per cohort
	cohorts := s.enter()
	if len(cohorts) != each {
		t.Fatalf("%d cohorts", len(cohorts))
	}
	for round := range 4 { // those that found a timer held come back when it is known what became of the message
		s.setClock(start.Add(time.Duration(round) * time.Minute))
		errs := make(chan error)
		for _, c := range cohorts {
			var runs []string
			for _, run := range c.runs {
				runs = append(runs, run.ID)
			}
			go func() {
				_, err := s.advance.Run(context.Background(), workflows.Batch{Flow: "f", Hash: c.cohort.Hash, Runs: runs})
				errs <- err
			}()
		}
		for range cohorts {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
	for i := range people {
		name := fmt.Sprintf("p%d", i)
		if n := s.mail.to(address(name)); n != 1 {
			t.Errorf("%s got %d messages", name, n)
		}
		skipped := 0
		for _, line := range s.outcomes("01" + name) {
			if line == "email-letter skipped: Smart Sending" {
				skipped++
			}
		}
		if skipped != each-1 {
			t.Errorf("%s: %q", name, s.outcomes("01"+name))
		}
	}
}

func (s *stage) countProfiles() int {
	s.Helper()
	var n int
	if err := s.store.DB.Get(&n, "select count(*) from profile"); err != nil {
		s.Fatal(err)
	}
	return n
}

func TestQuietHoursHoldAMessageUntilTheMorning(t *testing.T) {
	t.Parallel()
	const night = "flow: f\nstatus: live\ntrigger: {metric: Joined}\nfilter: not did(\"Placed Order\", since_start)\nsteps:\n  - wait: {for: 1d, until: \"23:00\", timezone: person}\n  - email: letter\n"
	for name, test := range map[string]struct {
		edit func(p *plan.Plan)
		want string
		ends time.Time
	}{
		// The night from 28 to 29 March loses an hour in Berlin.
		"deferred":         {func(*plan.Plan) {}, "email-letter done", time.Date(2026, 3, 29, 6, 0, 0, 0, time.UTC)},
		"skipped":          {func(p *plan.Plan) { p.QuietHours = map[string]string{"email": plan.Skip} }, "email-letter skipped: Quiet Hours", time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC)},
		"off":              {func(p *plan.Plan) { p.Step("email-letter").QuietHours = plan.Off }, "email-letter done", time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC)},
		"transactional":    {func(p *plan.Plan) { p.Step("email-letter").Email.Transactional = true }, "email-letter done", time.Date(2026, 3, 28, 22, 0, 0, 0, time.UTC)},
		"ordered meantime": {func(*plan.Plan) {}, "email-letter skipped: Fails Flow Filters", time.Date(2026, 3, 29, 6, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, night, map[string]string{"letter": letterTemplate})
			s.advance.Quiet = map[string]activities.QuietHours{"email": {From: "21:00", Till: "08:00"}}
			s.advance.Caps = map[string]time.Duration{"email": time.Hour} // a message that is held back holds no timer
			s.change(test.edit)
			id := s.profile("ada", map[string]any{"email": address("ada"), "timezone": "Europe/Berlin"})
			s.event(id, "Joined", nil)
			at := map[time.Duration]func(){}
			if name == "ordered meantime" {
				at[40*time.Hour] = func() { s.event(id, "Placed Order", nil) } // five in the morning
			}
			s.play(s.enter()[0], at)
			if got := s.outcomes(id); got[len(got)-1] != test.want {
				t.Errorf("%q, want %s", got, test.want)
			}
			if run := s.run(id); run.Status != store.RunDone || !run.FinishedAt.Time.Equal(test.ends) {
				t.Errorf("the run is %s at %v, want %v", run.Status, run.FinishedAt.Time, test.ends)
			}
		})
	}
}

func TestTransactionalEmailReachesThoseWhoUnsubscribed(t *testing.T) {
	t.Parallel()
	togetherAndAlone(t, func(t *testing.T, most int) {
		s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - email: letter\n", map[string]string{"letter": letterTemplate})
		s.dispatch.Max = most
		s.change(func(p *plan.Plan) { p.Step("email-letter").Email.Transactional = true })
		want := map[string]string{
			"UNSUBSCRIBE": "done", "USER_SUPPRESSED": "done", "HARD_BOUNCE": "skipped: Person Suppressed",
			"INVALID_EMAIL": "skipped: Person Suppressed", "SPAM_COMPLAINT": "skipped: Person Suppressed",
		}
		for reason := range want {
			id := s.profile(reason, map[string]any{"email": address(reason)})
			s.store.DB.MustExec("insert into suppression (profile_id, channel, reason) values ($1, 'email', $2)", id, reason)
			s.event(id, "Joined", nil)
		}
		s.playAll(s.enter(), nil)
		for reason, result := range want {
			if diff := cmp.Diff([]string{"email-letter " + result}, s.outcomes("01"+reason)); diff != "" {
				t.Errorf("%s: %s", reason, diff)
			}
		}
	})
}

func TestAMessageGoesToAnAddressOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - email: letter\n", map[string]string{"letter": letterTemplate})
	old := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(old, "Joined", nil)
	s.play(s.enter()[0], nil)
	s.store.DB.MustExec("update profile set email = null where id = $1", old) // the address moves on
	for i, at := range []time.Duration{time.Hour, 25 * time.Hour} {
		s.setClock(start.Add(at))
		if i == 0 {
			s.profile("ida", map[string]any{"email": "Ada@Example.com"})
		}
		s.event("01ida", "Joined", nil)
		s.play(s.enter()[0], nil)
	}
	if diff := cmp.Diff([]string{"email-letter skipped: Duplicate Email", "email-letter done"}, s.outcomes("01ida")); diff != "" {
		t.Error(diff)
	}
}

func TestASenderThatIsNoAddressIsNamed(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - email: letter\n", map[string]string{"letter": letterTemplate})
	s.advance.From = "nobody"
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Joined", nil)
	s.play(s.enter()[0], nil)
	if diff := cmp.Diff([]string{"email-letter skipped: Invalid From Email"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
}
