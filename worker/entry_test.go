package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// refusals gives why a profile was not let in, in order.
func (s *stage) refusals(profile string) []string {
	s.Helper()
	rows, err := s.store.RefusalsOfProfile(s.Context(), profile, 10)
	if err != nil {
		s.Fatal(err)
	}
	var reasons []string
	for _, r := range rows {
		reasons = append(reasons, r.Reason)
	}
	return reasons
}

// runs counts a profile's runs.
func (s *stage) runs(profile string) int {
	s.Helper()
	runs, err := s.store.RunsOfProfile(s.Context(), profile, 100)
	if err != nil {
		s.Fatal(err)
	}
	return len(runs)
}

func entryFlow(more string) string {
	return "flow: f\nstatus: live\n" + more + "\nsteps:\n  - update_profile: {set: {x: 1}}\n"
}

func TestReentryIsAsTheFlowSays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rule    string
		entries []time.Duration // after the start
		runs    int
	}{
		"always":         {"always", []time.Duration{0, time.Second, time.Hour}, 3},
		"never":          {"never", []time.Duration{0, time.Hour, 1000 * time.Hour}, 1},
		"after a week":   {"7d", []time.Duration{0, 6 * 24 * time.Hour, 7 * 24 * time.Hour, 8 * 24 * time.Hour}, 2},
		"within a batch": {"never", []time.Duration{0, 0, 0}, 1},
		"metric default": {"", []time.Duration{0, time.Minute}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := ""
			if test.rule != "" {
				rule = "\nreentry: " + test.rule
			}
			s := newStage(t, entryFlow("trigger: {metric: Joined}"+rule), nil)
			id := s.profile("ada", nil)
			for i, after := range test.entries {
				s.setClock(start.Add(after))
				s.event(id, "Joined", nil)
				if i+1 < len(test.entries) && test.entries[i+1] == after {
					continue // they wait in the outbox together
				}
				s.enter()
			}
			if n := s.runs(id); n != test.runs {
				t.Errorf("%d runs, want %d", n, test.runs)
			}
			refused := s.refusals(id)
			if len(refused) != len(test.entries)-test.runs || (len(refused) > 0 && refused[0] != store.RefusedReentry) {
				t.Errorf("refused %q", refused)
			}
		})
	}
}

func TestWhoDoesNotPassIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	s := newStage(t, entryFlow("trigger: {metric: Joined, filter: event.amount >= 20}\nfilter: person.country_code == \"US\""), nil)
	cheap, foreign, fine := s.profile("ada", map[string]any{"country_code": "US"}), s.profile("ben", map[string]any{"country_code": "DE"}), s.profile("cem", map[string]any{"country_code": "US"})
	gone := s.profile("dee", map[string]any{"country_code": "US"})
	s.event(cheap, "Joined", map[string]any{"amount": 19.99})
	s.event(foreign, "Joined", map[string]any{"amount": 20})
	s.event(fine, "Joined", map[string]any{"amount": 20})
	s.event(gone, "Joined", map[string]any{"amount": 20})
	s.store.DB.MustExec("delete from profile where id = $1", gone)
	s.enter()
	for id, want := range map[string][]string{
		cheap: {store.RefusedTriggerFilter}, foreign: {store.RefusedProfileFilter}, fine: nil, gone: {store.RefusedDeleted},
	} {
		if diff := cmp.Diff(want, s.refusals(id)); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	if n := s.runs(fine); n != 1 {
		t.Errorf("the one who passes has %d runs", n)
	}
}

func TestAFlowThatIsNotLiveLetsNobodyIn(t *testing.T) {
	t.Parallel()
	s := newStage(t, entryFlow("trigger: {metric: Joined}"), nil)
	id := s.profile("ada", nil)
	s.event(id, "Joined", nil)
	s.store.DB.MustExec("update flow set status = 'draft'")
	s.enter()
	if diff := cmp.Diff([]string{store.RefusedNotLive}, s.refusals(id)); diff != "" || s.runs(id) != 0 {
		t.Error(diff, s.runs(id))
	}
}

// starts counts the starts of each cohort, and fails those it is told to.
type starts struct {
	mu    sync.Mutex
	count map[string]int
	fail  bool
}

func (s *starts) Start(_ context.Context, cohort store.Cohort, _ []store.CohortRun) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail {
		return errors.New("Temporal is away")
	}
	if s.count == nil {
		s.count = map[string]int{}
	}
	s.count[cohort.ID]++
	return nil
}

func (s *starts) Nudge(context.Context, string, []string) error { return nil }

func TestSeveralDispatchersLetEverybodyInOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, entryFlow("trigger: {metric: Joined}\nreentry: never"), nil)
	const people = 300
	for i := range people {
		s.profile(fmt.Sprintf("p%03d", i), nil)
	}
	s.eventForAll("Joined")
	s.store.DB.MustExec(`insert into outbox (flow_id, profile_id, entry_key, event_id, event_time, created_at)
		select flow_id, profile_id, 'again/' || entry_key, event_id, event_time, created_at from outbox`)
	seen := &starts{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			d := &ingest.Dispatcher{Store: s.store, Clock: s.dispatch.Clock, Programs: s.dispatch.Programs, Starter: seen, Max: 50, Log: s.dispatch.Log}
			for {
				n, err := d.Dispatch(t.Context())
				if err != nil {
					t.Error(err)
				}
				if n == 0 || err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	var runs, waiting int
	if err := errors.Join(s.store.DB.Get(&runs, "select count(*) from run"), s.store.DB.Get(&waiting, "select count(*) from outbox")); err != nil {
		t.Fatal(err)
	}
	if runs != people || waiting != 0 {
		t.Errorf("%d runs, %d entries still wait", runs, waiting)
	}
	for id, n := range seen.count {
		if n != 1 {
			t.Errorf("cohort %s was started %d times", id, n)
		}
	}
	if len(seen.count) < people/50 {
		t.Errorf("%d cohorts of at most 50", len(seen.count))
	}
}

func TestACohortWhoseStartFailedIsStartedLater(t *testing.T) {
	t.Parallel()
	s := newStage(t, entryFlow("trigger: {metric: Joined}"), nil)
	id := s.profile("ada", nil)
	s.event(id, "Joined", nil)
	away := &starts{fail: true}
	s.dispatch.Starter = away
	if _, err := s.dispatch.Dispatch(t.Context()); err == nil {
		t.Error("nobody said that the start failed")
	}
	away.fail = false
	if n, err := s.dispatch.Recover(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("recovered %d, %v", n, err)
	}
	if n, err := s.dispatch.Recover(t.Context(), 0); n != 0 || err != nil {
		t.Errorf("recovered %d again, %v", n, err)
	}
	if len(away.count) != 1 || s.runs(id) != 1 {
		t.Errorf("%d cohorts started, %d runs", len(away.count), s.runs(id))
	}
}

func TestABirthdayIsPlannedForNineWhereThePersonLives(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {date: person.birthday, at: \"09:00\", repeat: yearly}\nsteps:\n  - update_profile: {set: {x: 1}}\n", nil)
	born := func(name, date, zone string) string {
		id := s.profile(name, map[string]any{"birthday": date, "timezone": zone})
		var year, month, day int
		if _, err := fmt.Sscanf(date, "%d-%d-%d", &year, &month, &day); err != nil {
			t.Fatal(err)
		}
		s.store.DB.MustExec("insert into profile_date (profile_id, property, year, month, day) values ($1, 'birthday', $2, $3, $4)", id, year, month, day)
		return id
	}
	tokyo, berlin, angeles := born("ada", "1990-03-28", "Asia/Tokyo"), born("ben", "1990-03-28", "Europe/Berlin"), born("cem", "1990-03-28", "America/Los_Angeles")
	other := born("dee", "1990-04-28", "Europe/Berlin")
	s.planner.Horizon = 36 * time.Hour
	for range 2 { // looking twice plans nobody twice
		if _, err := s.planner.Plan(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.enter()
	}
	for id, want := range map[string]time.Time{
		tokyo:   time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC),
		berlin:  time.Date(2026, 3, 28, 8, 0, 0, 0, time.UTC),
		angeles: time.Date(2026, 3, 28, 16, 0, 0, 0, time.UTC),
	} {
		if run := s.run(id); !run.DueAt.Time.Equal(want) || !run.EnteredAt.Equal(want) {
			t.Errorf("%s is due at %v, want %v", id, run.DueAt.Time, want)
		}
	}
	if n := s.runs(other); n != 0 {
		t.Errorf("somebody born in April has %d runs", n)
	}
}

func TestThePlannerFindsTheLeapDayInACommonYear(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {date: person.birthday, at: \"09:00\", repeat: yearly}\nsteps:\n  - update_profile: {set: {x: 1}}\n", nil)
	id := s.profile("ada", map[string]any{"timezone": "UTC"})
	s.store.DB.MustExec("insert into profile_date (profile_id, property, year, month, day) values ($1, 'birthday', 1996, 2, 29)", id)
	s.setClock(time.Date(2027, 2, 28, 8, 30, 0, 0, time.UTC))
	if _, err := s.planner.Plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.enter()
	if run := s.run(id); !run.DueAt.Time.Equal(time.Date(2027, 2, 28, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("due at %v", run.DueAt.Time)
	}
}

func TestARunStaysOnThePlanItEntered(t *testing.T) {
	t.Parallel()
	old := "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - wait: 1h\n  - update_profile: {set: {version: old}}\n"
	s := newStage(t, old, nil)
	first := s.profile("ada", nil)
	s.event(first, "Joined", nil)
	cohort := s.enter()[0]
	s.apply("flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - update_profile: {set: {version: new}}\n", nil)
	second := s.profile("ben", nil)
	s.event(second, "Joined", nil)
	later := s.enter()[0]
	if cohort.cohort.Hash == later.cohort.Hash {
		t.Error("two versions have one hash")
	}
	s.play(later, nil)
	s.play(cohort, nil)
	people, err := s.store.People(t.Context(), []string{first, second})
	if err != nil {
		t.Fatal(err)
	}
	if got := []any{people[first].Values["version"], people[second].Values["version"]}; !slices.Equal(got, []any{"old", "new"}) {
		t.Errorf("they got %v", got)
	}
}

func TestWithinASecondTheOrderOfArrivalDecidesWhatIsSinceTheStart(t *testing.T) {
	t.Parallel()
	s := newStage(t, entryFlow("trigger: {metric: Added to Cart}\nfilter: not did(\"Placed Order\", since_start)"), nil)
	before, after := s.profile("ada", nil), s.profile("ben", nil)
	s.setClock(start.Add(100 * time.Millisecond))
	s.event(before, "Placed Order", nil)
	s.setClock(start.Add(200 * time.Millisecond))
	s.event(before, "Added to Cart", nil)
	s.event(after, "Added to Cart", nil)
	s.setClock(start.Add(300 * time.Millisecond))
	s.event(after, "Placed Order", nil)
	s.enter()
	if n := s.runs(before); n != 1 {
		t.Errorf("who ordered before has %d runs", n)
	}
	if diff := cmp.Diff([]string{store.RefusedProfileFilter}, s.refusals(after)); diff != "" {
		t.Error(diff)
	}
}
