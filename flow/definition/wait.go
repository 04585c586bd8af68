package definition

import (
	"time"

	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
)

const day = 24 * time.Hour

// timeDelay reads an ordinary wait. What is left over of a unit is in secondary_value: minutes of hours, hours of
// days.
func (r *reader) timeDelay(data *member.Object, s *plan.Step) {
	w := &plan.Wait{}
	s.Kind, s.Wait = plan.KindWait, w
	unit := "days"
	if data.Has("unit") {
		unit = data.Choice("unit", "days", "hours", "minutes")
	}
	value, rest := data.Whole("value", 0), 0
	if raw := data.Take("secondary_value", false); raw != nil {
		data.Put("secondary_value", raw)
		rest = data.Whole("secondary_value", 0)
	}
	zone := r.zone(data)
	w.At, w.Weekdays = r.clock(data, "delay_until_time", false), r.days(data, "delay_until_weekdays")
	switch unit {
	case "days":
		w.Days, w.Duration = value, time.Duration(min(rest, 100_000))*time.Hour
	case "hours":
		w.Duration = time.Duration(min(value, 100_000))*time.Hour + time.Duration(min(rest, 100_000))*time.Minute
	default:
		w.Duration = time.Duration(value) * time.Minute
		if rest != 0 {
			data.Fail("secondary_value", "secondary_value must be 0 or null with minutes.")
		}
	}
	if unit != "days" {
		if w.At != "" {
			data.Fail("delay_until_time", "delay_until_time goes with the unit days only.")
		}
		if w.Weekdays != nil {
			data.Fail("delay_until_weekdays", "delay_until_weekdays goes with the unit days only.")
		}
	}
	if w.At != "" && w.Duration != 0 {
		data.Fail("secondary_value", "secondary_value must be 0 or null with delay_until_time: days are calendar days then.")
	}
	if w.At != "" || w.Weekdays != nil {
		w.Timezone = zone
	} else if w.Days == 0 && w.Duration == 0 && !data.Failed {
		data.Fail("value", "A delay of 0 waits for nothing.")
	}
	if w.Days > maxDays || w.Duration > maxDays*day {
		data.Fail("value", "A delay takes at most %d days.", maxDays)
	}
}

// dated reads whether the flow has a date to wait for.
func (r *reader) dated(data *member.Object, s *plan.Step) *plan.Wait {
	s.Kind, s.Wait = plan.KindWait, &plan.Wait{Date: &plan.Offset{}, Timezone: r.zone(data)}
	if r.date == nil && !data.Failed {
		r.Fail(data.Pointer, "There is no date to wait for: only a date trigger brings one.")
	}
	return s.Wait
}

// countdown reads a wait until some time before the date.
func (r *reader) countdown(data *member.Object, s *plan.Step) {
	w := r.dated(data, s)
	w.Date.Days, w.Date.Months = r.before(data, "value", "unit", false)
	if w.Date.Days > 0 || w.Date.Months > 0 {
		data.Fail("value", "value must not be negative.")
	}
	w.At, w.Weekdays = r.clock(data, "delay_until_time", false), r.days(data, "delay_until_weekdays")
	if w.At == "" && r.date != nil {
		w.At = r.date.At
	}
}

// targetDate reads a wait until the date.
func (r *reader) targetDate(data *member.Object, s *plan.Step) {
	w := r.dated(data, s)
	w.At, w.Weekdays = r.clock(data, "target_time", false), r.days(data, "target_days")
	if w.At == "" && r.date != nil {
		w.At = r.date.At
	}
}

// wait shows a wait, or nothing where the API has no words for it.
func wait(w *plan.Wait) (kind string, data map[string]any) {
	switch d := w.Date; {
	case d != nil && (d.Days > 0 || d.Months > 0 || w.Days != 0 || w.Duration != 0):
		return "", nil
	case d != nil && d.Days == 0 && d.Months == 0:
		return "target-date", map[string]any{"timezone": zone(w.Timezone), "target_time": clock(w.At), "target_days": list(w.Weekdays)}
	case d != nil:
		value, unit := offset(d.Days, d.Months)
		return "countdown-delay", map[string]any{"unit": unit, "value": value, "timezone": zone(w.Timezone),
			"delay_until_time": clock(w.At), "delay_until_weekdays": list(w.Weekdays)}
	}
	data = map[string]any{"timezone": zone(w.Timezone), "delay_until_time": clock(w.At), "delay_until_weekdays": list(w.Weekdays), "secondary_value": 0}
	until := w.At != "" || len(w.Weekdays) > 0
	total := w.Duration
	switch {
	case w.Duration%time.Hour == 0 && (w.Days > 0 || until) && (w.Duration == 0 || w.At == ""):
		data["unit"], data["value"], data["secondary_value"] = "days", w.Days, int(w.Duration/time.Hour)
	case until || w.Duration%time.Minute != 0:
		return "", nil
	default:
		total += time.Duration(w.Days) * day
		if total < time.Hour {
			data["unit"], data["value"] = "minutes", int(total/time.Minute)
			break
		}
		data["unit"], data["value"], data["secondary_value"] = "hours", int(total/time.Hour), int(total%time.Hour/time.Minute)
	}
	return "time-delay", data
}
