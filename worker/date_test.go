package worker_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/store"
)

// dated writes the profile's birthday as of now, or removes it with "", as ingestion does.
func (s *stage) dated(profile, date string) {
	s.Helper()
	if date == "" {
		s.store.DB.MustExec("update profile set properties = properties - 'birthday' where id = $1", profile)
		s.store.DB.MustExec("delete from profile_date where profile_id = $1", profile)
	} else {
		var year, month, day int
		if _, err := fmt.Sscanf(date, "%d-%d-%d", &year, &month, &day); err != nil {
			s.Fatal(err)
		}
		s.store.DB.MustExec("update profile set properties = properties || jsonb_build_object('birthday', $2::text) where id = $1", profile, date)
		s.store.DB.MustExec(`insert into profile_date (profile_id, property, year, month, day) values ($1, 'birthday', $2, $3, $4)
			on conflict (profile_id, property) do update set year = excluded.year, month = excluded.month, day = excluded.day`, profile, year, month, day)
	}
	s.store.DB.MustExec("update date_change set changed_at = $1", s.clock())
}

// looks lets the planner look, and has the runs nudged that it asks for.
func (s *stage) looks() {
	s.Helper()
	if _, err := s.planner.Plan(s.Context()); err != nil {
		s.Fatal(err)
	}
	if _, err := s.dispatch.Nudge(s.Context()); err != nil {
		s.Fatal(err)
	}
}

