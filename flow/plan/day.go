package plan

import "time"

// Day is a calendar date, in no zone.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// Valid says whether the calendar has the day.
func (d Day) Valid() bool {
	return d.Month >= time.January && d.Month <= time.December && d.Day >= 1 && d.Day <= daysIn(d.Year, d.Month)
}

// String is the day as YYYY-MM-DD.
func (d Day) String() string { return d.midnight().Format(time.DateOnly) }

func (d Day) midnight() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

func (d Day) weekday() time.Weekday { return d.midnight().Weekday() }

func (d Day) next() Day { return d.add(0, 1) }

// last says whether the day is its month's last.
func (d Day) last() bool { return d.Day == daysIn(d.Year, d.Month) }

// add moves the day by calendar months, keeping the day of the month or taking the month's last one, and then by
// days.
func (d Day) add(months, days int) Day {
	first := time.Date(d.Year, d.Month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	d = Day{first.Year(), first.Month(), min(d.Day, daysIn(first.Year(), first.Month()))}
	return dayOf(d.midnight().AddDate(0, 0, days))
}

// dayOf is the day that a calendar on the wall shows at t, in t's zone.
func dayOf(t time.Time) Day {
	year, month, day := t.Date()
	return Day{year, month, day}
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// moment is a clock time on allowed weekdays of a zone.
type moment struct {
	at       string
	weekdays []string
	zone     *time.Location
}

// on is the clock time on the day, or else on the next day that is an allowed weekday.
func (m moment) on(day Day) time.Time {
	hour, minute := clock(m.at)
	w := wall{day.Year, day.Month, day.Day, time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute}
	return w.onward(m.zone, time.Time{}, m.weekdays)
}
