package plan

import (
	"strings"
	"time"
)

// Due is the moment at which a wait that begins at now ends. zone is what Timezone stands for; without At and
// Weekdays it makes no difference.
//
// The moment is never before now plus Duration. A clock time whose occurrence on the first possible day is over
// means the next day, except that with Days only the calendar day counts: "1 day until 15:00" is tomorrow 15:00
// at any time of today.
func (w *Wait) Due(now time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	earliest := now.Add(w.Duration)
	if w.At == "" {
		earliest = earliest.Add(time.Duration(w.Days) * 24 * time.Hour)
		if w.on(earliest.In(zone).Weekday()) {
			return earliest
		}
	}

	target := wallOf(earliest.In(zone))
	if w.At != "" {
		hour, minute := clock(w.At)
		target.sinceDawn = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
		target.day += w.Days
	}
	// A week of days is enough, and two more: for a first day that is over, and for one that a zone leaves out.
	for range 9 {
		if moment := target.in(zone); !moment.Before(earliest) && w.on(moment.Weekday()) {
			return moment
		}
		target.day++
	}
	return target.in(zone) // only when no weekday has a name that exists
}

// on says whether the wait may end on the weekday.
func (w *Wait) on(day time.Weekday) bool {
	if len(w.Weekdays) == 0 {
		return true
	}
	for _, name := range w.Weekdays {
		if strings.EqualFold(name, day.String()) {
			return true
		}
	}
	return false
}
