package plan

import (
	"testing"
	"time"
)

func TestAWaitUntilTheDateEndsThereWhereThePersonIs(t *testing.T) {
	t.Parallel()
	day := Day{2026, time.March, 29} // when clocks go forward in Europe
	for _, test := range []struct {
		name string
		wait Wait
		zone string
		want string
	}{
		{"on the date", Wait{Date: &Offset{}, At: "09:00"}, "Europe/Berlin", "Sun 2026-03-29 09:00:00 +0200"},
		{"three days before", Wait{Date: &Offset{Days: -3}, At: "09:00"}, "Europe/Berlin", "Thu 2026-03-26 09:00:00 +0100"},
		{"a month after", Wait{Date: &Offset{Months: 1}, At: "09:00"}, "America/New_York", "Wed 2026-04-29 09:00:00 -0400"},
		{"a month before the 29th is the shorter month's end", Wait{Date: &Offset{Months: -1}, At: "09:00"}, "UTC", "Sat 2026-02-28 09:00:00 +0000"},
		{"moved on to a weekday", Wait{Date: &Offset{}, At: "09:00", Weekdays: []string{"monday", "wednesday"}}, "UTC", "Mon 2026-03-30 09:00:00 +0000"},
		{"in the gap", Wait{Date: &Offset{}, At: "02:30"}, "Europe/Berlin", "Sun 2026-03-29 03:00:00 +0200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.wait.DueOn(day, zone(t, test.zone)).In(zone(t, test.zone)).Format(localLayout); got != test.want {
				t.Errorf("due %s, want %s", got, test.want)
			}
		})
	}
}

func TestAPlanEndsWhereItsLongestWayHasItsLastAction(t *testing.T) {
	t.Parallel()
	wait := func(id string, w Wait, next string) Step { return Step{ID: id, Kind: KindWait, Wait: &w, Next: next} }
	mail := func(id, next string) Step { return Step{ID: id, Kind: KindEmail, Email: &Email{}, Next: next} }
	draft := mail("last", "")
	draft.Status = Draft
	for _, test := range []struct {
		name  string
		steps []Step
		want  time.Duration
	}{
		{"one message", []Step{mail("a", "")}, 0},
		{"a wait between two", []Step{mail("a", "b"), wait("b", Wait{Days: 2, Duration: time.Hour}, "c"), mail("c", "")}, 49 * time.Hour},
		{"a wait that nothing follows", []Step{mail("a", "b"), wait("b", Wait{Days: 2}, "")}, 0},
		{"a wait that a draft follows", []Step{mail("a", "b"), wait("b", Wait{Days: 2}, "last"), draft}, 0},
		{"the longer of two branches", []Step{
			{ID: "a", Kind: KindIf, If: &If{Branches: []Branch{{Next: "b"}}, Else: "c"}, Next: "d"},
			wait("b", Wait{Duration: time.Hour}, "d"), wait("c", Wait{Duration: 3 * time.Hour}, "d"), mail("d", "")}, 3 * time.Hour},
		{"an event that does not come", []Step{
			{ID: "a", Kind: KindWaitFor, WaitFor: &WaitFor{Timeout: 5 * time.Hour, Then: "b", Else: "b"}, Next: "b"}, mail("b", "")}, 5 * time.Hour},
		{"until the date, and a day", []Step{wait("a", Wait{Date: &Offset{}, At: "10:00"}, "b"), wait("b", Wait{Days: 1}, "c"), mail("c", "")}, (7*24 + 1 + 24) * time.Hour},
		{"until a date that is over", []Step{wait("a", Wait{Date: &Offset{Days: -8}, At: "10:00"}, "b"), mail("b", "")}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := &Plan{Entry: test.steps[0].ID, Steps: test.steps}
			now := time.Date(2026, time.May, 3, 9, 0, 0, 0, time.UTC)
			end := p.End(now, Day{2026, time.May, 10}, func(string) *time.Location { return time.UTC })
			if got := end.Sub(now); got != test.want {
				t.Errorf("after %v, want %v", got, test.want)
			}
		})
	}
}
