package worker_test

import (
	"testing"
	"time"

	"github.com/legato-flow/legato/store"
)

func TestWhoeverEntersAFlowThatBeginsWithAWaitIsAtItWhenTheCohortStarts(t *testing.T) {
	t.Parallel()
	const atNine = "steps: [{wait: {until: '09:00', timezone: person}, id: dawn}, {update_profile: {set: {x: 1}}, id: mark}]"
	nine := time.Date(start.Year(), start.Month(), start.Day(), 9, 0, 0, 0, time.FixedZone("CET", 3600)).UTC()
	if !nine.After(start) {
		nine = nine.Add(24 * time.Hour)
	}
	for name, test := range map[string]struct {
		flow   string
		step   string // next
		due    time.Time
		waited bool
	}{
		"a duration":                {"steps: [{wait: 1h, id: hour}, {update_profile: {set: {x: 1}}, id: mark}]", "mark", start.Add(time.Hour), true},
		"a clock in a person's day": {atNine, "mark", nine, true},
		"with nothing after it":     {"steps: [{wait: 1h, id: hour}]", "", start, false},
		"with a filter":             {"steps: [{wait: 1h, id: hour, filter: person.x == 1}, {update_profile: {set: {x: 1}}, id: mark}]", "", start, false},
		"that is a draft":           {"steps: [{wait: 1h, id: hour, status: draft}, {update_profile: {set: {x: 1}}, id: mark}]", "", start, false},
		"with something to watch":   {"exit_on: {metric: Paid}\nsteps: [{wait: 1h, id: hour}, {update_profile: {set: {x: 1}}, id: mark}]", "", start, false},
		"no wait at all":            {"steps: [{update_profile: {set: {x: 1}}, id: mark}]", "", start, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Joined}\n"+test.flow, nil)
			id := s.profile("ada", map[string]any{"timezone": "Europe/Berlin"})
			s.event(id, "Joined", nil)
			if _, err := s.dispatch.Dispatch(t.Context()); err != nil {
				t.Fatal(err)
			}
			runs, err := s.store.RunsOfProfile(t.Context(), id, 10)
			if err != nil || len(runs) != 1 {
				t.Fatalf("%d runs, %v", len(runs), err)
			}
			if run := runs[0]; run.Step != test.step || !run.DueAt.Time.Equal(test.due) {
				t.Errorf("the run is at %q, due at %s; want %q, %s", run.Step, run.DueAt.Time.UTC(), test.step, test.due)
			}
			if told := s.started[0].runs[0]; told.Step != test.step || !told.DueAt.Time.Equal(test.due) || (told.Wait != "") != test.waited {
				t.Errorf("the cohort is told %+v", told)
			}
			outcomes, err := s.store.Outcomes(t.Context(), []string{runs[0].ID})
			if err != nil {
				t.Fatal(err)
			}
			if (len(outcomes) == 1) != test.waited || test.waited && outcomes[0].Result != store.Done {
				t.Errorf("outcomes %+v", outcomes)
			}
		})
	}
}
