package clock

import "time"

// Interval is what a span of time is divided into by the clocks of a zone.
type Interval string

// The intervals. Weeks begin on Monday.
const (
	Hour  Interval = "hour"
	Day   Interval = "day"
	Week  Interval = "week"
	Month Interval = "month"
)

// Buckets gives the starts of the intervals that [since, until) touches by the clocks of zone, the first one not after
// since. A day is as long as it is there, 23 or 25 hours when clocks change; an hour also ends where clocks change in
// the middle of it, and comes twice when they are set back.
func Buckets(interval Interval, since, until time.Time, zone *time.Location) []time.Time {
	if !since.Before(until) {
		return nil
	}
	if interval == Hour {
		return hours(since, until, zone)
	}
	local := since.In(zone)
	year, month, day := local.Date()
	days, months := 1, 0
	switch interval {
	case Week:
		day -= (int(local.Weekday()) + 6) % 7
		days = 7
	case Month:
		day, days, months = 1, 0, 1
	}
	var starts []time.Time
	for i := 0; ; i++ {
		start := Midnight(year, month+time.Month(months*i), day+days*i, zone)
		if !start.Before(until) {
			return starts
		}
		if n := len(starts); n > 0 && !start.After(starts[n-1]) {
			continue // a day that the zone left out
		}
		if n := len(starts); n > 0 && !start.After(since) {
			starts = starts[:n-1]
		}
		starts = append(starts, start)
	}
}

func hours(since, until time.Time, zone *time.Location) []time.Time {
	local := since.In(zone)
	start := local.Add(-time.Duration(local.Minute())*time.Minute - time.Duration(local.Second())*time.Second - time.Duration(local.Nanosecond()))
	if changed, _ := local.ZoneBounds(); !changed.IsZero() && changed.After(start) {
		start = changed
	}
	var starts []time.Time
	for start.Before(until) {
		starts = append(starts, start)
		next := start.Add(time.Hour - time.Duration(start.Minute())*time.Minute - time.Duration(start.Second())*time.Second)
		if _, changes := start.ZoneBounds(); !changes.IsZero() && changes.Before(next) {
			next = changes
		}
		start = next.In(zone)
	}
	return starts
}

// Midnight is when the day begins in the zone: at the first 00:00 if clocks show it twice, and when clocks are set
// forward if they never show it.
func Midnight(year int, month time.Month, day int, zone *time.Location) time.Time {
	shown := time.Date(year, month, day, 0, 0, 0, 0, time.UTC) // what clocks show, as if it were UTC
	offset := func(t time.Time) time.Duration {
		_, seconds := t.In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	// Around this midnight there is one change of clocks at most.
	before, after := offset(shown.Add(-38*time.Hour)), offset(shown.Add(38*time.Hour))
	for _, o := range []time.Duration{before, after} {
		if t := shown.Add(-o); offset(t) == o {
			return t.In(zone)
		}
	}
	changed, _ := shown.Add(-before).In(zone).ZoneBounds()
	return changed
}
