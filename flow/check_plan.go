package flow

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// CheckPlan finds what is wrong in a plan that did not come from YAML, with the rules that YAML is read by: ids,
// links and their order, expressions, zones, durations, weights, addresses, kinds that cannot go live, and a flow
// that can start itself. status is that which the flow is to have. With no error among the findings the plan can
// be run. It changes nothing in the plan. With a LiquidCheck the Liquid in it is checked as well.
func CheckPlan(p *plan.Plan, status string, liquid ...LiquidCheck) []Finding {
	c := &checker{findings: findings{plan: p}}
	if len(liquid) > 0 {
		c.read = liquid[0]
	}
	switch {
	case len(p.Steps) > MaxSteps:
		c.fail("", "steps", "a flow has at most %d steps, not %d", MaxSteps, len(p.Steps))
		return c.all
	case len(p.Triggers) > maxTriggers:
		c.fail("", "triggers", "a flow has at most %d triggers, not %d", maxTriggers, len(p.Triggers))
		return c.all
	}
	c.flow(status)
	for i := range p.Triggers {
		c.trigger(fmt.Sprintf("triggers[%d]", i), &p.Triggers[i])
	}
	for i := range p.Steps {
		c.step(&p.Steps[i], status)
	}
	c.links()
	c.notLive(status)
	c.startsItself()
	return c.all
}

// checker checks a plan.
type checker struct {
	findings
	read LiquidCheck
}

func (c *checker) flow(status string) {
	p := c.plan
	live := status == plan.Live || status == plan.Manual
	c.word("", "status", status, statuses)
	if p.Format != plan.Format {
		c.fail("", "format", "the format must be %d, not %d", plan.Format, p.Format)
	}
	c.id("", "flow", p.Flow, maxID)
	c.line("", "name", p.Name, maxName, true)
	c.condition("", "filter", p.Filter, expression.Person)
	c.watches("", "exit_on", p.ExitOn, false)
	switch p.Reentry.Mode {
	case plan.Always, plan.Never:
		if p.Reentry.After != 0 {
			c.fail("", "reentry.after", "only reentry after a time has one")
		}
	case plan.After:
		c.length("", "reentry.after", p.Reentry.After)
	default:
		c.fail("", "reentry.mode", "the mode must be always, never or after, not %s", quoted(p.Reentry.Mode))
	}
	c.pace("cap", p.Cap)
	c.pace("quiet_hours", p.QuietHours)
	severity := IsWarning
	if live {
		severity = IsError
	}
	if len(p.Triggers) == 0 {
		c.add(severity, "", "triggers", "", "the flow has no trigger, so nobody enters")
	}
	if len(p.Steps) == 0 {
		c.add(severity, "", "steps", "", "the flow has no steps")
	}
	dates := 0
	for i, t := range p.Triggers {
		if t.Date != nil {
			dates++
		}
		if same := slices.IndexFunc(p.Triggers, func(o plan.Trigger) bool { return reflect.DeepEqual(o, t) }); same < i {
			c.fail("", fmt.Sprintf("triggers[%d]", i), "this trigger is there already, as number %d", same+1)
		}
	}
	if dates > 1 {
		c.fail("", "triggers", "a flow has at most one date trigger")
	}
}

func (c *checker) pace(field string, rules map[string]string) {
	for _, channel := range slices.Sorted(maps.Keys(rules)) {
		if !slices.Contains(channels, channel) {
			c.fail("", field, "unknown channel %s; possible are %s", quoted(channel), oneOf(channels))
			continue
		}
		c.word("", field+"."+channel, rules[channel], paces)
	}
}

// links checks where the steps lead: to steps that are there, forward, and to every one of them.
func (c *checker) links() {
	p := c.plan
	if len(p.Steps) == 0 {
		return
	}
	place := make(map[string]int, len(p.Steps))
	for i := range p.Steps {
		id := p.Steps[i].ID
		if _, twice := place[id]; twice {
			c.fail(id, "id", "step id %s is there twice", quoted(id))
			return
		}
		place[id] = i
	}
	whole := true
	for i := range p.Steps {
		for _, link := range linksOf(&p.Steps[i]) {
			if _, ok := place[link.to]; !ok && link.to != "" {
				whole = false
				c.fail(p.Steps[i].ID, link.field, "there is no step with the id %s", quoted(link.to))
			}
		}
	}
	if _, ok := place[p.Entry]; !ok {
		c.fail("", "entry", "there is no step with the id %s", quoted(p.Entry))
		return
	}
	sorted := *p
	if circle := sorted.Order(); circle != nil {
		c.fail(circle[0], "", "the steps lead in a circle: %s", strings.Join(append(circle, circle[0]), " → "))
		return
	}
	if !whole {
		return
	}
	reached := reached(p, p.Entry)
	for i := range p.Steps {
		id := p.Steps[i].ID
		if !reached[id] {
			c.fail(id, "", "this step cannot be reached: nothing leads to it")
		}
		for _, link := range linksOf(&p.Steps[i]) {
			if link.to != "" && place[link.to] <= i {
				c.fail(id, link.field, "step %s must come after this one in the list of steps, because it leads there", link.to)
			}
		}
	}
	if place[p.Entry] != 0 && len(reached) == len(p.Steps) {
		c.fail("", "entry", "the first step of the list must be the entry, %s", p.Entry)
	}
}

// link is a field of a step that holds a step's id, or "".
type link struct{ field, to string }

func linksOf(s *plan.Step) []link {
	all := []link{{"next", s.Next}}
	branches := func(name string, f *plan.If) {
		if f == nil {
			return
		}
		for i, b := range f.Branches {
			all = append(all, link{fmt.Sprintf("%s.branches[%d].next", name, i), b.Next})
		}
		all = append(all, link{name + ".else", f.Else})
	}
	branches(plan.KindIf, s.If)
	branches(plan.KindSwitch, s.Switch)
	if s.Split != nil {
		for i, b := range s.Split.Branches {
			all = append(all, link{fmt.Sprintf("split.branches[%d].next", i), b.Next})
		}
	}
	if s.WaitFor != nil {
		all = append(all, link{"wait_for.then", s.WaitFor.Then}, link{"wait_for.else", s.WaitFor.Else})
	}
	return all
}
