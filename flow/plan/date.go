package plan

import (
	"strings"
	"time"
)

// Firing is one time at which a date trigger fires.
type Firing struct {
	On     Day       // the day on which the stored date recurs
	Moment time.Time // when somebody enters for it
}

// Firings are the times in [from, till), in order, at which the trigger fires for a stored date, with zone as
// what Timezone stands for.
//
// Once needs the full date. The others repeat without beginning or end: yearly looks at month and day only, so a
// year in the future fires this year too; monthly at the day; weekly at the weekday. Days that a month lacks
// fall on its last one, also when an offset in months leads there. A moment that falls on no allowed weekday moves
// on to the next one, at the same clock time.
func (d *DateTrigger) Firings(stored Day, zone *time.Location, from, till time.Time) []Firing {
	if !stored.Valid() || !from.Before(till) {
		return nil
	}
	at := moment{at: d.At, weekdays: d.Weekdays, zone: zone}
	var firings []Firing
	for i := d.firstBefore(from); ; i++ {
		f := Firing{On: d.occurrence(i, stored)}
		f.Moment = at.on(f.On.add(d.Months, d.Days))
		if !f.Moment.Before(till) {
			return firings
		}
		again := len(firings) > 0 && firings[len(firings)-1].Moment.Equal(f.Moment) // two weeks whose moments moved to one
		if !f.Moment.Before(from) && !again {
			firings = append(firings, f)
		}
		if d.Repeat == Once {
			return firings
		}
	}
}

// Recurs says whether a stored date falls on the day, in the trigger's repetition. A run goes on for as long as the
// profile's date still falls on the day for which it entered.
func (d *DateTrigger) Recurs(stored, on Day) bool {
	if !stored.Valid() || !on.Valid() {
		return false
	}
	switch d.Repeat {
	case Yearly:
		return on.Month == stored.Month && on.Day == min(stored.Day, daysIn(on.Year, on.Month))
	case Monthly:
		return on.Day == min(stored.Day, daysIn(on.Year, on.Month))
	case Weekly:
		return on.weekday() == stored.weekday()
	default:
		return on == stored
	}
}

// firstBefore counts periods of the repetition (years, months or weeks since 1 January of the year 0, a
// Saturday) up to one that surely fires before from.
func (d *DateTrigger) firstBefore(from time.Time) int {
	// Zones, weekdays, the clamping of months and the rest of the period that has begun: two months cover them all.
	from = from.UTC().AddDate(0, -d.Months-2, -d.Days)
	switch d.Repeat {
	case Monthly:
		return from.Year()*12 + int(from.Month()) - 1
	case Weekly:
		return int((from.Unix() - weekZero.Unix()) / (7 * 24 * 60 * 60))
	default:
		return from.Year() - 1
	}
}

var weekZero = time.Date(0, time.January, 1, 0, 0, 0, 0, time.UTC)

// occurrence is the day of the i-th period on which the stored date recurs.
func (d *DateTrigger) occurrence(i int, stored Day) Day {
	switch d.Repeat {
	case Yearly:
		return Day{i, stored.Month, min(stored.Day, daysIn(i, stored.Month))}
	case Monthly:
		first := Day{0, time.January, 1}.add(i, 0)
		return Day{first.Year, first.Month, min(stored.Day, daysIn(first.Year, first.Month))}
	case Weekly:
		return dayOf(weekZero.AddDate(0, 0, 7*i+int(stored.weekday()-weekZero.Weekday())))
	default:
		return stored
	}
}

// keyPrefix begins the entry key of everybody who enters by a date.
const keyPrefix = "date/"

// DateKey names the entry of somebody whose date recurs on the day.
func DateKey(on Day) string { return keyPrefix + on.String() }

// DateOfKey gives the day for which somebody entered, or false for the key of another trigger. A number after the
// day says how often the person has been planned for it: a date may move away and come back.
func DateOfKey(key string) (Day, bool) {
	text, ok := strings.CutPrefix(key, keyPrefix)
	if !ok {
		return Day{}, false
	}
	text, _, _ = strings.Cut(text, "/")
	t, err := time.Parse(time.DateOnly, text)
	return dayOf(t), err == nil
}

// dateLayouts are the forms in which a date property may be written, without the zone. A fraction of a second
// may follow seconds. Day before month is not among them.
var dateLayouts = []string{
	"2006-01-02",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04Z07:00",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04Z07:00",
	"01/02/2006",
	"01/02/2006 15:04",
	"01/02/2006 15:04:05",
	"01/02/06",
	"01/02/06 15:04",
	"01/02/06 15:04:05",
}

// ParseDate reads the calendar date of a property's value, as it is written: a time of day and a zone after it
// are checked and left out, so 2026-05-10T23:30:00-05:00 is 10 May. Accepted are ISO dates with or without a
// time, MM/DD/YYYY and MM/DD/YY (69 to 99 are 19xx), both with or without a time, and Unix seconds in 9 to 11
// digits, which mean the date in UTC.
func ParseDate(s string) (year int, month time.Month, day int, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) < len("01/02/06") || len(s) > 40 {
		return 0, 0, 0, false
	}
	if seconds, digits := unixSeconds(s); digits {
		if len(s) < 9 || len(s) > 11 {
			return 0, 0, 0, false
		}
		year, month, day = time.Unix(seconds, 0).UTC().Date()
		return year, month, day, true
	}
	if strings.Contains(s, ",") { // package time takes a comma for the fraction's point, the accepted forms do not
		return 0, 0, 0, false
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1 {
			year, month, day = t.Date()
			return year, month, day, true
		}
	}
	return 0, 0, 0, false
}

// unixSeconds reads a string of digits only.
func unixSeconds(s string) (seconds int64, digits bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if i < 11 {
			seconds = seconds*10 + int64(s[i]-'0')
		}
	}
	return seconds, s != ""
}
