package activities

import (
	"context"

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
			Profile: m.run.ProfileID, Start: m.run.EnteredAt, Now: m.now, Person: m.person.Values, Event: m.event, Flow: p.flow,
		}
	}
	return expression.Ask(ctx, p.Store.DB, people, expressions...)
}

// permit makes the checks that come before a step, and gives the members that pass. The others are recorded and
// move on: failing a filter never removes anybody from a flow. The profile filter is asked before every action;
// a step's own filter before any step that has one.
func (p *pass) permit(ctx context.Context, s *program.Step, members []*member) ([]*member, error) {
	if s.Status == plan.Draft {
		for _, m := range members {
			p.decide(s, "draft, passed through")
			p.moveTo(m, s.Next)
		}
		return nil, nil
	}
	if list := p.program.Plan.Trigger.List; list != nil && s.Kind == plan.KindEmail {
		ids := make([]string, len(members))
		for i, m := range members {
			ids[i] = m.run.ProfileID
		}
		in, err := p.Store.MembersOf(ctx, list.List, ids)
		if err != nil {
			return nil, err
		}
		var still []*member
		for _, m := range members {
			if in[m.run.ProfileID] {
				still = append(still, m)
			} else {
				p.skip(m, s, ReasonNotInList, nil)
			}
		}
		members = still
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

// skip records that a member passes over a step, and moves it on.
func (p *pass) skip(m *member, s *program.Step, reason string, detail map[string]any) {
	p.record(m, s, store.Skipped, reason, detail)
	p.decide(s, "skipped: "+reason)
	p.moveTo(m, s.Next)
}
