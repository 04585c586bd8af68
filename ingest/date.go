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
// remembers in Postgres how far it has looked, so that one that stood still catches up, and entries carry the
// day they are for, so that nobody enters twice for one.
type Planner struct {
	Store    *store.Store
	Clock    clock.Clock
	Programs *program.Cache
	Horizon  time.Duration // how far ahead it looks; 0 is an hour
	Log      *slog.Logger
}

// A planner that stood still for longer than this leaves the older moments out: congratulations a week late are
// worse than none.
const catchUp = 3 * 24 * time.Hour

// Plan looks ahead for every live flow that a date triggers. Moments between how far it had looked and the
// horizon are planned; those between now and there are looked at again, since a date may have been written
// since. It returns how many moments it found.
func (p *Planner) Plan(ctx context.Context) (int, error) {
	flows, err := p.Store.Flows(ctx)
	if err != nil {
		return 0, fmt.Errorf("planning dates: %w", err)
	}
	horizon := p.Horizon
	if horizon <= 0 {
		horizon = time.Hour
	}
	found := 0
	for _, flow := range flows {
		if !flow.Live() {
			continue
		}
		g, err := p.Programs.Get(ctx, flow.Hash)
		if err != nil {
			return found, err
		}
		if g.Plan.Date() == nil {
			continue
		}
		err = p.Store.Tx(ctx, func(tx *sqlx.Tx) error {
			now := p.Clock.Now()
			from, busy, err := p.Store.PlannedTill(ctx, tx, flow.ID, now)
			if err != nil || busy {
				return err
			}
			if now.Before(from) {
				from = now
			}
			if oldest := now.Add(-catchUp); from.Before(oldest) {
				from = oldest
			}
			till := now.Add(horizon)
			n, err := p.window(ctx, tx, g, from, till, nil, 0)
			if err != nil {
				return err
			}
			found += n
			return p.Store.SetPlannedTill(ctx, tx, flow.ID, till)
		})
		if err != nil {
			return found, fmt.Errorf("planning dates of flow %s: %w", flow.ID, err)
		}
	}
	return found, nil
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
	if g.Plan.Date() == nil {
		return 0, fmt.Errorf("flow %s is not triggered by a date", flowID)
	}
	found := 0
	err = p.Store.Tx(ctx, func(tx *sqlx.Tx) error {
		found, err = p.window(ctx, tx, g, from, till, profiles, max(0, from.Sub(p.Clock.Now())))
		return err
	})
	return found, err
}

// window writes the entries of one flow whose moment is in [from, till).
func (p *Planner) window(ctx context.Context, tx *sqlx.Tx, g *program.Program, from, till time.Time, only []string, ahead time.Duration) (int, error) {
	trigger := g.Plan.Date()
	account, err := p.Store.Account(ctx)
	if err != nil {
		return 0, err
	}
	candidates, err := p.Store.DateCandidates(ctx, tx, trigger.Property, candidateDays(trigger, from, till), only)
	if err != nil {
		return 0, err
	}
	var profiles, keys []string
	var due []time.Time
	for _, c := range candidates {
		zone := clock.Zone(trigger.Timezone, account.Timezone)
		if trigger.Timezone == "person" {
			zone = clock.Zone(c.Timezone, account.Timezone)
		}
		for _, moment := range trigger.Moments(c.Year, time.Month(c.Month), c.Day, zone, from, till) {
			profiles = append(profiles, c.ProfileID)
			keys = append(keys, "date/"+moment.In(zone).Format(time.DateOnly))
			due = append(due, moment.UTC())
		}
	}
	if len(profiles) == 0 {
		return 0, nil
	}
	return len(profiles), p.Store.AddDateEntries(ctx, tx, g.Plan.Flow, profiles, keys, due, ahead)
}

// candidateDays gives the stored months and days that can fire in the window: the calendar days it touches
// anywhere on earth, less the trigger's offset. What fires when is Moments' to say; these only narrow the
// search.
func candidateDays(d *plan.DateTrigger, from, till time.Time) []store.MonthDay {
	var days []store.MonthDay
	seen := map[store.MonthDay]bool{}
	add := func(month time.Month, day int) {
		md := store.MonthDay{Month: month, Day: day}
		if !seen[md] {
			seen[md] = true
			days = append(days, md)
		}
	}
	first := from.UTC().Add(-36*time.Hour).AddDate(0, -d.Months, -d.Days)
	last := till.UTC().Add(36*time.Hour).AddDate(0, -d.Months, -d.Days)
	if d.Repeat == plan.Weekly { // any day of the year has the weekday
		first, last = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 12, 30, 0, 0, 0, 0, time.UTC)
	}
	if d.Months != 0 { // a month's last days stand for days that another month lacks
		first, last = first.AddDate(0, 0, -3), last.AddDate(0, 0, 3)
	}
	for day := first; !day.After(last.AddDate(0, 0, 1)) && len(days) < 400; day = day.AddDate(0, 0, 1) {
		if d.Repeat == plan.Monthly {
			for month := time.January; month <= time.December; month++ {
				add(month, day.Day())
				if day.AddDate(0, 0, 1).Day() == 1 { // the last of a month also stands for the days it lacks
					for lacking := day.Day() + 1; lacking <= 31; lacking++ {
						add(month, lacking)
					}
				}
			}
			continue
		}
		add(day.Month(), day.Day())
		if day.Month() == time.February && day.Day() == 28 {
			add(time.February, 29)
		}
	}
	return days
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
