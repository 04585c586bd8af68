package graph

import (
	"fmt"
	"strings"
	"time"

	"github.com/legato-flow/legato/flow/plan"
)

// entries says what makes people enter.
func entries(p *plan.Plan) string {
	all := make([]string, len(p.Triggers))
	for i := range p.Triggers {
		t := &p.Triggers[i]
		switch {
		case t.Metric != nil:
			all[i] = "event " + t.Metric.Metric
			if t.Metric.Filter != "" {
				all[i] += " where " + t.Metric.Filter
			}
		case t.Date != nil:
			all[i] = strings.TrimSpace(offset(t.Date.Days, t.Date.Months)+" date "+t.Date.Property) + " at " + t.Date.At
		case t.Key() != "":
			all[i] = t.Kind() + " " + t.Key()
		default:
			all[i] = strings.ReplaceAll(t.Kind(), "_", " ")
		}
	}
	return strings.Join(all, " or ")
}

// offset says how far before or after a date something is.
func offset(days, months int) string {
	switch {
	case days < 0:
		return fmt.Sprintf("%dd before", -days)
	case days > 0:
		return fmt.Sprintf("%dd after", days)
	case months < 0:
		return fmt.Sprintf("%dmo before", -months)
	case months > 0:
		return fmt.Sprintf("%dmo after", months)
	}
	return ""
}

// describe says what a step does, in a line.
func describe(s *plan.Step) string {
	switch {
	case s.Wait != nil:
		return waits(s.Wait)
	case s.WaitFor != nil:
		return "wait for " + watches(s.WaitFor.For) + ", at most " + long(0, s.WaitFor.Timeout)
	case s.If != nil && len(s.If.Branches) == 1:
		return "if " + s.If.Branches[0].When
	case s.Experiment != nil:
		return fmt.Sprintf("%s experiment, %d variants, winner by %s", s.Channel(), len(s.Experiment.Variants), s.Experiment.Winner)
	case s.Email != nil:
		return "email " + firstOf(s.Email.Template, s.Email.Subject)
	case s.SMS != nil:
		return "sms " + s.SMS.Body
	case s.Push != nil:
		return "push " + firstOf(s.Push.Title, s.Push.Body)
	case s.Webhook != nil:
		return "webhook " + s.Webhook.URL
	case s.Alert != nil:
		return "alert " + strings.Join(s.Alert.To, ", ")
	case s.UpdateProfile != nil:
		return "update profile: " + strings.Join(changed(s.UpdateProfile), ", ")
	case s.List != nil && s.List.Remove:
		return "remove from list " + s.List.List
	case s.List != nil:
		return "add to list " + s.List.List
	case s.Track != nil:
		return "track " + s.Track.Metric
	case s.Exit != nil && s.Exit.Reason != "":
		return "exit: " + s.Exit.Reason
	}
	return strings.ReplaceAll(s.Kind, "_", " ")
}

func waits(w *plan.Wait) string {
	var parts []string
	if w.Days != 0 || w.Duration != 0 {
		parts = append(parts, long(w.Days, w.Duration))
	}
	if w.Date != nil {
		parts = append(parts, strings.TrimSpace("until "+offset(w.Date.Days, w.Date.Months)+" the date"))
	}
	if w.At != "" {
		word := "until "
		if w.Date != nil {
			word = "at "
		}
		parts = append(parts, word+w.At)
	}
	if len(w.Weekdays) > 0 {
		parts = append(parts, "on "+strings.Join(w.Weekdays, ", "))
	}
	if w.Timezone != "" && w.Timezone != plan.PersonZone {
		parts = append(parts, w.Timezone)
	}
	return "wait " + strings.Join(parts, " ")
}

func watches(all []plan.Watch) string {
	said := make([]string, len(all))
	for i, w := range all {
		said[i] = firstOf(w.Metric, w.Condition)
		if w.Filter != "" {
			said[i] += " where " + w.Filter
		}
	}
	return strings.Join(said, " or ")
}

func changed(u *plan.UpdateProfile) []string {
	var names []string
	for _, part := range [][]plan.Assignment{u.Set, u.Increment, u.Append, u.Remove} {
		for _, a := range part {
			names = append(names, a.Property)
		}
	}
	return append(names, u.Unset...)
}

// long writes a duration as flows do: 2d, 1h30m.
func long(days int, d time.Duration) string {
	const day = 24 * time.Hour
	if days == 0 && d%day == 0 {
		days, d = int(d/day), 0
	}
	s := ""
	if days > 0 {
		s = fmt.Sprintf("%dd", days)
	}
	if d == 0 {
		return s
	}
	short := d.String() // 36h0m0s
	for _, rest := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(short, rest) {
			short = short[:len(short)-len(rest)+1]
		}
	}
	return s + short
}
