package plan

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

const localLayout = "Mon 2006-01-02 15:04:05 -0700"

var workdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday"}

func TestWaitIsDueAtTheMomentItPromises(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, zone, now string
		wait            Wait
		due             string
	}{
		// The reference's vectors; 5 January 2026 is a Monday.
		{"a day until a time still ahead is tomorrow", "UTC", "2026-01-05T14:00:00Z",
			Wait{Days: 1, At: "15:00"}, "Tue 2026-01-06 15:00:00 +0000"},
		{"a day until a time already over is tomorrow too", "UTC", "2026-01-05T16:00:00Z",
			Wait{Days: 1, At: "15:00"}, "Tue 2026-01-06 15:00:00 +0000"},
		{"a day without a time is 24 hours", "UTC", "2026-01-05T16:00:00Z",
			Wait{Days: 1}, "Tue 2026-01-06 16:00:00 +0000"},
		{"a weekday moves on with the same clock time", "UTC", "2026-01-09T16:00:00Z",
			Wait{Days: 1, Weekdays: workdays}, "Mon 2026-01-12 16:00:00 +0000"},
		{"a weekday moves on with the asked clock time", "UTC", "2026-01-09T16:00:00Z",
			Wait{Days: 1, At: "10:00", Weekdays: workdays}, "Mon 2026-01-12 10:00:00 +0000"},
		{"hours and minutes are exact", "UTC", "2026-01-05T10:00:00Z",
			Wait{Duration: 150 * time.Minute}, "Mon 2026-01-05 12:30:00 +0000"},

		{"a time ahead is today", "America/New_York", "2026-01-05T14:00:00-05:00",
			Wait{At: "15:00"}, "Mon 2026-01-05 15:00:00 -0500"},
		{"a time that is now is now", "America/New_York", "2026-01-05T15:00:00-05:00",
			Wait{At: "15:00"}, "Mon 2026-01-05 15:00:00 -0500"},
		{"a time that is over is tomorrow", "America/New_York", "2026-01-05T15:00:01-05:00",
			Wait{At: "15:00"}, "Tue 2026-01-06 15:00:00 -0500"},
		{"hours pass before the time is looked for", "America/New_York", "2026-01-05T14:00:00-05:00",
			Wait{Duration: 2 * time.Hour, At: "15:00"}, "Tue 2026-01-06 15:00:00 -0500"},
		{"the day is the zone's, not that of UTC", "Asia/Tokyo", "2026-01-05T22:00:00Z",
			Wait{Days: 1, At: "08:00"}, "Wed 2026-01-07 08:00:00 +0900"},
		{"a weekday that is today is now", "UTC", "2026-01-05T10:00:00Z",
			Wait{Weekdays: []string{"monday"}}, "Mon 2026-01-05 10:00:00 +0000"},
		{"a weekday whose time is over is next week", "UTC", "2026-01-05T16:00:00Z",
			Wait{At: "10:00", Weekdays: []string{"monday"}}, "Mon 2026-01-12 10:00:00 +0000"},

		// Clocks in New York go forward at 02:00 on 8 March 2026 and back at 02:00 on 1 November.
		{"a day is 24 hours over a change of clocks", "America/New_York", "2026-03-07T16:00:00-05:00",
			Wait{Days: 1}, "Sun 2026-03-08 17:00:00 -0400"},
		{"a day until a time keeps the time over a change of clocks", "America/New_York", "2026-03-07T16:00:00-05:00",
			Wait{Days: 1, At: "16:00"}, "Sun 2026-03-08 16:00:00 -0400"},
		{"a time in the spring gap moves to its end", "America/New_York", "2026-03-07T16:00:00-05:00",
			Wait{Days: 1, At: "02:30"}, "Sun 2026-03-08 03:00:00 -0400"},
		{"a doubled time in autumn is the first", "America/New_York", "2026-10-31T16:00:00-04:00",
			Wait{Days: 1, At: "01:30"}, "Sun 2026-11-01 01:30:00 -0400"},
		{"the second of a doubled time is after it", "America/New_York", "2026-11-01T01:15:00-05:00",
			Wait{At: "01:30"}, "Mon 2026-11-02 01:30:00 -0500"},
		{"a doubled time in Berlin is the first", "Europe/Berlin", "2026-10-24T12:00:00+02:00",
			Wait{Days: 1, At: "02:30"}, "Sun 2026-10-25 02:30:00 +0200"},
		{"a gap of half an hour", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30",
			Wait{Days: 1, At: "02:10"}, "Sun 2026-10-04 02:30:00 +1100"},
		{"a midnight that does not exist", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00",
			Wait{Days: 1, At: "00:00"}, "Sun 2018-11-04 01:00:00 -0200"},
		{"a gap that ends on the next day does not count as the day asked for", "America/Scoresbysund",
			"2025-03-29T12:00:00-02:00", Wait{At: "23:30", Weekdays: []string{"saturday"}}, "Sat 2025-04-05 23:30:00 -0100"},
		{"a day that a zone left out", "Pacific/Apia", "2011-12-29T12:00:00-10:00",
			Wait{At: "11:00", Weekdays: []string{"friday"}}, "Fri 2012-01-06 11:00:00 +1400"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			z := zone(t, test.zone)
			if got := test.wait.Due(now, z).In(z).Format(localLayout); got != test.due {
				t.Errorf("due %s, want %s", got, test.due)
			}
		})
	}
}

