// Package export writes a plan as the YAML from which flow.Parse makes the same plan: for flows that were made
// through the API or changed elsewhere, and for people who want to see in one text what a version does.
package export

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/legato-flow/legato/flow/plan"
)

// YAML writes the plan with a status (draft, manual or live; "" leaves it out). Every step has its id written. The
// steps come in the order of plan.Order. It fails for a plan that the language cannot express, naming the step.
func YAML(p *plan.Plan, status string) ([]byte, error) {
	e := &exporter{plan: p, manual: status == plan.Manual, claimed: map[edge]bool{}, placed: map[string]bool{}}
	f := object{{"flow", p.Flow}}
	if p.Name != p.Flow {
		f.add("name", p.Name)
	}
	f.add("status", optional(status))

	triggers := make([]any, len(p.Triggers))
	for i := range p.Triggers {
		t, err := trigger(&p.Triggers[i])
		if err != nil {
			return nil, fmt.Errorf("trigger %d of flow %s: %w", i+1, p.Flow, err)
		}
		triggers[i] = t
	}
	if len(triggers) == 1 {
		f.add("trigger", triggers[0])
	} else {
		f.add("triggers", triggers)
	}
	f.add("filter", optional(p.Filter))
	switch len(p.ExitOn) {
	case 0:
	case 1:
		f.add("exit_on", watch(p.ExitOn[0]))
	default:
		f.add("exit_on", watches(p.ExitOn))
	}
	reentry := p.Reentry.Mode
	if reentry == plan.After {
		var err error
		if reentry, err = length(p.Reentry.After); err != nil {
			return nil, fmt.Errorf("reentry of flow %s: %w", p.Flow, err)
		}
	}
	f.add("reentry", reentry)
	f.add("cap", byChannel(p.Cap))
	f.add("quiet_hours", byChannel(p.QuietHours))

	steps, err := e.steps()
	if err != nil {
		return nil, fmt.Errorf("flow %s: %w", p.Flow, err)
	}
	f.add("steps", steps)
	return f.document(), nil
}

// byChannel writes a rule as a word where all channels have the same.
func byChannel(rules map[string]string) any {
	if len(rules) == 0 {
		return nil
	}
	word := rules[plan.ChannelEmail]
	if word != "" && rules[plan.ChannelSMS] == word && rules[plan.ChannelPush] == word {
		return word
	}
	var o object
	for _, channel := range slices.Sorted(maps.Keys(rules)) {
		o.add(channel, rules[channel])
	}
	return o
}

// watch writes something that may happen.
func watch(w plan.Watch) object {
	var o object
	o.add("metric", optional(w.Metric))
	o.add("filter", optional(w.Filter))
	o.add("condition", optional(w.Condition))
	return o
}

func watches(all []plan.Watch) []any {
	list := make([]any, len(all))
	for i, w := range all {
		list[i] = watch(w)
	}
	return list
}

// optional leaves empty text out.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// flag leaves false out.
func flag(b bool) any {
	if !b {
		return nil
	}
	return true
}

const day = 24 * time.Hour

// length writes a duration in which a day is 24 hours.
func length(d time.Duration) (string, error) {
	return span(int(d/day), d%day)
}

// span writes days and what is shorter, which the language keeps apart.
func span(days int, rest time.Duration) (string, error) {
	if days < 0 || rest < 0 || days == 0 && rest == 0 || rest%time.Second != 0 {
		return "", fmt.Errorf("a duration must be whole seconds and more than none, not %s", time.Duration(days)*day+rest)
	}
	s := ""
	if days > 0 {
		s = fmt.Sprintf("%dd", days)
	}
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := rest / unit.length; n > 0 {
			s += fmt.Sprintf("%d%s", n, unit.name)
			rest %= unit.length
		}
	}
	return s, nil
}

// offset adds before or after to what is said of a date.
func (o *object) offset(days, months int) error {
	switch {
	case days != 0 && months != 0:
		return fmt.Errorf("an offset of a date is in days or in months, not both")
	case days < 0:
		o.add("before", fmt.Sprintf("%dd", -days))
	case days > 0:
		o.add("after", fmt.Sprintf("%dd", days))
	case months < 0:
		o.add("before", fmt.Sprintf("%dmo", -months))
	case months > 0:
		o.add("after", fmt.Sprintf("%dmo", months))
	}
	return nil
}
