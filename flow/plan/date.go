package plan

import (
	"strings"
	"time"
)

// Moments are the moments in [from, till), in order, at which the trigger fires for a stored date, with zone as
// what Timezone stands for.
//
// Once needs the full date. The others repeat without beginning or end: yearly looks at month and day only, so a
// year in the future fires this year too; monthly at the day; weekly at the weekday. Days that a month lacks
// fall on its last one, also when an offset in months leads there.
func (d *DateTrigger) Moments(year int, month time.Month, day int, zone *time.Location, from, till time.Time) []time.Time {
	if month < time.January || month > time.December || day < 1 || day > daysIn(year, month) || !from.Before(till) {
		return nil
	}
	if zone == nil {
		zone = time.UTC
	}
	hour, minute := clock(d.At)
	dawn := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute

	var moments []time.Time
	for i := d.firstBefore(from); ; i++ {
		y, m, dd := d.occurrence(i, year, month, day)
		y, m, dd = addMonths(y, m, dd, d.Months)
		moment := wall{y, m, dd + d.Days, dawn}.in(zone)
		if !moment.Before(till) {
			return moments
		}
		if !moment.Before(from) {
			moments = append(moments, moment)
		}
		if d.Repeat == Once {
			return moments
		}
	}
}

// firstBefore counts periods of the repetition (years, months or weeks since 1 January of the year 0, a
// Saturday) up to one that surely fires before from.
func (d *DateTrigger) firstBefore(from time.Time) int {
	// Zones, the clamping of months and the rest of the period that has begun: two months cover them all.
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
func (d *DateTrigger) occurrence(i, year int, month time.Month, day int) (int, time.Month, int) {
	switch d.Repeat {
	case Yearly:
		return i, month, min(day, daysIn(i, month))
	case Monthly:
		y, m, _ := addMonths(0, time.January, 1, i)
		return y, m, min(day, daysIn(y, m))
	case Weekly:
		weekday := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday()
		return weekZero.AddDate(0, 0, 7*i+int(weekday-weekZero.Weekday())).Date()
	default:
		return year, month, day
	}
}

// addMonths moves a date by calendar months and keeps the day, or takes the month's last one.
func addMonths(year int, month time.Month, day, months int) (int, time.Month, int) {
	year, month, _ = time.Date(year, month+time.Month(months), 1, 0, 0, 0, 0, time.UTC).Date()
	return year, month, min(day, daysIn(year, month))
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
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