func TestWaitKeepsItsPromisesInEveryZone(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{time.UTC}
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo",
		"America/Scoresbysund", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca", "America/Caracas"} {
		zones = append(zones, zone(t, name))
	}
	names := append([]string{"saturday", "sunday"}, workdays...)

	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		now := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(t, "now"), 0)
		w := Wait{
			Duration: time.Duration(rapid.IntRange(0, 100_000).Draw(t, "seconds")) * time.Second,
			Days:     rapid.IntRange(0, 400).Draw(t, "days"),
			Weekdays: rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 7, rapid.ID[string]).Draw(t, "weekdays"),
		}
		if rapid.Bool().Draw(t, "timed") {
			minute := rapid.IntRange(0, 24*60-1).Draw(t, "minute")
			w.At = time.Time{}.Add(time.Duration(minute) * time.Minute).Format(Clock)
		}

		due := w.Due(now, z)
		local := due.In(z)
		if due.Before(now.Add(w.Duration)) {
			t.Fatalf("due %s, before the duration is over", local)
		}
		if !allowed(local.Weekday(), w.Weekdays) {
			t.Fatalf("due %s, a day that is not among %v", local, w.Weekdays)
		}
		if limit := now.Add(w.Duration + time.Duration(w.Days+10)*24*time.Hour); due.After(limit) {
			t.Fatalf("due %s, after %s", local, limit.In(z))
		}
		if w.At != "" && local.Format(Clock) != w.At && !endsGap(due, z) {
			t.Fatalf("due %s, asked for %s and no gap there", local, w.At)
		}
		if w.At == "" && len(w.Weekdays) == 0 && !due.Equal(now.Add(w.Duration+time.Duration(w.Days)*24*time.Hour)) {
			t.Fatalf("due %s, a plain duration must be exact", local)
		}
	})
}

// endsGap says whether clocks in the zone go forward to t.
func endsGap(t time.Time, z *time.Location) bool {
	_, before := t.Add(-time.Nanosecond).In(z).Zone()
	_, after := t.In(z).Zone()
	return after > before
}

func TestWallClockIsTheFirstInstantThatShowsIt(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	rapid.Check(t, func(t *rapid.T) {
		moment := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(t, "moment"), 0).In(z)
		got := wallOf(moment).in(z)
		if got.After(moment) || got.Format("2006-01-02 15:04:05") != moment.Format("2006-01-02 15:04:05") {
			t.Fatalf("%s became %s", moment, got)
		}
	})
}
