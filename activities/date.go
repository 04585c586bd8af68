package activities

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// Why a run ends that entered by a date.
const (
	ReasonDateChanged = store.DateChanged
	ReasonDateRemoved = store.DateRemoved
)

// byDate gives the day for which the member entered, or false if no date let it in.
func (m *member) byDate() (plan.Day, bool) { return plan.DateOfKey(m.run.EntryKey) }

// stillDated gives the members that may take the step as far as their dates are concerned. Dates are read again
// before every action and wait, and for whoever is looked at because something happened.
func (p *pass) stillDated(ctx context.Context, s *program.Step, members []*member) ([]*member, error) {
	if s.Status != plan.Draft && (s.Acts() || s.Wait != nil || s.WaitFor != nil) {
		return p.dateUnchanged(ctx, members)
	}
	var early, others []*member
	for _, m := range members {
		if m.early {
			early = append(early, m)
		} else {
			others = append(others, m)
		}
	}
	early, err := p.dateUnchanged(ctx, early)
	return append(others, early...), err
}

// dateUnchanged reads the dates again of the members that entered by one, and gives those whose date still falls on
// the day they entered for, with all that no date let in. The others leave the flow, and the planner looks at what
// their date means now.
func (p *pass) dateUnchanged(ctx context.Context, members []*member) ([]*member, error) {
	trigger := p.program.Plan.Date()
	if trigger == nil {
		return members, nil
	}
	var profiles []string
	for _, m := range members {
		if _, ok := m.byDate(); ok {
			profiles = append(profiles, m.run.ProfileID)
		}
	}
	if len(profiles) == 0 {
		return members, nil
	}
	dates, err := p.Store.DatesOf(ctx, p.Store.DB, profiles, []string{trigger.Property})
	if err != nil {
		return nil, err
	}
	stored := make(map[string]plan.Day, len(dates))
	for _, date := range dates {
		stored[date.ProfileID] = date.On()
	}
	var same []*member
	var changed []string
	for _, m := range members {
		on, ok := m.byDate()
		date, there := stored[m.run.ProfileID]
		switch {
		case !ok || there && trigger.Recurs(date, on):
			same = append(same, m)
			continue
		case there:
			p.finish(m, store.RunExited, ReasonDateChanged)
		default:
			p.finish(m, store.RunExited, ReasonDateRemoved)
		}
		changed = append(changed, m.run.ProfileID)
	}
	if len(changed) == 0 {
		return same, nil
	}
	// With the end of the run: had the planner looked before it, it would have found the person inside still.
	return same, p.flush(ctx, func(tx *sqlx.Tx) error {
		return p.Store.QueueDates(ctx, tx, changed, trigger.Property, p.base)
	})
}
