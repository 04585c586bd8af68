package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// change is what a step does to the data of one profile. It is written in the transaction that writes the step's
// outcome, and only if that was not there before, so that a repeat does nothing twice.
type change struct {
	profile    string
	properties *store.PropertyChange
	list       *listChange
	event      *store.NewEvent
}

type listChange struct {
	id     string
	remove bool
	depth  int // how many runs led to it
}

// change notes what the step does, until flush writes it.
func (p *pass) change(m *member, step string, c change) {
	if p.changes == nil {
		p.changes = map[string]change{}
	}
	c.profile = m.run.ProfileID
	p.changes[m.run.ID+" "+step] = c
}

// apply makes the changes whose outcome was written just now, in the same transaction. Profiles are locked first, in one
// order, so that no two writers wait for each other.
func (p *pass) apply(ctx context.Context, tx *sqlx.Tx, written map[string]bool) error {
	var changes []change
	var keys store.Keys
	for _, o := range p.outcomes {
		key := o.RunID + " " + o.Step
		if c, ok := p.changes[key]; ok && written[key] {
			changes = append(changes, c)
			keys.IDs = append(keys.IDs, c.profile)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if _, err := p.Store.LockProfiles(ctx, tx, keys, false); err != nil {
		return err
	}
	var properties []store.PropertyChange
	var events []store.NewEvent
	for _, c := range changes {
		if c.properties != nil {
			properties = append(properties, *c.properties)
		}
		if c.event != nil {
			events = append(events, *c.event)
		}
	}
	full, err := p.Store.ChangeProperties(ctx, tx, properties)
	if err != nil {
		return err
	}
	for _, id := range full {
		p.Log.ErrorContext(ctx, fmt.Sprintf("properties of more than %d bytes were not written", store.MaxProperties), "profile", id, "flow", p.program.Plan.Flow)
	}
	if err := p.applyLists(ctx, tx, changes); err != nil {
		return err
	}
	return p.insertEvents(ctx, tx, events)
}

// applyLists makes the changes of lists, those of one list together.
func (p *pass) applyLists(ctx context.Context, tx *sqlx.Tx, changes []change) error {
	var order []listChange
	profiles := map[listChange][]string{}
	for _, c := range changes {
		if c.list == nil {
			continue
		}
		if profiles[*c.list] == nil {
			order = append(order, *c.list)
		}
		profiles[*c.list] = append(profiles[*c.list], c.profile)
	}
	for _, l := range order {
		err := p.Store.HoldList(ctx, tx, l.id)
		if errors.Is(err, store.ErrNotFound) { // deleted since the step looked
			continue
		}
		if err != nil {
			return err
		}
		if l.remove {
			err = p.Store.LeaveList(ctx, tx, l.id, profiles[l])
		} else {
			var gone []string
			if gone, err = p.Store.UnknownProfiles(ctx, tx, profiles[l]); err == nil {
				_, err = p.Store.JoinList(ctx, tx, l.id, without(profiles[l], gone), p.base, l.depth)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
