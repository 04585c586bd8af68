package activities

import (
	"context"
	"fmt"
	"maps"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// change is what an update_profile step does to one profile.
type change struct {
	profile   string
	set       map[string]any
	increment map[string]float64
	unset     []string
}

// updateProfile changes custom properties. The change is written with the step's outcome, so that a repeat
// increments nothing twice.
func (p *pass) updateProfile(ctx context.Context, s *program.Step, members []*member) error {
	answers, err := p.ask(ctx, members, s.Set...)
	if err != nil {
		return err
	}
	for i, m := range members {
		c, err := propertyChange(s, answers, i)
		if err != nil {
			p.record(m, s, store.Failed, ReasonExpression, map[string]any{"error": err.Error()})
			p.decide(s, "failed: "+ReasonExpression)
			p.moveTo(m, s.Next)
			continue
		}
		c.profile = m.run.ProfileID
		if p.changes == nil {
			p.changes = map[string]change{}
		}
		p.changes[m.run.ID+" "+s.ID] = c
		m.person = withChange(m.person, c)
		p.record(m, s, store.Done, "", nil)
		p.decide(s, "done")
		p.moveTo(m, s.Next)
	}
	return nil
}

func propertyChange(s *program.Step, answers *expression.Asked, member int) (change, error) {
	c := change{set: map[string]any{}, increment: map[string]float64{}, unset: s.UpdateProfile.Unset}
	for x, assignment := range s.UpdateProfile.Set {
		value := assignment.Value
		if s.Set[x] != nil {
			var err error
			if value, err = answers.Value(member, x); err != nil {
				return c, fmt.Errorf("%s: %w", assignment.Property, err)
			}
			if value == nil { // a property of the event that is missing leaves the profile as it is
				continue
			}
		}
		c.set[assignment.Property] = value
	}
	for _, assignment := range s.UpdateProfile.Increment {
		by, ok := assignment.Value.(float64)
		if !ok {
			return c, fmt.Errorf("%s: %v is not a number", assignment.Property, assignment.Value)
		}
		c.increment[assignment.Property] += by
	}
	return c, nil
}

// withChange gives the person as later steps of the same pass see it.
func withChange(person *store.Person, c change) *store.Person {
	changed := *person
	changed.Values = maps.Clone(person.Values)
	maps.Copy(changed.Values, c.set)
	for property, by := range c.increment {
		switch old := changed.Values[property].(type) {
		case int:
			changed.Values[property] = float64(old) + by
		case float64:
			changed.Values[property] = old + by
		default:
			changed.Values[property] = by
		}
	}
	for _, property := range c.unset {
		delete(changed.Values, property)
	}
	return &changed
}

// apply writes the profile changes whose outcome was written just now, in the same transaction.
func (p *pass) apply(ctx context.Context, tx *sqlx.Tx, written map[string]bool) error {
	var changes []store.PropertyChange
	for _, o := range p.outcomes {
		key := o.RunID + " " + o.Step
		if c, ok := p.changes[key]; ok && written[key] {
			changes = append(changes, store.PropertyChange{ProfileID: c.profile, Set: c.set, Increment: c.increment, Unset: c.unset})
		}
	}
	return p.Store.ChangeProperties(ctx, tx, changes)
}
