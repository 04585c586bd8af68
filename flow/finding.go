package flow

import (
	"fmt"
	"slices"

	"github.com/legato-flow/legato/flow/plan"
)

// Finding is something that is wrong in a plan, whoever made it.
type Finding struct {
	Step     string // the step's id, "" for the flow's own settings
	Field    string // the field within the step or flow, as in the plan's JSON: "webhook.url", "triggers[0].metric.filter"
	Severity Severity
	Message  string
	Hint     string // what to do instead, if that is known
}

// String is the place, as far as there is one, and the message.
func (f Finding) String() string {
	s := f.Message
	if f.Field != "" {
		s = f.Field + ": " + s
	}
	if f.Step != "" {
		s = "step " + f.Step + ": " + s
	}
	if f.Severity == IsWarning {
		s = "warning: " + s
	}
	return s
}

// findings collects what is wrong in a plan.
type findings struct {
	plan *plan.Plan
	all  []Finding
	seen bool // there are too many
}

func (f *findings) add(severity Severity, step, field, hint, format string, args ...any) {
	if len(f.all) >= maxProblems {
		if !f.seen {
			f.seen = true
			f.all = append(f.all, Finding{Message: "there are more problems; fix these first"})
		}
		return
	}
	f.all = append(f.all, Finding{Step: step, Field: field, Severity: severity, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (f *findings) fail(step, field, format string, args ...any) {
	f.add(IsError, step, field, "", format, args...)
}

// notLive finds the triggers and steps with which the flow cannot go live yet.
func (f *findings) notLive(status string) {
	severity, suffix := IsError, ""
	if status != plan.Live && status != plan.Manual {
		severity, suffix = IsWarning, "; the flow can stay a draft"
	}
	for i := range f.plan.Triggers {
		kind := f.plan.Triggers[i].Kind()
		for _, spec := range Triggers() {
			if spec.Kind == kind && !spec.Live() {
				f.add(severity, "", fmt.Sprintf("triggers[%d]", i), "", "a flow with the trigger %s cannot go live yet: %s%s", kind, spec.Later, suffix)
			}
		}
	}
	later := map[string]string{}
	for _, spec := range Steps() {
		later[spec.Kind] = spec.Later
	}
	if severity == IsWarning {
		suffix = "; the flow or the step can stay a draft"
	}
	for i := range f.plan.Steps {
		if s := &f.plan.Steps[i]; later[s.Kind] != "" && s.Status != plan.Draft {
			f.add(severity, s.ID, "", "", "a step %s cannot go live yet: %s%s", s.Kind, later[s.Kind], suffix)
		}
	}
}

// Metrics of the events that a message to a person brings about.
var messageMetrics = map[string][]string{
	plan.ChannelEmail: {"Received Email", "Opened Email", "Clicked Email"},
	plan.ChannelSMS:   {"Received SMS", "Sent SMS", "Clicked SMS"},
	plan.ChannelPush:  {"Received Push", "Sent Push", "Opened Push"},
}

// causes are the keys of triggers that a step may set off: what it tracks, the list to which it adds, what its
// message brings about.
func causes(s *plan.Step) []cause {
	switch {
	case s.Status == plan.Draft:
	case s.Track != nil:
		return []cause{{plan.TriggerMetric, s.Track.Metric}}
	case s.List != nil && !s.List.Remove:
		return []cause{{plan.TriggerList, s.List.List}}
	case s.Channel() != "":
		var all []cause
		for _, metric := range messageMetrics[s.Channel()] {
			all = append(all, cause{plan.TriggerMetric, metric})
		}
		return all
	}
	return nil
}

// cause is the kind of a trigger and what it waits for.
type cause struct{ kind, key string }

// guarded says whether somebody who went through the flow just now cannot enter again at once.
func guarded(p *plan.Plan) bool { return p.Reentry.Mode != plan.Always }

// startsItself finds steps that set off a trigger of their own flow.
func (f *findings) startsItself() {
	severity, hint := IsError, "set reentry to never or to a duration, or let the flow wait for something else"
	if guarded(f.plan) {
		severity, hint = IsWarning, "reentry keeps people from entering again at once"
	}
	for i := range f.plan.Steps {
		s := &f.plan.Steps[i]
		for _, c := range causes(s) {
			if f.plan.TriggerOf(c.kind, c.key) == nil || c.key == "" {
				continue
			}
			f.add(severity, s.ID, "", hint, "the flow can start itself: it begins with the %s %s, and this step brings it about", c.kind, quoted(c.key))
			break
		}
	}
}

// checkTriggers reports what only the plan as a whole shows: triggers and steps that cannot go live, and a flow
// that can start itself. at are the places of the triggers.
func (r *steps) checkTriggers(p *plan.Plan, status string, at []*node) {
	f := &findings{plan: p}
	f.notLive(status)
	f.startsItself()
	for _, finding := range f.all {
		var place *node
		if finding.Step == "" {
			var i int
			if _, err := fmt.Sscanf(finding.Field, "triggers[%d]", &i); err != nil || i >= len(at) {
				continue
			}
			place = at[i]
		} else {
			place = r.all[slices.IndexFunc(r.all, func(s *step) bool { return s.ID == finding.Step })].at
		}
		r.report(finding.Severity, place.line, place.column, finding.Hint, finding.Message)
	}
}
