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
		if allowed(earliest.In(zone).Weekday(), w.Weekdays) {
			return earliest
		}
	}

	target := wallOf(earliest.In(zone))
	if w.At != "" {
		hour, minute := clock(w.At)
		target.sinceDawn = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
		target.day += w.Days
	}
	return target.onward(zone, earliest, w.Weekdays)
}

// DueOn is the moment at which a wait with Date ends for a run that entered for the day: the day moved by Date, at
// the clock time At, and on the next allowed weekday. It may be long over when the run comes to the wait; then there
// is nothing to wait for.
func (w *Wait) DueOn(day Day, zone *time.Location) time.Time {
	if w.Date != nil {
		day = day.add(w.Date.Months, w.Date.Days)
	}
	return moment{at: w.At, weekdays: w.Weekdays, zone: zone}.on(day)
}

// onward is the reading's first moment that is not before earliest and on an allowed weekday, the same clock time on
// a later day if need be.
func (w wall) onward(zone *time.Location, earliest time.Time, weekdays []string) time.Time {
	// A week of days is enough, and two more: for a first day that is over, and for one that a zone leaves out.
	for range 9 {
		if moment := w.in(zone); !moment.Before(earliest) && allowed(moment.Weekday(), weekdays) {
			return moment
		}
		w.day++
	}
	return w.in(zone) // only when no weekday has a name that exists
}

// allowed says whether the weekday is among the names. None is all of them.
func allowed(day time.Weekday, names []string) bool {
	if len(names) == 0 {
		return true
	}
	for _, name := range names {
		if strings.EqualFold(name, day.String()) {
			return true
		}
	}
	return false
}
