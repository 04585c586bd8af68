package plan

import "time"

// Clock is the layout of a wall clock time in a plan, in the sense of package time.
const Clock = "15:04"

// PersonZone is the Timezone that stands for the person's own, else the account's.
const PersonZone = "person"

// Zones gives the names of the zones that a Timezone of a step may stand for: the first that is a zone. person and account
// are theirs.
func Zones(timezone, person, account string) []string {
	if timezone == "" || timezone == PersonZone {
		return []string{person, account}
	}
	return []string{timezone, account}
}

// clock reads a wall clock time. Plans are checked when they are made, so anything else counts as midnight.
func clock(at string) (hour, minute int) {
	t, err := time.Parse(Clock, at)
	if err != nil {
		return 0, 0
	}
	return t.Hour(), t.Minute()
}

// wall is a reading of calendar and clock that no zone has been given to yet.
type wall struct {
	year      int
	month     time.Month
	day       int
	sinceDawn time.Duration // since 00:00 as the clock shows it
}

func wallOf(t time.Time) wall {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dawn := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	return wall{year, month, day, dawn + time.Duration(t.Nanosecond())}
}

// in is the first instant at which clocks in the zone show w, or, when w falls in a gap, the first after the gap.
//
// time.Date does not promise which instant it picks for either, so this walks the zone's periods of constant
// offset in order and takes the first in which w exists.
func (w wall) in(zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	utc := time.Date(w.year, w.month, w.day, 0, 0, 0, 0, time.UTC).Add(w.sinceDawn)
	at := utc.Add(-26 * time.Hour).In(zone) // no zone is or was further than 16 hours from UTC
	for {
		_, offset := at.Zone()
		start, end := at.ZoneBounds()
		moment := utc.Add(-time.Duration(offset) * time.Second).In(zone)
		switch {
		case !start.IsZero() && moment.Before(start):
			return start
		case end.IsZero() || moment.Before(end):
			return moment
		}
		at = end
	}
}
