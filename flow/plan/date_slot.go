package plan

import (
	"slices"
	"time"
)

// Slots are what of a stored date may make the trigger fire in [from, till) where clocks show the zone: an index on
// it finds the people. A slot is 100 times the month and the day for a trigger that repeats yearly or fires once,
// the day of the month for monthly, and the weekday (Sunday is 0) for weekly. Firings says which of the dates in
// these slots do fire.
func (d *DateTrigger) Slots(zone *time.Location, from, till time.Time) []int {
	at := moment{at: d.At, weekdays: d.Weekdays, zone: zone}
	day, last := d.days(from, till, zone, zone)
	var slots []int
	for ; !day.midnight().After(last); day = day.next() {
		if m := at.on(day); !m.Before(from) && m.Before(till) {
			slots = d.appendSlots(slots, day)
		}
	}
	return unique(slots)
}

// SlotsAnywhere are the slots of all zones together.
func (d *DateTrigger) SlotsAnywhere(from, till time.Time) []int {
	day, last := d.days(from, till, west, east)
	var slots []int
	for ; !day.midnight().After(last); day = day.next() {
		slots = d.appendSlots(slots, day)
	}
	return unique(slots)
}

// No clock has been further from UTC than these.
var (
	west = time.FixedZone("", -16*60*60)
	east = time.FixedZone("", 16*60*60)
)

// days is a range of days that has all from which a moment in [from, till) may have come.
func (d *DateTrigger) days(from, till time.Time, first, last *time.Location) (Day, time.Time) {
	back := -1 // a day that a zone left out counts as the next
	if len(d.Weekdays) > 0 {
		back = -8
	}
	return dayOf(from.In(first)).add(0, back), dayOf(till.In(last)).midnight()
}

// appendSlots adds the slots of the dates that lead to the day, weekdays not counted.
func (d *DateTrigger) appendSlots(slots []int, day Day) []int {
	for _, on := range before(day.add(0, -d.Days), d.Months) {
		switch d.Repeat {
		case Weekly:
			slots = append(slots, int(on.weekday()))
		case Monthly:
			slots = append(slots, on.Day)
			for lacking := on.Day + 1; on.last() && lacking <= 31; lacking++ {
				slots = append(slots, lacking)
			}
		default:
			slots = append(slots, int(on.Month)*100+on.Day)
			if d.Repeat == Yearly && on.Month == time.February && on.Day == 28 && on.last() {
				slots = append(slots, 229)
			}
		}
	}
	return slots
}

// before gives the days that are the day once they are moved by months.
func before(day Day, months int) []Day {
	start := Day{day.Year, day.Month, 1}.add(-months, 0)
	last := daysIn(start.Year, start.Month)
	to := min(day.Day, last)
	if day.last() {
		to = last
	}
	var days []Day
	for ; start.Day <= to; start.Day++ {
		if start.Day >= day.Day {
			days = append(days, start)
		}
	}
	return days
}

func unique(slots []int) []int {
	slices.Sort(slots)
	return slices.Compact(slots)
}
