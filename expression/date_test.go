package expression

import (
	"testing"
	"time"
)

func TestDatesAreReadInTheAcceptedFormatsOnly(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"2026-05-10":                       "2026-05-10T00:00:00Z",
		"2026-05-10 17:08:06":              "2026-05-10T17:08:06Z",
		"2026-05-10T17:08:06":              "2026-05-10T17:08:06Z",
		"2026-05-10T17:08:06.000001":       "2026-05-10T17:08:06.000001Z",
		"2026-05-10 17:08:06.5":            "2026-05-10T17:08:06.5Z",
		"2026-05-10T17:08:06Z":             "2026-05-10T17:08:06Z",
		"2026-05-10T17:08:06+03:00":        "2026-05-10T14:08:06Z",
		"2026-05-10 17:08:06.25+00:00":     "2026-05-10T17:08:06.25Z",
		"05/10/2026":                       "2026-05-10T00:00:00Z",
		"05/10/26":                         "2026-05-10T00:00:00Z",
		"05/10/2026 17:08":                 "2026-05-10T17:08:00Z",
		"05/10/26 17:08:06":                "2026-05-10T17:08:06Z",
		"10-05-2026":                       "",
		"10.05.2026":                       "",
		"31/12/2026":                       "",
		"2026-02-30":                       "",
		"2026-5-1":                         "",
		"20260510":                         "",
		"1778414400":                       "",
		"May 10, 2026":                     "",
		"":                                 "",
		"2026-05-10x":                      "",
		"2026-05-10T17:08:06+03:00 garble": "",
	} {
		got := ""
		if d, ok := ParseDate(s); ok {
			got = d.UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{
		"30d": 720 * time.Hour, "12h": 12 * time.Hour, "90m": 90 * time.Minute, "2w": 336 * time.Hour, "45s": 45 * time.Second,
		"1d12h": 36 * time.Hour, "36500d": MaxDuration,
		"": -1, "d": -1, "30": -1, "30 d": -1, "-3d": -1, "1.5h": -1, "3y": -1, "36501d": -1, "99999999999w": -1, "9999999999w": -1, "30dx": -1, "3é": -1,
	} {
		got, err := ParseDuration(s)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %s, %v", s, got, err)
		}
	}
}

func TestAnniversaries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, date string
		want      int
	}{
		{"2026-02-27", "2000-02-29", 1}, // 28 February in a common year
		{"2028-02-28", "2000-02-29", 1}, // 29 February in a leap year
		{"2026-03-01", "2000-02-29", 364},
		{"2026-05-10", "1990-05-10", 0},
		{"2026-05-10", "2030-05-10", 0}, // a future year counts as well
		{"2026-05-10", "1990-05-09", 364},
		{"2026-12-31", "1950-01-01", 1},
		{"2026-05-10", "1990-05-12T23:30:00-05:00", 2}, // the date as written
	} {
		now, _ := ParseDate(c.now)
		date, ok := ParseDate(c.date)
		if got := daysToAnniversary(now.Add(23*time.Hour), date); got != c.want || !ok {
			t.Errorf("%s on %s: got %d, want %d", c.date, c.now, got, c.want)
		}
	}
}
