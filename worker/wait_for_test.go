package worker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/store"
)

const waitForFlow = `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - wait_for: {metric: Placed Order, filter: event.total > 10, timeout: 3d}
    then: [{update_profile: {set: {bought: true}}}]
    else: [{update_profile: {set: {bought: false}}}]
  - update_profile: {set: {seen: true}}
`

func TestAWaitForEndsWithTheEventOrGivesUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		events map[time.Duration]map[string]any // of Placed Order
		branch string
		after  time.Duration
	}{
		"the event comes":           {map[time.Duration]map[string]any{time.Hour: {"total": 20}}, "then", time.Hour},
		"one that passes no filter": {map[time.Duration]map[string]any{time.Hour: {"total": 5}}, "else", 72 * time.Hour},
		"the second one passes":     {map[time.Duration]map[string]any{time.Hour: {"total": 5}, 2 * time.Hour: {"total": 11}}, "then", 2 * time.Hour},
		"nothing comes":             {nil, "else", 72 * time.Hour},
		"it comes when all is over": {map[time.Duration]map[string]any{73 * time.Hour: {"total": 20}}, "else", 72 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, waitForFlow, nil)
			ada, ben := s.profile("ada", nil), s.profile("ben", nil)
			s.event(ada, "Joined", nil)
			s.event(ben, "Joined", nil)
			at := map[time.Duration]func(){}
			for after, properties := range test.events {
				at[after] = func() { s.event(ada, "Placed Order", properties) }
			}
			s.play(s.enter()[0], at)
			if run := s.run(ada); run.Status != store.RunDone || run.FinishedAt.Time.Sub(start) != test.after {
				t.Errorf("the run is %s after %v, want %v", run.Status, run.FinishedAt.Time.Sub(start), test.after)
			}
			if got := s.detail(ada, "wait_for-1"); got["branch"] != test.branch {
				t.Errorf("took %v", got)
			}
			if run := s.run(ben); run.FinishedAt.Time.Sub(start) != 72*time.Hour {
				t.Errorf("the other member ended after %v", run.FinishedAt.Time.Sub(start))
			}
			var watches int
			if err := s.store.DB.Get(&watches, "select count(*) from watch"); err != nil || watches != 0 {
				t.Errorf("%d watches are left, %v", watches, err)
			}
		})
	}
}

func TestAConditionIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - wait_for: {condition: 'count(events("Viewed", since_start)) >= 2', timeout: 3d}
    then: [{update_profile: {set: {keen: true}}}]
`, nil)
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	viewed := func() { s.event(ada, "Viewed", nil) }
	s.play(s.enter()[0], map[time.Duration]func(){time.Hour: viewed, 2 * time.Hour: viewed})
	if run := s.run(ada); run.FinishedAt.Time.Sub(start) != 2*time.Hour {
		t.Errorf("ended after %v", run.FinishedAt.Time.Sub(start))
	}
	if diff := cmp.Diff([]string{"update_profile-1 done", "wait_for-1 done"}, s.outcomes(ada)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatHappensBetweenTwoStepsCountsForAWaitFor(t *testing.T) {
	t.Parallel()
	s := newStage(t, waitForFlow, nil)
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	cohort := s.enter()[0]
	s.setClock(start.Add(2 * time.Second)) // the order comes after the entry and before the first advance
	s.event(ada, "Placed Order", map[string]any{"total": 20})
	s.setClock(start.Add(3 * time.Second))
	s.play(cohort, nil)
	if got := s.detail(ada, "wait_for-1"); got["branch"] != "then" {
		t.Errorf("took %v", got)
	}
}

func TestExitOnEndsARunInTheMiddleOfAWait(t *testing.T) {
	t.Parallel()
	togetherAndAlone(t, func(t *testing.T, most int) {
		s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
exit_on: {metric: Placed Order}
steps:
  - wait: 2d
  - update_profile: {set: {seen: true}}
`, nil)
		s.dispatch.Max = most
		ada, ben := s.profile("ada", nil), s.profile("ben", nil)
		s.event(ada, "Joined", nil)
		s.event(ben, "Joined", nil)
		s.playAll(s.enter(), map[time.Duration]func(){time.Hour: func() { s.event(ada, "Placed Order", nil) }})
		if run := s.run(ada); run.Status != store.RunExited || run.Reason != "Exit On: Placed Order" || run.FinishedAt.Time.Sub(start) != time.Hour {
			t.Errorf("%s %q after %v", run.Status, run.Reason, run.FinishedAt.Time.Sub(start))
		}
		if run := s.run(ben); run.Status != store.RunDone {
			t.Errorf("the other member is %s", run.Status)
		}
	})
}

func TestASplitIsTheSameForARunAndFollowsItsWeights(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - split:
      - {weight: 25, name: A, then: [{update_profile: {set: {way: A}}}]}
      - {weight: 75, name: B, then: [{update_profile: {set: {way: B}}}]}
`, nil)
	_, err := s.store.DB.Exec(`insert into profile (id) select 'p' || lpad(n::text, 4, '0') from generate_series(1, 400) n`)
	if err != nil {
		t.Fatal(err)
	}
	s.eventForAll("Joined")
	for _, cohort := range s.enter() {
		s.play(cohort, nil)
	}
	var a, all int
	if err := s.store.DB.QueryRow("select count(*) filter (where properties ->> 'way' = 'A'), count(*) filter (where properties ? 'way') from profile").Scan(&a, &all); err != nil {
		t.Fatal(err)
	}
	if all != 400 || a < 65 || a > 135 {
		t.Errorf("%d of %d went A, of 25 percent", a, all)
	}
}

func TestASwitchTakesTheFirstPathThatHolds(t *testing.T) {
	t.Parallel()
	togetherAndAlone(t, func(t *testing.T, most int) {
		s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - switch:
      - {when: person.points > 100, name: gold, then: [{update_profile: {set: {tier: gold}}}]}
      - {when: person.points > 10, name: silver, then: [{update_profile: {set: {tier: silver}}}]}
    else: [{update_profile: {set: {tier: none}}}]
`, nil)
		s.dispatch.Max = most
		want := map[string]string{}
		for name, points := range map[string]any{"gold": 500, "silver": 50, "none": 5} {
			id := s.profile(name, map[string]any{"points": points})
			want[id] = name
			s.event(id, "Joined", nil)
		}
		s.playAll(s.enter(), nil)
		for id, tier := range want {
			var got string
			if err := s.store.DB.Get(&got, "select properties ->> 'tier' from profile where id = $1", id); err != nil || got != tier {
				t.Errorf("%s is %s, %v", tier, got, err)
			}
		}
	})
}

func TestAnEventIsFoundAmongManyThatPassNoFilter(t *testing.T) {
	t.Parallel()
	s := newStage(t, waitForFlow, nil)
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	many := func() {
		for range 120 {
			s.event(ada, "Placed Order", map[string]any{"total": 1})
		}
	}
	s.play(s.enter()[0], map[time.Duration]func(){time.Hour: many, 2 * time.Hour: func() { s.event(ada, "Placed Order", map[string]any{"total": 20}) }})
	if run := s.run(ada); run.FinishedAt.Time.Sub(start) != 2*time.Hour {
		t.Errorf("ended after %v", run.FinishedAt.Time.Sub(start))
	}
}