// ways gives a profile's runs, as "key status reason".
func (s *stage) ways(profile string) []string {
	s.Helper()
	runs, err := s.store.RunsOfProfile(s.Context(), profile, 10)
	if err != nil {
		s.Fatal(err)
	}
	var lines []string
	for _, run := range runs {
		line := run.EntryKey + " " + run.Status
		if run.Reason != "" {
			line += ": " + run.Reason
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// A week before, three days before, on the day and a day later.
const birthdayFlow = `
flow: f
status: live
trigger: {date: person.birthday, before: 7d, at: "09:00", timezone: person, repeat: yearly}
steps:
  - id: week
    update_profile: {increment: {messages: 1}}
  - wait: {until: date, before: 3d}
  - id: days
    update_profile: {increment: {messages: 1}}
  - wait: {until: date}
  - id: day
    update_profile: {increment: {messages: 1}}
  - wait: 1d
  - id: after
    update_profile: {increment: {messages: 1}}
`

// begun plans somebody whose birthday is on 4 April, who enters a week before it, on the next morning.
func begun(t *testing.T) (s *stage, id string, cohort startedCohort) {
	t.Helper()
	s = newStage(t, birthdayFlow, nil)
	s.setClock(time.Date(2026, 3, 28, 7, 30, 0, 0, time.UTC))
	id = s.profile("ada", map[string]any{"timezone": "Europe/Berlin"})
	s.dated(id, "1990-04-04")
	s.looks()
	started := s.enter()
	if len(started) != 1 {
		t.Fatalf("%d cohorts", len(started))
	}
	return s, id, started[0]
}

func (s *stage) messagesAt(profile string) []string {
	s.Helper()
	runs, err := s.store.RunsOfProfile(s.Context(), profile, 10)
	if err != nil {
		s.Fatal(err)
	}
	var ids []string
	for _, run := range runs {
		ids = append(ids, run.ID)
	}
	outcomes, err := s.store.Outcomes(s.Context(), ids)
	if err != nil {
		s.Fatal(err)
	}
	var lines []string
	for _, o := range outcomes {
		if o.Kind == "update_profile" {
			line := o.Step + " " + o.At.UTC().Format("01-02 15:04")
			if o.Result != store.Done {
				line += " " + o.Result + ": " + o.Reason
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func TestWaitsCountBackFromTheDateAcrossTheChangeOfClocks(t *testing.T) {
	t.Parallel()
	s, id, cohort := begun(t)
	s.play(cohort, nil)
	// Clocks in Berlin go forward on 29 March.
	if diff := cmp.Diff([]string{"week 03-28 08:00", "days 04-01 07:00", "day 04-04 07:00", "after 04-05 07:00"}, s.messagesAt(id)); diff != "" {
		t.Error(diff)
	}
}

func TestADateThatMovesEndsTheRunAtOnceAndStartsAnother(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		date  string
		ways  []string
		place string // where the new run comes in
	}{
		{"later", "1990-04-20", []string{"date/2026-04-04 exited: Date Changed"}, ""},
		{"into the timeline", "1990-04-02", []string{"date/2026-04-02 active", "date/2026-04-04 exited: Date Changed"}, "03-26 08:00"},
		{"another year of the same day", "1970-04-04", []string{"date/2026-04-04 done"}, ""},
		{"removed", "", []string{"date/2026-04-04 exited: Date Removed"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, id, cohort := begun(t)
			var last time.Time // when somebody last looked at the run
			s.play(cohort, map[time.Duration]func(){24 * time.Hour: func() {
				s.dated(id, test.date)
				s.looks()
				last = s.clock()
			}})
			if moved := test.ways[0] != "date/2026-04-04 done"; moved && s.clock().Sub(last) > time.Minute {
				t.Errorf("it ended %v after the date had changed", s.clock().Sub(last))
			}
			s.looks()
			s.enter()
			if diff := cmp.Diff(test.ways, s.ways(id)); diff != "" {
				t.Error(diff)
			}
			var place []string
			if err := s.store.DB.Select(&place, "select to_char(place_from at time zone 'UTC', 'MM-DD HH24:MI') from run where place_from is not null"); err != nil {
				t.Fatal(err)
			}
			if test.place != "" && !slices.Equal(place, []string{test.place}) {
				t.Errorf("placed from %q", place)
			}
		})
	}
}

// Nobody nudged the run: the change came to the planner too late.
func TestTheDateIsReadAgainBeforeEveryStep(t *testing.T) {
	t.Parallel()
	s, id, cohort := begun(t)
	s.play(cohort, map[time.Duration]func(){24 * time.Hour: func() { s.dated(id, "1990-04-20") }})
	if diff := cmp.Diff([]string{"date/2026-04-04 exited: Date Changed"}, s.ways(id)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"week 03-28 08:00"}, s.messagesAt(id)); diff != "" {
		t.Error(diff)
	}
	// The end of the run has the planner look again, and the new date is served when it comes.
	s.setClock(time.Date(2026, 4, 13, 6, 30, 0, 0, time.UTC))
	s.looks()
	s.play(s.enter()[0], nil)
	if diff := cmp.Diff([]string{"date/2026-04-04 exited: Date Changed", "date/2026-04-20 done"}, s.ways(id)); diff != "" {
		t.Error(diff)
	}
}

func TestADateThatChangesBeforeTheFirstStepMeansNoStep(t *testing.T) {
	t.Parallel()
	s, id, cohort := begun(t)
	s.dated(id, "1990-04-20")
	s.looks() // the run is planned only, and a nudge must not begin it
	s.play(cohort, nil)
	if diff := cmp.Diff([]string{"date/2026-04-04 exited: Date Changed"}, s.ways(id)); diff != "" || len(s.messagesAt(id)) != 0 {
		t.Error(diff, s.messagesAt(id))
	}
}

func TestWhoComesInTheMiddleGetsWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := newStage(t, birthdayFlow, nil)
	s.setClock(time.Date(2026, 4, 2, 13, 0, 0, 0, time.UTC))
	s.looks()
	id := s.profile("ada", map[string]any{"timezone": "Europe/Berlin"})
	s.dated(id, "1990-04-04")
	s.looks()
	s.play(s.enter()[0], nil)
	want := []string{"week 03-28 08:00 skipped: Before Entry", "days 04-01 07:00 skipped: Before Entry", "day 04-04 07:00", "after 04-05 07:00"}
	if diff := cmp.Diff(want, s.messagesAt(id)); diff != "" {
		t.Error(diff)
	}
}

func TestADateThatMovesIsNoReentry(t *testing.T) {
	t.Parallel()
	s := newStage(t, "reentry: 300d"+birthdayFlow, nil)
	s.setClock(time.Date(2026, 3, 28, 7, 30, 0, 0, time.UTC))
	id := s.profile("ada", map[string]any{"timezone": "Europe/Berlin"})
	s.dated(id, "1990-04-04")
	s.looks()
	cohort := s.enter()[0]
	s.play(cohort, map[time.Duration]func(){24 * time.Hour: func() {
		s.dated(id, "1990-04-02")
		s.looks()
	}})
	s.looks()
	s.enter()
	if diff := cmp.Diff([]string{"date/2026-04-02 active", "date/2026-04-04 exited: Date Changed"}, s.ways(id)); diff != "" {
		t.Error(diff, s.refusals(id))
	}
}
