package activities

import (
	"testing"
	"time"
)

func TestQuietHoursEndWhereThePersonLives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, zone, from, till string
		now                    string // RFC 3339
		end                    string // "" is not quiet
	}{
		{"in the evening", "Europe/Berlin", "21:00", "08:00", "2026-06-10T20:30:00Z", "2026-06-11T06:00:00Z"},
		{"after midnight", "Europe/Berlin", "21:00", "08:00", "2026-06-10T23:30:00Z", "2026-06-11T06:00:00Z"},
		{"by day", "Europe/Berlin", "21:00", "08:00", "2026-06-10T12:00:00Z", ""},
		{"the same moment elsewhere", "America/Los_Angeles", "21:00", "08:00", "2026-06-10T12:00:00Z", "2026-06-10T15:00:00Z"},
		{"they begin", "UTC", "21:00", "08:00", "2026-06-10T21:00:00Z", "2026-06-11T08:00:00Z"},
		{"they end", "UTC", "21:00", "08:00", "2026-06-11T08:00:00Z", ""},
		{"a moment before they end", "UTC", "21:00", "08:00", "2026-06-11T07:59:59Z", "2026-06-11T08:00:00Z"},
		{"within a day", "UTC", "12:00", "14:00", "2026-06-10T13:00:00Z", "2026-06-10T14:00:00Z"},
		{"within a day, before", "UTC", "12:00", "14:00", "2026-06-10T11:59:59Z", ""},
		{"till midnight", "UTC", "22:00", "00:00", "2026-06-10T23:00:00Z", "2026-06-11T00:00:00Z"},
		{"the night in which clocks go forward", "Europe/Berlin", "21:00", "08:00", "2026-03-28T21:00:00Z", "2026-03-29T06:00:00Z"},
		{"the night in which clocks go back", "Europe/Berlin", "21:00", "08:00", "2026-10-24T20:00:00Z", "2026-10-25T07:00:00Z"},
		{"an end that spring leaves out", "Europe/Berlin", "21:00", "02:30", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"},
		{"an end that autumn doubles", "Europe/Berlin", "21:00", "02:30", "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"},
		{"the doubled hour is not quiet again", "Europe/Berlin", "21:00", "02:30", "2026-10-25T01:15:00Z", ""},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		end, quiet := QuietHours{test.from, test.till}.until(now, zone)
		got := ""
		if quiet {
			got = end.UTC().Format(time.RFC3339)
		}
		if got != test.end {
			t.Errorf("%s: quiet till %q, want %q", test.name, got, test.end)
		}
	}
}
