package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// updateProfile changes custom properties.
func (p *pass) updateProfile(ctx context.Context, s *program.Step, members []*member) error {
	answers, err := p.ask(ctx, members, slices.Concat(s.Set, s.Increment, s.Append, s.Remove)...)
	if err != nil {
		return err
	}
	for i, m := range members {
		c, err := propertyChange(s, answers, i, m)
		if err != nil {
			p.fail(m, s, ReasonExpression, map[string]any{"error": printable(err.Error())})
			continue
		}
		p.change(m, s.ID, change{properties: c})
		m.person = withChange(m.person, c)
		p.record(m, s, store.Done, "", nil)
		p.decide(s, "done")
		p.moveTo(m, s.Next)
	}
	return nil
}

// propertyChange gives what the step does to a member's profile. Where an expression's result is missing, such as a
// property that the event does not have, the profile stays as it is.
func propertyChange(s *program.Step, answers *expression.Asked, member int, m *member) (*store.PropertyChange, error) {
	c := &store.PropertyChange{
		ProfileID: m.run.ProfileID, Create: map[string]any{}, Set: map[string]any{}, Increment: map[string]float64{},
		Append: map[string][]any{}, Remove: map[string][]any{}, Unset: s.UpdateProfile.Unset,
	}
	x := 0
	each := func(assignments []plan.Assignment, compiled program.Values, do func(a plan.Assignment, value any) error) error {
		for i, a := range assignments {
			value, err := assigned(answers, member, x, compiled[i], a, m)
			x++
			if err == nil && value != nil {
				err = do(a, value)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", a.Property, err)
			}
		}
		return nil
	}
	into := func(lists map[string][]any) func(plan.Assignment, any) error {
		return func(a plan.Assignment, value any) error {
			values, many := value.([]any)
			if !many {
				values = []any{value}
			}
			for _, v := range values {
				if !among(lists[a.Property], v) {
					lists[a.Property] = append(lists[a.Property], v)
				}
			}
			return nil
		}
	}
	u := s.UpdateProfile
	if err := each(u.Set, s.Set, func(a plan.Assignment, value any) error {
		if a.Create {
			c.Create[a.Property] = value
		} else {
			c.Set[a.Property] = value
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if err := each(u.Increment, s.Increment, func(a plan.Assignment, value any) error {
		by, ok := number(value)
		if !ok {
			return fmt.Errorf("%v is not a number", value)
		}
		c.Increment[a.Property] += by
		return nil
	}); err != nil {
		return nil, err
	}
	if err := each(u.Append, s.Append, into(c.Append)); err != nil {
		return nil, err
	}
	return c, each(u.Remove, s.Remove, into(c.Remove))
}

// assigned is an assignment's value for a member: the literal, or what expression x of answers gave, as JSON has it. nil
// is missing.
func assigned(answers *expression.Asked, member, x int, compiled *expression.Expression, a plan.Assignment, m *member) (any, error) {
	if compiled == nil {
		return a.Value, nil
	}
	value, err := answers.Value(member, x)
	if err != nil {
		return nil, err
	}
	switch v := value.(type) {
	case time.Time:
		if a.Date {
			return v.In(m.zone).Format(time.DateOnly), nil
		}
		return v.UTC().Format(time.RFC3339Nano), nil
	case time.Duration:
		return v.Seconds(), nil
	}
	return value, nil
}

// withChange gives the person as later steps of the same pass see it.
func withChange(person *store.Person, c *store.PropertyChange) *store.Person {
	changed := *person
	values := maps.Clone(person.Values)
	changed.Values = values
	for property, value := range c.Create {
		if _, there := values[property]; !there {
			values[property] = value
		}
	}
	maps.Copy(values, c.Set)
	for property, by := range c.Increment {
		before, _ := number(values[property])
		values[property] = before + by
	}
	for property, more := range c.Append {
		list, isList := values[property].([]any)
		if before := values[property]; !isList && before != nil {
			list = []any{before}
		}
		list = slices.Clone(list)
		for _, v := range more {
			if !among(list, v) {
				list = append(list, v)
			}
		}
		values[property] = list
	}
	for property, less := range c.Remove {
		if list, ok := values[property].([]any); ok {
			values[property] = slices.DeleteFunc(slices.Clone(list), func(v any) bool { return among(less, v) })
		}
	}
	for _, property := range c.Unset {
		delete(values, property)
	}
	return &changed
}

// among says whether a list holds a value, compared as JSON.
func among(list []any, value any) bool {
	want, err := json.Marshal(value)
	return err == nil && slices.ContainsFunc(list, func(v any) bool {
		have, err := json.Marshal(v)
		return err == nil && string(have) == string(want)
	})
}

func number(value any) (float64, bool) {
	switch n := value.(type) {
	case int:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}
