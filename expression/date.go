package expression

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// dateLayouts are the formats in which a property holds a date (behaviour reference §1.2). A fraction of a
// second is read with all that have seconds. Day-month-year is never one of them.
var dateLayouts = []string{
	"2006-01-02",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"01/02/2006",
	"01/02/06",
	"01/02/2006 15:04:05",
	"01/02/2006 15:04",
	"01/02/06 15:04:05",
	"01/02/06 15:04",
}

// ParseDate reads text in one of the accepted date formats. Without a zone it is UTC; with one, the time keeps
// the offset, so that its calendar date is the date as written.
func ParseDate(s string) (time.Time, bool) {
	if len(s) < len("01/02/06") || len(s) > 40 || s[0] < '0' || s[0] > '9' {
		return time.Time{}, false
	}
	slashes := s[2] == '/'
	for _, layout := range dateLayouts {
		if (layout[2] == '/') != slashes || len(layout) == 10 && len(s) != 10 {
			continue
		}
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// dateOnly reports whether a date was written without a time of day.
func dateOnly(s string) bool { return len(s) <= 10 }

// toDate is the function date: text in an accepted format, a time, or Unix seconds as a number or digits.
func toDate(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v
	case string:
		if t, ok := ParseDate(v); ok {
			return t
		}
		if len(v) >= 9 && len(v) <= 11 {
			if seconds, err := strconv.ParseUint(v, 10, 64); err == nil {
				return time.Unix(int64(seconds), 0).UTC()
			}
		}
	case float64:
		if v > -1e11 && v < 1e11 {
			return time.UnixMicro(int64(v * 1e6)).UTC()
		}
	}
	return nil
}

// MaxDuration is the longest duration that is accepted: 100 years of 365 days.
const MaxDuration = 36_500 * 24 * time.Hour

// ParseDuration reads a duration like "30d", "12h", "90m", "45s", "2w" or "1d12h". A day has 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	var total time.Duration
	rest := s
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end <= 0 || end > 10 {
			return 0, durationError(s)
		}
		n, err := strconv.ParseInt(rest[:end], 10, 64)
		unit, ok := units[rest[end]]
		if err != nil || !ok {
			return 0, durationError(s)
		}
		if n > int64((MaxDuration-total)/unit) {
			return 0, fmt.Errorf("%q is longer than 100 years", clip(s))
		}
		total += time.Duration(n) * unit
		rest = rest[end+1:]
	}
	if s == "" {
		return 0, durationError(s)
	}
	return total, nil
}

func durationError(s string) error {
	return fmt.Errorf("%q is not a duration; expected a number and a unit, like 30d, 12h, 90m or 2w", clip(s))
}

// calendarDay numbers the days, taking the date as written.
func calendarDay(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// daysUntil counts the calendar days from now (UTC) to the date as written; past dates are negative.
func daysUntil(now, date time.Time) int {
	return calendarDay(date) - calendarDay(now.UTC())
}

// daysToAnniversary counts the days from today to the next day with the same month and day, 0 on the day
// itself. 29 February falls on 28 February in a common year.
func daysToAnniversary(now, date time.Time) int {
	today := calendarDay(now.UTC())
	for year := now.UTC().Year(); ; year++ {
		if day := calendarDay(anniversary(date, year)); day >= today {
			return day - today
		}
	}
}

// daysSinceAnniversary counts the days from the last day with the same month and day to today, 0 on the day itself.
func daysSinceAnniversary(now, date time.Time) int {
	today := calendarDay(now.UTC())
	for year := now.UTC().Year(); ; year-- {
		if day := calendarDay(anniversary(date, year)); day <= today {
			return today - day
		}
	}
}

func anniversary(date time.Time, year int) time.Time {
	_, month, day := date.Date()
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if t.Month() != month {
		t = time.Date(year, time.February, 28, 0, 0, 0, 0, time.UTC)
	}
	return t
}
