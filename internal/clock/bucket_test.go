package clock_test

import (
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/clock"
)

func TestBucketsFollowTheClocksOfTheirZone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		interval           clock.Interval
		zone, since, until string
		want               string // starts, as clocks there show them
	}{
		"a day of 23 hours":           {clock.Hour, "America/New_York", "2026-03-08T06:30:00Z", "2026-03-08T08:00:00Z", "01:00-05:00 03:00-04:00"},
		"an hour that comes twice":    {clock.Hour, "America/New_York", "2026-11-01T05:00:00Z", "2026-11-01T07:30:00Z", "01:00-04:00 01:00-05:00 02:00-05:00"},
		"hours of a half-hour zone":   {clock.Hour, "Asia/Kolkata", "2026-11-01T05:00:00Z", "2026-11-01T06:31:00Z", "10:00+05:30 11:00+05:30 12:00+05:30"},
		"half an hour back":           {clock.Hour, "Australia/Lord_Howe", "2026-04-04T14:00:00Z", "2026-04-04T16:00:00Z", "01:00+11:00 01:30+10:30 02:00+10:30"},
		"half an hour forward":        {clock.Hour, "Australia/Lord_Howe", "2026-10-03T14:30:00Z", "2026-10-03T17:00:00Z", "01:00+10:30 02:30+11:00 03:00+11:00"},
		"a midnight that is left out": {clock.Day, "Africa/Cairo", "2026-04-23T00:00:00Z", "2026-04-25T00:00:00Z", "04-23 00:00+02:00 04-24 01:00+03:00 04-25 00:00+03:00"},
		"a midnight that comes twice": {clock.Day, "America/Havana", "2026-11-01T03:00:00Z", "2026-11-02T06:00:00Z", "10-31 00:00-04:00 11-01 00:00-04:00 11-02 00:00-05:00"},
		"a day that is left out":      {clock.Day, "Pacific/Apia", "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z", "12-29 00:00-10:00 12-31 00:00+14:00 01-01 00:00+14:00"},
		"weeks begin on Monday":       {clock.Week, "Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-30T00:00:00Z", "03-23 00:00+01:00 03-30 00:00+02:00"},
		"months over the year's end":  {clock.Month, "Asia/Kathmandu", "2025-11-30T18:15:00Z", "2026-01-31T18:15:00Z", "12-01 00:00+05:45 01-01 00:00+05:45"},
		"one moment":                  {clock.Day, "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "01-01 00:00Z"},
		"nothing":                     {clock.Day, "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instant := func(s string) time.Time {
				at, err := time.Parse(time.RFC3339, s)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
			layout := "01-02 15:04Z07:00"
			if test.interval == clock.Hour {
				layout = "15:04Z07:00"
			}
			var got []string
			for _, start := range clock.Buckets(test.interval, instant(test.since), instant(test.until), clock.Zone(test.zone)) {
				got = append(got, start.Format(layout))
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}
