package worker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

const longFlow = `
flow: f
status: live
trigger: {metric: Joined}
reentry: never
steps:
  - wait: 75d
  - email: first
  - wait: 10d
  - email: second
`

// past stores an event of long ago that let nobody in.
func (s *stage) past(profile, metric string, ago time.Duration) {
	s.Helper()
	at := s.clock().Add(-ago)
	if _, err := s.store.DB.Exec("select ensure_event_partition($1)", at); err != nil {
		s.Fatal(err)
	}
	s.store.DB.MustExec(`insert into metric (id, name) values (left(md5($1), 6), $1) on conflict do nothing`, metric)
	s.store.DB.MustExec(`insert into event (id, profile_id, metric_id, time, recorded_at, unique_id)
		values (gen_random_uuid(), $1, left(md5($2), 6), $3, $3, gen_random_uuid()::text)`, profile, metric, at)
}

// startBackfill asks for a backfill of the flow.
func (s *stage) startBackfill(perSecond int) {
	s.Helper()
	f, err := s.store.Flow(s.Context(), "f")
	if err != nil {
		s.Fatal(err)
	}
	p, err := s.store.Plan(s.Context(), f.Hash)
	if err != nil {
		s.Fatal(err)
	}
	b, err := ingest.NewBackfill(p, "UTC", s.clock(), ingest.BackfillOptions{PerSecond: perSecond})
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.store.StartBackfill(s.Context(), b); err != nil {
		s.Fatal(err)
	}
}

// backfill carries a backfill of the flow to its end, and gives how many steps that took.
func (s *stage) backfill(perSecond int) int {
	s.Helper()
	s.startBackfill(perSecond)
	for steps := 1; ; steps++ {
		filler := s.backfiller() // a new one each time, as after a restart
		if _, err := filler.Step(s.Context()); err != nil {
			s.Fatal(err)
		}
		if b, err := s.store.LatestBackfill(s.Context(), "f"); err != nil || b.Status == store.BackfillDone {
			if b.Seen != b.Total {
				s.Errorf("looked at %d of %d", b.Seen, b.Total)
			}
			return steps
		}
	}
}

func TestPastPeopleEnterWhereTheyWouldBe(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	s := newStage(t, longFlow, map[string]string{"first": letterTemplate, "second": letterTemplate})
	ago := map[string]time.Duration{"ada": 5 * day, "ben": 80 * day, "cem": 85*day + time.Hour, "dea": 200 * day}
	for name, gap := range ago {
		s.past(s.profile(name, map[string]any{"email": address(name)}), "Joined", gap)
	}
	if steps := s.backfill(2); steps != 2 {
		t.Errorf("three people, two a second, took %d steps", steps)
	}
	for _, cohort := range s.enter() {
		s.play(cohort, nil)
	}
	for name, want := range map[string]struct {
		mails int
		first string
		ended time.Duration // from now; the first wait of ada ends 70 days on
	}{
		"ada": {2, "email-first done", 80 * day},
		"ben": {1, "email-first skipped: Before Entry", 5 * day},
		"cem": {0, "email-first skipped: Before Entry", -time.Hour},
	} {
		if n := s.mail.to(address(name)); n != want.mails {
			t.Errorf("%s got %d mails, want %d", name, n, want.mails)
		}
		outcomes := s.outcomes("01" + name)
		if diff := cmp.Diff(want.first, outcomes[1]); diff != "" {
			t.Errorf("%s: %v", name, outcomes)
		}
		if run := s.run("01" + name); run.FinishedAt.Time.Sub(start) != want.ended {
			t.Errorf("%s ended after %v", name, run.FinishedAt.Time.Sub(start))
		}
	}
	if runs, err := s.store.RunsOfProfile(t.Context(), "01dea", 10); err != nil || len(runs) != 0 {
		t.Errorf("somebody of long ago has %d runs, %v", len(runs), err)
	}
}

func TestABackfillLetsNobodyInTwice(t *testing.T) {
	t.Parallel()
	s := newStage(t, longFlow, map[string]string{"first": letterTemplate, "second": letterTemplate})
	ada := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(ada, "Joined", nil) // enters by itself
	s.enter()
	s.setClock(start.Add(time.Hour))
	s.past(s.profile("ben", map[string]any{"email": address("ben")}), "Joined", 48*time.Hour)
	for range 2 {
		s.backfill(100)
		s.enter()
	}
	var runs int
	if err := s.store.DB.Get(&runs, "select count(*) from run"); err != nil || runs != 2 {
		t.Errorf("two people have %d runs, %v", runs, err)
	}
}

