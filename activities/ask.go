package activities

import (
	"context"
	"maps"
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// ask puts expressions to members, with one statement for what they ask about history.
func (p *pass) ask(ctx context.Context, members []*member, expressions ...*expression.Expression) (*expression.Asked, error) {
	people := make([]expression.Subject, len(members))
	for i, m := range members {
		people[i] = expression.Subject{
			Profile: m.run.ProfileID, Start: m.run.EnteredAt, Now: m.now, Person: m.person.Values, Event: m.event, Flow: p.flowOf(m),
		}
	}
	return expression.Ask(ctx, p.Store.DB, people, expressions...)
}

// permit makes the checks that come before a step, and gives the members that pass. The others are recorded and
// move on: failing a filter never removes anybody from a flow. The profile filter is asked before every action;
// a step's own filter before any step that has one.
func (p *pass) permit(ctx context.Context, s *program.Step, members []*member) ([]*member, error) {
	members, err := p.stillDated(ctx, s, members)
	if err != nil {
		return nil, err
	}
	members = p.onTime(members)
	if s.Status == plan.Draft {
		for _, m := range members {
			p.decide(s, "draft, passed through")
			p.moveTo(m, s.Next)
		}
		return nil, nil
	}
	members = p.placed(s, members)
	members, err = p.stillInList(ctx, s, members)
	if err != nil {
		return nil, err
	}
	profileFilter := p.program.Filter
	if !s.Acts() {
		profileFilter = nil
	}
	if (profileFilter == nil && s.Filter == nil) || len(members) == 0 {
		return members, nil
	}
	answers, err := p.ask(ctx, members, profileFilter, s.Filter)
	if err != nil {
		return nil, err
	}
	var passed []*member
	for i, m := range members {
		reason := ""
		for x, why := range []string{ReasonFlowFilter, ReasonStepFilter} {
			ok, err := answers.True(i, x)
			if err != nil {
				p.log(m).WarnContext(ctx, "evaluating a filter", "step", s.ID, "error", err)
				ok, why = false, ReasonExpression
			}
			if !ok {
				reason = why
				break
			}
		}
		if reason == "" {
			passed = append(passed, m)
		} else {
			p.skip(m, s, reason, nil)
		}
	}
	return passed, nil
}

// onTime gives the members that are due. Somebody who is looked at because something happened, which turned out
// not to concern the step, goes on waiting; a wait_for decides that for itself.
func (p *pass) onTime(members []*member) []*member {
	var due []*member
	for _, m := range members {
		if m.early && m.run.Step == m.step && !p.waitsFor(m.step) {
			p.park(m, "", m.due.Time)
			continue
		}
		due = append(due, m)
	}
	return due
}

func (p *pass) waitsFor(step string) bool {
	i := p.program.Index(step)
	return i >= 0 && p.program.Steps[i].WaitFor != nil
}

// placed passes over an action for those who are still on the way to their place: it would have happened before
// they came.
func (p *pass) placed(s *program.Step, members []*member) []*member {
	if !s.Acts() {
		return members
	}
	var present []*member
	for _, m := range members {
		if m.placing() {
			p.skip(m, s, ReasonBefore, nil)
			continue
		}
		present = append(present, m)
	}
	return present
}

// stillInList gives the members that may get a message of the step: somebody who entered by joining a list and
// is no longer in it may not.
func (p *pass) stillInList(ctx context.Context, s *program.Step, members []*member) ([]*member, error) {
	if s.Channel() == "" {
		return members, nil
	}
	var passed, joined []*member
	for _, m := range members {
		if strings.HasPrefix(m.run.EntryKey, "list/") {
			joined = append(joined, m)
		} else {
			passed = append(passed, m)
		}
	}
	if len(joined) == 0 {
		return members, nil
	}
	ids := make([]string, len(joined))
	for i, m := range joined {
		ids[i] = m.run.ProfileID
	}
	var in map[string]bool
	for i := range p.program.Plan.Triggers {
		list := p.program.Plan.Triggers[i].List
		if list == nil {
			continue
		}
		members, err := p.Store.MembersOf(ctx, list.List, ids)
		if err != nil {
			return nil, err
		}
		if in == nil {
			in = members
		} else {
			maps.Copy(in, members)
		}
	}
	for _, m := range joined {
		if in[m.run.ProfileID] {
			passed = append(passed, m)
		} else {
			p.skip(m, s, ReasonNotInList, nil)
		}
	}
	return passed, nil
}

// skip records that a member passes over a step, and moves it on.
func (p *pass) skip(m *member, s *program.Step, reason string, detail map[string]any) {
	p.record(m, s, store.Skipped, reason, detail)
	p.decide(s, "skipped: "+reason)
	p.moveTo(m, s.Next)
}
