package worker_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/store"
)

func TestAWaitEndsWhenItShould(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wait, zone string
		until      time.Time
	}{
		"a duration":                        {"1h30m", "UTC", start.Add(90 * time.Minute)},
		"a day is 24 hours":                 {"2d", "Europe/Berlin", start.Add(48 * time.Hour)},
		"until a time in the person's zone": {"{until: \"09:00\"}", "Europe/Berlin", time.Date(2026, 3, 28, 8, 0, 0, 0, time.UTC)},
		"over the change to summer time":    {"{for: 2d, until: \"09:00\"}", "Europe/Berlin", time.Date(2026, 3, 29, 7, 0, 0, 0, time.UTC)},
		"on a weekday":                      {"{until: \"09:00\", on: [monday]}", "America/New_York", time.Date(2026, 3, 30, 13, 0, 0, 0, time.UTC)},
		"in a named zone":                   {"{until: \"09:00\", timezone: Asia/Tokyo}", "Europe/Berlin", time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - wait: "+test.wait+"\n  - update_profile: {set: {waited: true}}\n", nil)
			id := s.profile("ada", map[string]any{"timezone": test.zone})
			s.event(id, "Joined", nil)
			s.play(s.enter()[0], nil)
			if run := s.run(id); run.Status != store.RunDone || !run.FinishedAt.Time.Equal(test.until) {
				t.Errorf("the run is %s at %v, want %v", run.Status, run.FinishedAt.Time, test.until)
			}
		})
	}
}

func TestAWaitWithNothingLiveAfterItIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - update_profile: {set: {x: 1}}\n  - wait: 30d\n", nil)
	id := s.profile("ada", nil)
	s.event(id, "Joined", nil)
	s.play(s.enter()[0], nil)
	if run := s.run(id); run.Status != store.RunDone || !run.FinishedAt.Time.Equal(start) {
		t.Errorf("the run is %s at %v", run.Status, run.FinishedAt.Time)
	}
}

const splitFlow = `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - if: person.country_code == "US"
    then: [{email: us}]
    elif:
      - if: did("Placed Order", last("30d"))
        then: [{email: buyer}]
    else: [{email: world}]
  - update_profile: {set: {seen: true}}
`

func TestASplitTakesTheFirstBranchThatHolds(t *testing.T) {
	t.Parallel()
	togetherAndAlone(t, func(t *testing.T, most int) {
		s := newStage(t, splitFlow, map[string]string{"us": letterTemplate, "buyer": letterTemplate, "world": letterTemplate})
		s.dispatch.Max = most
		ada := s.profile("ada", map[string]any{"email": address("ada"), "country_code": "US"})
		ben := s.profile("ben", map[string]any{"email": address("ben"), "country_code": "DE"})
		cem := s.profile("cem", map[string]any{"email": address("cem")}) // a missing property is false
		s.event(ben, "Placed Order", nil)
		for _, id := range []string{ada, ben, cem} {
			s.event(id, "Joined", nil)
		}
		cohorts := s.enter()
		if most == 1 && len(cohorts) != 3 || most > 1 && len(cohorts) != 1 {
			t.Fatalf("three people who enter together make %d cohorts", len(cohorts))
		}
		s.playAll(cohorts, nil)
		for id, want := range map[string]string{ada: "email-us", ben: "email-buyer", cem: "email-world"} {
			outcomes := s.outcomes(id)
			if !slices.Contains(outcomes, want+" done") || len(outcomes) != 3 {
				t.Errorf("%s: %q, want %s", id, outcomes, want)
			}
		}
		if got := strings.Join(s.decided, "\n"); !strings.Contains(got, "if-1: then") || !strings.Contains(got, "email-us: sent") {
			t.Errorf("the activity says %q", got)
		}
	})
}

func TestUpdateProfileChangesThePersonOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - update_profile:
      set: {vip: true, tier: gold, last_value: {expr: event.amount}}
      increment: {visits: 2}
      unset: [old]
  - if: person.vip and person.visits == 5
    then: [{update_profile: {set: {seen_by_later_steps: true}}}]
`, nil)
	id := s.profile("ada", map[string]any{"visits": 3, "old": "x", "kept": "y"})
	s.event(id, "Joined", map[string]any{"amount": 12.5})
	cohort := s.enter()[0]
	s.play(cohort, nil)
	s.play(cohort, nil) // a second time: everything has happened
	people, err := s.store.People(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"vip": true, "tier": "gold", "last_value": 12.5, "visits": 5, "kept": "y", "seen_by_later_steps": true}
	for property, value := range want {
		if diff := cmp.Diff(value, people[id].Values[property]); diff != "" {
			t.Errorf("%s: %s", property, diff)
		}
	}
	if _, there := people[id].Values["old"]; there {
		t.Error("old is still there")
	}
}

func TestExitEndsTheRun(t *testing.T) {
	t.Parallel()
	togetherAndAlone(t, func(t *testing.T, most int) {
		s := newStage(t, `
flow: f
status: live
trigger: {metric: Joined}
steps:
  - if: person.tired == true
    then: [{exit: had enough}]
  - update_profile: {set: {went_on: true}}
`, nil)
		s.dispatch.Max = most
		tired, fresh := s.profile("ada", map[string]any{"tired": true}), s.profile("ben", nil)
		s.event(tired, "Joined", nil)
		s.event(fresh, "Joined", nil)
		s.playAll(s.enter(), nil)
		if run := s.run(tired); run.Status != store.RunExited || run.Reason != "had enough" {
			t.Errorf("the run is %s: %s", run.Status, run.Reason)
		}
		if run := s.run(fresh); run.Status != store.RunDone {
			t.Errorf("the other's run is %s", run.Status)
		}
	})
}

func TestADraftStepIsPassedThrough(t *testing.T) {
	t.Parallel()
	s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\nsteps:\n  - {email: letter, status: draft}\n  - update_profile: {set: {x: 1}}\n",
		map[string]string{"letter": letterTemplate})
	id := s.profile("ada", map[string]any{"email": address("ada")})
	s.event(id, "Joined", nil)
	s.play(s.enter()[0], nil)
	if n := s.mail.to(address("ada")); n != 0 {
		t.Errorf("%d messages", n)
	}
	if diff := cmp.Diff([]string{"update_profile-1 done"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
}