func TestOneBackfillOfAFlowRunsAtATime(t *testing.T) {
	t.Parallel()
	s := newStage(t, longFlow, map[string]string{"first": letterTemplate, "second": letterTemplate})
	b := store.Backfill{FlowID: "f", Kind: "metric", Key: "Joined", Placed: true, PerSecond: 1, Since: start.Add(-time.Hour), Until: start}
	if _, err := s.store.StartBackfill(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.StartBackfill(t.Context(), b); err != store.ErrBackfillRunning {
		t.Errorf("a second one: %v", err)
	}
	if err := s.store.CancelBackfill(t.Context(), "f"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.StartBackfill(t.Context(), b); err != nil {
		t.Errorf("after the first was cancelled: %v", err)
	}
}

func TestPastMembersOfAListEnterWhereTheyWouldBeOrAtTheBeginning(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		fromStart bool
		ended     time.Duration // of who joined five days ago; the flow lasts ten
	}{
		"placed":         {false, 5 * day},
		"from the start": {true, 10 * day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "flow: f\nstatus: live\ntrigger: {list: News}\nsteps:\n  - wait: 10d\n  - update_profile: {set: {x: 1}}\n", nil)
			ada, ben := s.profile("ada", nil), s.profile("ben", nil)
			s.store.DB.MustExec("insert into list (id, name) values ('news', 'News')")
			s.store.DB.MustExec("insert into list_member (list_id, profile_id, joined_at) values ('news', $1, $2), ('news', $3, $4)",
				ada, start.Add(-5*day), ben, start.Add(-400*day))
			p, err := s.store.Flow(t.Context(), "f")
			if err != nil {
				t.Fatal(err)
			}
			version, err := s.store.Plan(t.Context(), p.Hash)
			if err != nil {
				t.Fatal(err)
			}
			b, err := ingest.NewBackfill(version, "UTC", start, ingest.BackfillOptions{PerSecond: 10, FromStart: test.fromStart})
			if err != nil {
				t.Fatal(err)
			}
			b.Key = "news"
			if _, err := s.store.StartBackfill(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if _, err := s.backfiller().Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, cohort := range s.enter() {
				s.play(cohort, nil)
			}
			if run := s.run(ada); run.FinishedAt.Time.Sub(start).Round(time.Second) != test.ended {
				t.Errorf("ended after %v, want %v", run.FinishedAt.Time.Sub(start), test.ended)
			}
			runs, err := s.store.RunsOfProfile(t.Context(), ben, 10)
			if err != nil || len(runs) > 0 != test.fromStart {
				t.Errorf("who joined long ago has %d runs, %v", len(runs), err)
			}
		})
	}
}

func TestABackfillThatMeansNothingIsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		p    plan.Plan
		o    ingest.BackfillOptions
		want string
	}{
		"a date flow":     {plan.Plan{Triggers: []plan.Trigger{{Date: &plan.DateTrigger{}}}}, ingest.BackfillOptions{PerSecond: 1}, "only flows with a metric or a list trigger"},
		"no wait":         {plan.Plan{Triggers: []plan.Trigger{{Metric: &plan.MetricTrigger{Metric: "X"}}}}, ingest.BackfillOptions{PerSecond: 1}, "no wait before an action"},
		"too fast":        {plan.Plan{Triggers: []plan.Trigger{{Metric: &plan.MetricTrigger{Metric: "X"}}}}, ingest.BackfillOptions{PerSecond: 5000}, "expected 1 to 1000"},
		"metric at start": {plan.Plan{Triggers: []plan.Trigger{{Metric: &plan.MetricTrigger{Metric: "X"}}}}, ingest.BackfillOptions{PerSecond: 1, FromStart: true}, "only a list flow"},
	} {
		if _, err := ingest.NewBackfill(&test.p, "UTC", start, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (s *stage) backfiller() *ingest.Backfiller { return &ingest.Backfiller{Store: s.store} }
