package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDateTriggerFiresAtTheMomentsOfItsRepetition(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		trigger    DateTrigger
		date, zone string
		from, till string // days, in UTC
		want       []string
	}{
		{"yearly, the year of the date is ignored", DateTrigger{At: "09:00", Repeat: Yearly},
			"1990-05-10", "America/New_York", "2026-01-01", "2028-01-01",
			[]string{"Sun 2026-05-10 09:00:00 -0400", "Mon 2027-05-10 09:00:00 -0400"}},
		{"yearly, a date in the future fires this year", DateTrigger{At: "09:00", Repeat: Yearly},
			"2030-05-10", "UTC", "2026-01-01", "2027-01-01", []string{"Sun 2026-05-10 09:00:00 +0000"}},
		{"seven days before", DateTrigger{At: "09:00", Repeat: Yearly, Days: -7},
			"1990-05-10", "Europe/Berlin", "2026-01-01", "2027-01-01", []string{"Sun 2026-05-03 09:00:00 +0200"}},
		{"before, over the turn of the year", DateTrigger{At: "09:00", Repeat: Yearly, Days: -7},
			"1990-01-03", "UTC", "2026-12-01", "2027-01-01", []string{"Sun 2026-12-27 09:00:00 +0000"}},
		{"after, over the turn of the year", DateTrigger{At: "09:00", Repeat: Yearly, Days: 14},
			"1990-12-24", "UTC", "2027-01-01", "2027-02-01", []string{"Thu 2027-01-07 09:00:00 +0000"}},
		{"a month before the 31st is a shorter month's last day", DateTrigger{At: "09:00", Repeat: Yearly, Months: -1},
			"1990-03-31", "UTC", "2026-01-01", "2029-01-01",
			[]string{"Sat 2026-02-28 09:00:00 +0000", "Sun 2027-02-28 09:00:00 +0000", "Tue 2028-02-29 09:00:00 +0000"}},
		{"29 February is 28 February in common years", DateTrigger{At: "09:00", Repeat: Yearly},
			"2000-02-29", "UTC", "2026-01-01", "2029-01-01",
			[]string{"Sat 2026-02-28 09:00:00 +0000", "Sun 2027-02-28 09:00:00 +0000", "Tue 2028-02-29 09:00:00 +0000"}},
		{"monthly, the 31st falls on the last day", DateTrigger{At: "09:00", Repeat: Monthly},
			"2026-01-31", "UTC", "2026-01-01", "2026-05-01",
			[]string{"Sat 2026-01-31 09:00:00 +0000", "Sat 2026-02-28 09:00:00 +0000", "Tue 2026-03-31 09:00:00 +0000",
				"Thu 2026-04-30 09:00:00 +0000"}},
		{"weekly, on the weekday of the date", DateTrigger{At: "09:00", Repeat: Weekly},
			"2026-01-07", "UTC", "2026-03-01", "2026-03-16",
			[]string{"Wed 2026-03-04 09:00:00 +0000", "Wed 2026-03-11 09:00:00 +0000"}},
		{"weekly, a day before", DateTrigger{At: "09:00", Repeat: Weekly, Days: -1},
			"2026-01-07", "UTC", "2026-03-01", "2026-03-09", []string{"Tue 2026-03-03 09:00:00 +0000"}},
		{"once, in its year only", DateTrigger{At: "09:00", Repeat: Once, Days: 1},
			"2026-05-10", "UTC", "2025-01-01", "2029-01-01", []string{"Mon 2026-05-11 09:00:00 +0000"}},
		{"once, and long ago", DateTrigger{At: "09:00", Repeat: Once}, "1990-05-10", "UTC", "2026-01-01", "2027-01-01", nil},

		{"the zone decides on which UTC day", DateTrigger{At: "00:30", Repeat: Yearly},
			"1990-05-10", "Pacific/Auckland", "2026-05-09", "2026-05-10", []string{"Sun 2026-05-10 00:30:00 +1200"}},
		{"the window's start is in it", DateTrigger{At: "00:00", Repeat: Yearly},
			"1990-05-10", "UTC", "2026-05-10", "2026-05-11", []string{"Sun 2026-05-10 00:00:00 +0000"}},
		{"the window's end is not in it", DateTrigger{At: "00:00", Repeat: Yearly},
			"1990-05-10", "UTC", "2026-05-09", "2026-05-10", nil},
		{"a clock time in the spring gap moves to its end", DateTrigger{At: "02:30", Repeat: Yearly},
			"1990-03-29", "Europe/Berlin", "2026-01-01", "2027-01-01", []string{"Sun 2026-03-29 03:00:00 +0200"}},
		{"a doubled clock time fires once, the first time", DateTrigger{At: "02:30", Repeat: Yearly},
			"1990-10-25", "Europe/Berlin", "2026-01-01", "2027-01-01", []string{"Sun 2026-10-25 02:30:00 +0200"}},
		{"midnight that the spring gap leaves out", DateTrigger{At: "00:00", Repeat: Yearly},
			"1990-03-29", "Asia/Beirut", "2026-03-01", "2026-05-01", []string{"Sun 2026-03-29 01:00:00 +0300"}},
		{"half an hour of gap", DateTrigger{At: "02:15", Repeat: Yearly},
			"1990-10-04", "Australia/Lord_Howe", "2026-01-01", "2027-01-01", []string{"Sun 2026-10-04 02:30:00 +1100"}},
		{"first in the day at the date line", DateTrigger{At: "09:00", Repeat: Yearly},
			"1990-05-10", "Pacific/Kiritimati", "2026-05-09", "2026-05-10", []string{"Sun 2026-05-10 09:00:00 +1400"}},
		{"last in the day at the date line", DateTrigger{At: "15:00", Repeat: Yearly},
			"1990-05-10", "Pacific/Pago_Pago", "2026-05-11", "2026-05-12", []string{"Sun 2026-05-10 15:00:00 -1100"}},
		{"a day that the zone left out counts as the next", DateTrigger{At: "09:00", Repeat: Yearly},
			"1990-12-30", "Pacific/Apia", "2011-12-01", "2012-01-31", []string{"Sat 2011-12-31 00:00:00 +1400"}},

		{"on a weekend, with weekdays only", DateTrigger{At: "09:00", Repeat: Yearly, Weekdays: []string{"monday", "tuesday", "wednesday", "thursday", "friday"}},
			"1990-05-09", "Europe/Berlin", "2026-01-01", "2027-01-01", []string{"Mon 2026-05-11 09:00:00 +0200"}},
		{"on an allowed weekday it stays", DateTrigger{At: "09:00", Repeat: Yearly, Weekdays: []string{"saturday"}},
			"1990-05-09", "UTC", "2026-01-01", "2027-01-01", []string{"Sat 2026-05-09 09:00:00 +0000"}},
		{"moved on over the end of the window's year", DateTrigger{At: "09:00", Repeat: Yearly, Weekdays: []string{"monday"}},
			"1990-12-30", "UTC", "2027-01-01", "2027-02-01", []string{"Mon 2027-01-04 09:00:00 +0000"}},
		{"the offset comes before the weekday", DateTrigger{At: "09:00", Repeat: Yearly, Days: -7, Weekdays: []string{"friday"}},
			"1990-05-10", "UTC", "2026-01-01", "2027-01-01", []string{"Fri 2026-05-08 09:00:00 +0000"}},
		{"weekly, moved on", DateTrigger{At: "09:00", Repeat: Weekly, Weekdays: []string{"monday"}},
			"2026-01-08", "UTC", "2026-03-01", "2026-03-10", []string{"Mon 2026-03-02 09:00:00 +0000", "Mon 2026-03-09 09:00:00 +0000"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			year, month, day, ok := ParseDate(test.date)
			from, err1 := time.Parse(time.DateOnly, test.from)
			till, err2 := time.Parse(time.DateOnly, test.till)
			if !ok || err1 != nil || err2 != nil {
				t.Fatal("the test's dates are wrong")
			}
			z := zone(t, test.zone)
			var got []string
			for _, firing := range test.trigger.Firings(Day{year, month, day}, z, from, till) {
				got = append(got, firing.Moment.In(z).Format(localLayout))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever the windows are that a planner cuts time into, every moment is in exactly one of them.
func TestDateMomentsDoNotDependOnTheWindows(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	rapid.Check(t, func(t *rapid.T) {
		d := DateTrigger{
			At:     rapid.SampledFrom([]string{"00:00", "02:30", "09:00", "23:59"}).Draw(t, "at"),
			Repeat: rapid.SampledFrom([]string{Once, Weekly, Monthly, Yearly}).Draw(t, "repeat"),
			Days:   rapid.IntRange(-400, 400).Draw(t, "days"),
		}
		if rapid.Bool().Draw(t, "in months") {
			d.Days, d.Months = 0, rapid.IntRange(-13, 13).Draw(t, "months")
		}
		if rapid.Bool().Draw(t, "on weekdays") {
			d.Weekdays = rapid.SampledFrom([][]string{{"monday"}, {"tuesday", "saturday"}}).Draw(t, "weekdays")
		}
		date := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(t, "date"), 0).UTC()
		stored := dayOf(date)
		start := date.AddDate(-3, 0, rapid.IntRange(0, 30).Draw(t, "start"))

		all := d.Firings(stored, z, start, start.AddDate(6, 0, 0))
		for i := 1; i < len(all); i++ {
			if !all[i-1].Moment.Before(all[i].Moment) {
				t.Fatalf("%v does not come before %v", all[i-1], all[i])
			}
		}
		least := map[string]int{Once: 1, Weekly: 312, Monthly: 71, Yearly: 5}[d.Repeat]
		if d.Repeat == Weekly && d.Months != 0 && len(d.Weekdays) > 0 {
			least = 250 // weeks whose moments fall on one are one
		}
		if len(all) < least || len(all) > max(least+2, 314) || d.Repeat != Weekly && len(all) > least+2 {
			t.Fatalf("%d moments in six years", len(all))
		}
		for _, f := range all {
			if !d.Recurs(stored, f.On) || d.Recurs(Day{stored.Year, stored.Month, stored.Day}.next(), f.On) && !f.On.last() { // on a month's last day, the days that it lacks recur as well
				t.Fatalf("%v recurs on %v, and the day after it must not", stored, f.On)
			}
			slot := slotOf(&d, stored)
			narrow := [2]time.Time{f.Moment, f.Moment.Add(time.Minute)}
			if slots := d.Slots(z, narrow[0], narrow[1]); !slices.Contains(slots, slot) {
				t.Fatalf("%v fires at %v and is in none of %v", stored, f.Moment, slots)
			}
			if slots := d.SlotsAnywhere(narrow[0], narrow[1]); !slices.Contains(slots, slot) {
				t.Fatalf("%v fires at %v and is in none of %v, of all zones", stored, f.Moment, slots)
			}
		}
		var pieces []Firing
		for from := start; from.Before(start.AddDate(6, 0, 0)); {
			till := from.AddDate(0, 0, rapid.IntRange(20, 900).Draw(t, "window"))
			if till.After(start.AddDate(6, 0, 0)) {
				till = start.AddDate(6, 0, 0)
			}
			pieces = append(pieces, d.Firings(stored, z, from, till)...)
			from = till
		}
		if diff := cmp.Diff(all, pieces, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// slotOf is how store keeps a date for its indexes.
func slotOf(d *DateTrigger, stored Day) int {
	switch d.Repeat {
	case Weekly:
		return int(stored.weekday())
	case Monthly:
		return stored.Day
	default:
		return int(stored.Month)*100 + stored.Day
	}
}

func TestSlotsAreThoseOfOneDayOnly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		trigger DateTrigger
		zone    string
		from    string
		want    []int
	}{
		{"a minute in which nine o'clock comes", DateTrigger{At: "09:00", Repeat: Yearly}, "Asia/Tokyo", "2026-05-10 00:00", []int{510}},
		{"any other minute", DateTrigger{At: "09:00", Repeat: Yearly}, "Asia/Tokyo", "2026-05-10 00:01", nil},
		{"28 February of a common year", DateTrigger{At: "09:00", Repeat: Yearly}, "UTC", "2026-02-28 09:00", []int{228, 229}},
		{"28 February of a leap year", DateTrigger{At: "09:00", Repeat: Yearly}, "UTC", "2028-02-28 09:00", []int{228}},
		{"the end of a month of 30 days", DateTrigger{At: "09:00", Repeat: Monthly}, "UTC", "2026-04-30 09:00", []int{30, 31}},
		{"a week before", DateTrigger{At: "09:00", Repeat: Yearly, Days: -7}, "UTC", "2026-12-27 09:00", []int{103}},
		{"a month before the end of February", DateTrigger{At: "09:00", Repeat: Yearly, Months: -1}, "UTC", "2026-02-28 09:00", []int{328, 329, 330, 331}},
		{"a month before, where no date leads", DateTrigger{At: "09:00", Repeat: Yearly, Months: 1}, "UTC", "2026-03-30 09:00", nil},
		{"weekly", DateTrigger{At: "09:00", Repeat: Weekly}, "UTC", "2026-05-13 09:00", []int{3}},
		{"what a weekend moved on", DateTrigger{At: "09:00", Repeat: Yearly, Weekdays: []string{"monday", "friday"}}, "UTC", "2026-05-11 09:00", []int{509, 510, 511}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			from, err := time.Parse("2006-01-02 15:04", test.from)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, test.trigger.Slots(zone(t, test.zone), from, from.Add(time.Minute))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheKeyOfAnEntrySaysItsDay(t *testing.T) {
	t.Parallel()
	on := Day{2026, time.May, 9}
	for key, want := range map[string]bool{DateKey(on): true, DateKey(on) + "/2": true, "event/2026-05-09": false, "date/May": false, "date/": false} {
		if got, ok := DateOfKey(key); ok != want || ok && got != on {
			t.Errorf("%s is for %v, %v", key, got, ok)
		}
	}
}

func TestMomentsOfAnImpossibleDateAreNone(t *testing.T) {
	t.Parallel()
	d := DateTrigger{At: "09:00", Repeat: Yearly}
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, date := range [][3]int{{2026, 2, 30}, {2026, 13, 1}, {2026, 0, 1}, {2026, 1, 0}} {
		if got := d.Firings(Day{date[0], time.Month(date[1]), date[2]}, time.UTC, from, from.AddDate(1, 0, 0)); got != nil {
			t.Errorf("%v fires at %v", date, got)
		}
	}
}

func TestDatesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2026-05-10":                       "2026-05-10",
		"2026-05-10 23:30:00":              "2026-05-10",
		"2026-05-10T23:30:00":              "2026-05-10",
		"2026-05-10T23:30":                 "2026-05-10",
		"2026-05-10T23:30:00.000001":       "2026-05-10",
		"2026-05-10T23:30:00Z":             "2026-05-10",
		"2026-05-10T23:30:00-05:00":        "2026-05-10",
		"2026-05-10 01:00:00.000001+03:00": "2026-05-10",
		"05/10/2026":                       "2026-05-10",
		"05/10/26":                         "2026-05-10",
		"05/10/90":                         "1990-05-10",
		"05/10/2026 23:30":                 "2026-05-10",
		"05/10/26 23:30:59":                "2026-05-10",
		" 2026-05-10 ":                     "2026-05-10",
		"2000-02-29":                       "2000-02-29",
		"1778457600":                       "2026-05-11", // 00:00 UTC
		"1778457599":                       "2026-05-10",
		"100000000":                        "1973-03-03",

		"10-05-2026":                    "", // day first is never a date
		"31/12/2026":                    "",
		"2026-02-29":                    "",
		"2026-5-1":                      "",
		"0000-01-01":                    "",
		"2026-05-10T25:00:00":           "",
		"2026-05-10 12:00:00,5":         "",
		"2026-05-10x":                   "",
		"20260510":                      "",
		"177845759900":                  "",
		"-1778457599":                   "",
		"May 10, 2026":                  "",
		"":                              "",
		"2026-05-10T23:30:00 and more…": "",
		strings.Repeat("9", 100):        "",
	} {
		year, month, day, ok := ParseDate(in)
		got := ""
		if ok {
			got = time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-05-10", "05/10/26 23:30", "2026-05-10T23:30:00.1-05:00", "1778457600", "29/02/2024"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		year, month, day, ok := ParseDate(s)
		if !ok {
			return
		}
		if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
			t.Fatalf("%q is %d-%d-%d", s, year, month, day)
		}
		d := DateTrigger{At: "09:00", Repeat: Once}
		from := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		if got := d.Firings(Day{year, month, day}, time.UTC, from, from.AddDate(0, 0, 1)); len(got) != 1 {
			t.Fatalf("%q fires %d times on its day", s, len(got))
		}
	})
}
