package flow

import (
	"slices"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

var waitFields = []Field{
	{Name: "for", Type: "duration", Example: "1d", Summary: "How long."},
	{Name: "until", Type: "time", Values: []string{untilDate}, Example: `"15:00"`,
		Summary: "Then until this time of day. Or date: until the date for which the person entered, in a flow with a date trigger."},
	{Name: "before", Type: "calendar", Example: "3d", Summary: "With until: date, how long before it."},
	{Name: "after", Type: "calendar", Example: "2d", Summary: "With until: date, how long after it."},
	{Name: "at", Type: "time", Default: "that of the date trigger", Example: `"09:00"`, Summary: "With until: date, the time of day."},
	{Name: "on", Type: "weekday", List: OrMore, Max: len(weekdays), Example: "[monday, friday]", Values: weekdays, Summary: "Then until one of these days, at the same time of day."},
	{Name: "timezone", Type: "zone", Default: plan.PersonZone, Example: "Europe/Berlin", Summary: "Whose clock and days until and on mean; with until: date, by default that of the date trigger."},
}

const untilDate = "date"

var waitStep = stepKind{
	Spec: Spec{
		Kind: plan.KindWait,
		Summary: "Waits. A day is 24 hours, except that with until days are calendar days: 1d until 15:00 is " +
			"tomorrow 15:00 at any time of today.",
		Value:   "a duration: 30m, 1h, 2d, 1w, 1h30m",
		Type:    "duration",
		Fields:  waitFields,
		Example: "wait: 1h",
		words:   []string{"delay", "sleep", "pause"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.Wait = &plan.Wait{}
		if value.shape == mapping {
			r.wait(s.Wait, value)
			return
		}
		r.hold(s.Wait, value, "wait")
	},
}

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func (r *steps) wait(w *plan.Wait, n *node) {
	found := r.fields(n, check{what: "wait", fields: waitFields})
	length, until, on, zone := found["for"], found["until"], found["on"], found["timezone"]
	if on != nil {
		w.Weekdays = r.weekdays(on)
	}
	if until != nil && until.text == untilDate {
		r.waitUntilDate(w, until, found)
		return
	}
	misplaced := false
	for _, key := range []string{"before", "after", "at"} {
		if n := found[key]; n != nil {
			misplaced = true
			r.fail(n, "the time of day to wait for is written until", "%s goes with until: date only", key)
		}
	}
	if length == nil && until == nil && on == nil && !misplaced && len(found) == len(n.entries) {
		r.fail(n, "for example for: 1d", "wait needs for, until or on")
	}
	if length != nil {
		r.hold(w, length, "for")
	}
	if until != nil {
		w.At = r.clock(until, "until")
	}
	switch {
	case until == nil && on == nil && zone != nil:
		r.fail(zone, "", "timezone means nothing without until or on")
	case zone != nil:
		w.Timezone = r.zone(zone)
	case until != nil || on != nil:
		w.Timezone = plan.PersonZone
	}
	if w.At != "" && w.Days > 0 && w.Duration > 0 {
		r.fail(length, "", "with until, for is in whole days or shorter than a day, not %s", length.text)
	}
}

// waitUntilDate reads a wait for the date for which the person entered.
func (r *steps) waitUntilDate(w *plan.Wait, until *node, found map[string]*node) {
	if length := found["for"]; length != nil {
		r.fail(length, "write after: or make two waits", "for means nothing with until: date")
	}
	if r.date == nil {
		r.fail(until, "", "there is no date to wait for: only a date trigger brings one")
		return
	}
	w.Date, w.At, w.Timezone = &plan.Offset{}, r.date.At, r.date.Timezone
	w.Date.Days, w.Date.Months = r.offsets(found["before"], found["after"], "a wait")
	if at := found["at"]; at != nil {
		w.At = r.clock(at, "at")
	}
	if zone := found["timezone"]; zone != nil {
		w.Timezone = r.zone(zone)
	}
}

// hold reads a duration.
func (r *steps) hold(w *plan.Wait, n *node, what string) {
	if n.shape == text && monthPattern.MatchString(n.text) {
		r.fail(n, "write days: 30d", "a wait has no months")
		return
	}
	s, _ := r.duration(n, what)
	w.Days, w.Duration = s.days, s.rest
}

// weekdays reads names of days and puts them in the week's order.
func (r *reader) weekdays(n *node) []string {
	days := r.strings(n, "on", len(weekdays), func(item *node) string {
		day := *item
		day.text = strings.ToLower(item.text)
		return r.choice(&day, "a weekday", weekdays...)
	})
	if len(days) == 0 && n.shape == list && len(n.items) == 0 {
		r.fail(n, "", "on has no weekdays")
	}
	return inOrder(days, weekdays)
}

// inOrder sorts words as they are listed, so that the order in which they are written makes no difference.
func inOrder(words, all []string) []string {
	slices.SortFunc(words, func(a, b string) int { return slices.Index(all, a) - slices.Index(all, b) })
	return words
}
