package ingest

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// changeBatch is how many changed dates one transaction deals with.
const changeBatch = 1000

// changes plans the people anew whose dates changed, and has their runs looked at, until the queue is empty.
func (p *Planner) changes(ctx context.Context) (int, error) {
	found := 0
	for {
		var taken int
		err := p.Store.Tx(ctx, func(tx *sqlx.Tx) error {
			changes, err := p.Store.TakeDateChanges(ctx, tx, changeBatch)
			if err != nil || len(changes) == 0 {
				return err
			}
			taken = len(changes)
			n, err := p.changed(ctx, tx, changes)
			found += n
			return err
		})
		if err != nil || taken < changeBatch {
			return found, err
		}
	}
}

func (p *Planner) changed(ctx context.Context, tx *sqlx.Tx, changes []store.DateChange) (int, error) {
	account, err := p.Store.Account(ctx)
	if err != nil {
		return 0, err
	}
	programs, err := p.live(ctx)
	if err != nil {
		return 0, err
	}
	found := 0
	for _, g := range programs {
		since := map[string]time.Time{} // when the date of the flow last changed, by profile
		var profiles []string
		for _, c := range changes {
			if c.Property != g.Plan.Date().Property {
				continue
			}
			if _, ok := since[c.ProfileID]; !ok {
				profiles = append(profiles, c.ProfileID)
			}
			if since[c.ProfileID].Before(c.ChangedAt) {
				since[c.ProfileID] = c.ChangedAt
			}
		}
		if len(profiles) == 0 {
			continue
		}
		now := p.Clock.Now()
		planned, _, _, err := p.Store.PlannedTill(ctx, tx, g.Plan.Flow, now, true)
		if err != nil {
			return found, err
		}
		dates, err := p.Store.DatesOf(ctx, tx, profiles, []string{g.Plan.Date().Property})
		if err != nil {
			return found, err
		}
		var entries []store.DateEntry
		for _, date := range dates {
			entries = append(entries, placed(g, date, account.Timezone, since[date.ProfileID], planned, now)...)
		}
		if err := p.Store.AddDateEntries(ctx, tx, g.Plan.Flow, entries, 0); err != nil {
			return found, err
		}
		found += len(entries)
	}
	return found, p.Store.NudgeDateRuns(ctx, tx, changes)
}

// placed gives the entries that a date means which was written at changed. Moments from then on up to planned are
// the ones that the planner will not look at again. Of those before, the last one counts if the way through the flow
// that it begins is not over yet: the person enters in the middle of it.
func placed(g *program.Program, date store.StoredDate, account string, changed, planned, now time.Time) []store.DateEntry {
	if changed.After(now) {
		changed = now
	}
	if oldest := now.Add(-catchUp); changed.Before(oldest) {
		changed = oldest
	}
	trigger := g.Plan.Date()
	zone := triggerZone(trigger, date.Zone, account)
	var entries []store.DateEntry
	for _, f := range trigger.Firings(date.On(), zone, changed, planned) {
		entries = append(entries, store.DateEntry{ProfileID: date.ProfileID, Key: plan.DateKey(f.On), Due: f.Moment.UTC()})
	}
	earlier := trigger.Firings(date.On(), zone, changed.Add(-longest), changed)
	if len(earlier) == 0 {
		return entries
	}
	f := earlier[len(earlier)-1]
	end := g.Plan.End(f.Moment, f.On, func(name string) *time.Location {
		return clock.Zone(plan.Zones(name, date.Zone, account)...)
	})
	if end.After(now) {
		entries = append(entries, store.DateEntry{
			ProfileID: date.ProfileID, Key: plan.DateKey(f.On), Due: now.Truncate(time.Microsecond).UTC(), PlaceFrom: f.Moment.UTC(),
		})
	}
	return entries
}

// longest is how far back a moment may lie whose way through a flow is still open: more than a year, for whoever
// repeats.
const longest = 400 * 24 * time.Hour
