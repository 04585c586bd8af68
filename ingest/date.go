package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// Planner finds the people whose date moment comes into view and writes their entries into the outbox. It
// remembers in Postgres how far it has looked and looks at no moment twice: one that stood still catches up, and a
// date that changes is on a queue. Entries carry the day they are for, so that nobody enters twice for one.
type Planner struct {
	Store    *store.Store
	Clock    clock.Clock
	Programs *program.Cache
	Horizon  time.Duration // how far ahead it looks; 0 is an hour
	Spread   time.Duration // over how long people who share a moment enter, if they are more than crowd; 0 is at once
	Log      *slog.Logger
}

// A planner that stood still for longer than this leaves the older moments out: congratulations a week late are
// worse than none.
const catchUp = 3 * 24 * time.Hour

// Plan looks ahead for every live flow that a date triggers, from where it had looked to the horizon, and deals
// with dates that changed. It returns how many entries it found.
func (p *Planner) Plan(ctx context.Context) (int, error) {
	found, err := p.changes(ctx)
	if err != nil {
		return found, err
	}
	account, err := p.Store.Account(ctx)
	if err != nil {
		return found, err
	}
	programs, err := p.live(ctx)
	if err != nil {
		return found, err
	}
	for _, g := range programs {
		err = p.Store.Tx(ctx, func(tx *sqlx.Tx) error {
			now := p.Clock.Now()
			from, hash, busy, err := p.Store.PlannedTill(ctx, tx, g.Plan.Flow, now, false)
			if err != nil || busy {
				return err
			}
			if hash != g.Hash && now.Before(from) { // another version may have another moment
				from = now
			}
			if oldest := now.Add(-catchUp); from.Before(oldest) {
				from = oldest
			}
			till := now.Add(p.horizon())
			if till.Before(from) { // a shorter horizon than before
				till = from
			}
			dates, err := p.due(ctx, tx, g.Plan.Date(), account.Timezone, from, till)
			if err != nil {
				return err
			}
			n, err := p.enter(ctx, tx, g, account.Timezone, dates, from, till, 0)
			if err != nil {
				return err
			}
			found += n
			return p.Store.SetPlannedTill(ctx, tx, g.Plan.Flow, till, g.Hash)
		})
		if err != nil {
			return found, fmt.Errorf("planning dates of flow %s: %w", g.Plan.Flow, err)
		}
	}
	return found, nil
}

func (p *Planner) horizon() time.Duration {
	if p.Horizon <= 0 {
		return time.Hour
	}
	return p.Horizon
}

// live gives the flows that people enter by a date now, in the order of their ids.
func (p *Planner) live(ctx context.Context) ([]*program.Program, error) {
	flows, err := p.Store.Flows(ctx)
	if err != nil {
		return nil, fmt.Errorf("planning dates: %w", err)
	}
	var programs []*program.Program
	var ids []string
	for _, flow := range flows {
		if !flow.Live() {
			continue
		}
		g, err := p.Programs.Get(ctx, flow.Hash)
		if err != nil {
			return nil, err
		}
		if g.Plan.Date() != nil {
			programs, ids = append(programs, g), append(ids, flow.ID)
		}
	}
	return programs, p.Store.ForgetPlans(ctx, ids)
}

// PlanFor plans one flow for some people in a window of time that may lie anywhere. Development uses it to show
// what a date flow does on a day that is far off: for these people it is the window's beginning now.
func (p *Planner) PlanFor(ctx context.Context, flowID string, profiles []string, from, till time.Time) (int, error) {
	flow, err := p.Store.Flow(ctx, flowID)
	if err != nil {
		return 0, fmt.Errorf("flow %s: %w", flowID, err)
	}
	g, err := p.Programs.Get(ctx, flow.Hash)
	if err != nil {
		return 0, err
	}
	trigger := g.Plan.Date()
	if trigger == nil {
		return 0, fmt.Errorf("flow %s is not triggered by a date", flowID)
	}
	account, err := p.Store.Account(ctx)
	if err != nil {
		return 0, err
	}
	found := 0
	err = p.Store.Tx(ctx, func(tx *sqlx.Tx) error {
		dates, err := p.Store.DatesOf(ctx, tx, profiles, []string{trigger.Property})
		if err != nil {
			return err
		}
		found, err = p.enter(ctx, tx, g, account.Timezone, dates, from, till, max(0, from.Sub(p.Clock.Now())))
		return err
	})
	return found, err
}

// due finds the dates that may fire in [from, till): in each zone, only those whose day it is there.
func (p *Planner) due(ctx context.Context, tx *sqlx.Tx, trigger *plan.DateTrigger, account string, from, till time.Time) ([]store.StoredDate, error) {
	if trigger.Timezone != plan.PersonZone {
		slots := trigger.Slots(clock.Zone(trigger.Timezone, account), from, till)
		if len(slots) == 0 {
			return nil, nil
		}
		return p.Store.DatesIn(ctx, tx, trigger.Property, trigger.Repeat, slots, nil)
	}
	anywhere := trigger.SlotsAnywhere(from, till)
	if len(anywhere) == 0 {
		return nil, nil
	}
	names, err := p.Store.DateZones(ctx, tx, trigger.Property, trigger.Repeat, anywhere)
	if err != nil {
		return nil, err
	}
	var slots []int
	var zones []string
	for _, name := range names {
		for _, slot := range trigger.Slots(clock.Zone(name, account), from, till) {
			slots, zones = append(slots, slot), append(zones, name)
		}
	}
	if len(slots) == 0 {
		return nil, nil
	}
	return p.Store.DatesIn(ctx, tx, trigger.Property, trigger.Repeat, slots, zones)
}

// enter writes the entries of the dates whose moment is in [from, till).
func (p *Planner) enter(ctx context.Context, tx *sqlx.Tx, g *program.Program, account string, dates []store.StoredDate, from, till time.Time, ahead time.Duration) (int, error) {
	trigger := g.Plan.Date()
	var entries []store.DateEntry
	for _, date := range dates {
		for _, f := range trigger.Firings(date.On(), triggerZone(trigger, date.Zone, account), from, till) {
			entries = append(entries, store.DateEntry{ProfileID: date.ProfileID, Key: plan.DateKey(f.On), Due: f.Moment.UTC()})
		}
	}
	spread(entries, g.Plan.Flow, p.Spread)
	return len(entries), p.Store.AddDateEntries(ctx, tx, g.Plan.Flow, entries, ahead)
}

// triggerZone is the zone that the trigger's clock time is in, for somebody who has the zone person.
func triggerZone(trigger *plan.DateTrigger, person, account string) *time.Location {
	if trigger.Timezone == plan.PersonZone {
		return clock.Zone(person, account)
	}
	return clock.Zone(trigger.Timezone, account)
}

// Serve plans until ctx ends: every minute, and soon after somebody's date was written.
func (p *Planner) Serve(ctx context.Context, url string) {
	Listen(ctx, url, []string{store.DatesChannel}, time.Minute, p.Log, func(ctx context.Context) (bool, error) {
		_, err := p.Plan(ctx)
		select { // many dates written together are one look
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
		return false, err
	})
}
