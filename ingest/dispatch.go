package ingest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// Starter starts a cohort's workflow. A second start of the same cohort is not an error and changes nothing.
type Starter interface {
	Start(ctx context.Context, cohort store.Cohort, runs []store.CohortRun) error
	// Nudge tells a cohort that is running to look at members. A cohort that has ended is not an error.
	Nudge(ctx context.Context, cohort string, runs []string) error
}

// Dispatcher carries entries from the outbox into flows: trigger filter, profile filter, re-entry, then a
// cohort in Temporal of those let in. Several may run at once, in several processes.
type Dispatcher struct {
	Store    *store.Store
	Clock    clock.Clock
	Programs *program.Cache
	Starter  Starter
	Max      int           // members of a cohort; 0 is 200
	Limit    *rate.Limiter // on workflow starts; nil is none
	Late     time.Duration // how late an event may be recorded and still trigger, unless its flow says so; 0 is 6 h
	Log      *slog.Logger
}

// A batch takes this many entries from the outbox, and starts this many cohorts at once.
const (
	dispatchBatch  = 2000
	dispatchStarts = 16
)

// maxDepth is how many runs may follow from each other through the events that they track.
const maxDepth = 10

// Dispatch deals with the entries that wait now and starts their cohorts. It returns how many entries it took;
// 0 means that the outbox is empty or held by others. Entries are let in or refused in one transaction; a
// cohort whose start fails, or is not reached, stays marked and Recover starts it.
func (d *Dispatcher) Dispatch(ctx context.Context) (int, error) {
	var taken int
	var cohorts []admitted
	err := d.Store.Tx(ctx, func(tx *sqlx.Tx) error {
		entries, err := d.Store.TakeEntries(ctx, tx, dispatchBatch)
		if err != nil || len(entries) == 0 {
			return err
		}
		taken = len(entries)
		ids := make([]int64, len(entries))
		byFlow := map[string][]store.Entry{}
		var flows []string
		for i, e := range entries {
			ids[i] = e.ID
			if byFlow[e.FlowID] == nil {
				flows = append(flows, e.FlowID)
			}
			byFlow[e.FlowID] = append(byFlow[e.FlowID], e)
		}
		for _, flow := range flows {
			in, err := d.admit(ctx, tx, flow, byFlow[flow])
			if err != nil {
				return fmt.Errorf("flow %s: %w", flow, err)
			}
			cohorts = append(cohorts, in...)
		}
		return d.Store.DropEntries(ctx, tx, ids)
	})
	if err != nil {
		return 0, fmt.Errorf("dispatching: %w", err)
	}
	return taken, d.start(ctx, cohorts)
}

// admitted is a cohort that has been let in and not started yet.
type admitted struct {
	cohort store.Cohort
	runs   []store.CohortRun
}

// start starts cohorts, several at once, and notes those that Temporal acknowledged.
func (d *Dispatcher) start(ctx context.Context, cohorts []admitted) error {
	if len(cohorts) == 0 {
		return nil
	}
	started := make([]bool, len(cohorts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(dispatchStarts)
	for i, c := range cohorts {
		group.Go(func() error {
			if d.Limit != nil {
				if err := d.Limit.Wait(ctx); err != nil {
					return err
				}
			}
			if err := d.Starter.Start(ctx, c.cohort, c.runs); err != nil {
				return fmt.Errorf("starting cohort %s: %w", c.cohort.ID, err)
			}
			started[i] = true
			return nil
		})
	}
	err := group.Wait()
	var ids []string
	for i, ok := range started {
		if ok {
			ids = append(ids, cohorts[i].cohort.ID)
		}
	}
	if len(ids) > 0 {
		if markErr := d.Store.MarkStarted(context.WithoutCancel(ctx), d.Store.DB, ids); err == nil {
			err = markErr
		}
	}
	return err
}

// Recover starts cohorts that were let in some time ago and that Temporal has not acknowledged. It returns how
// many it found.
func (d *Dispatcher) Recover(ctx context.Context, age time.Duration) (int, error) {
	found := 0
	err := d.Store.Tx(ctx, func(tx *sqlx.Tx) error {
		cohorts, err := d.Store.UnstartedCohorts(ctx, tx, age, 100)
		if err != nil {
			return err
		}
		found = len(cohorts)
		for _, c := range cohorts {
			runs, err := d.Store.CohortRuns(ctx, tx, c.ID)
			if err != nil {
				return err
			}
			if len(runs) > 0 {
				if err := d.Starter.Start(ctx, c, runs); err != nil {
					return fmt.Errorf("starting cohort %s: %w", c.ID, err)
				}
			}
			if err := d.Store.MarkStarted(ctx, tx, []string{c.ID}); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// admit lets entries of one flow in or refuses them, and writes the cohorts of those let in.
func (d *Dispatcher) admit(ctx context.Context, tx *sqlx.Tx, flowID string, entries []store.Entry) ([]admitted, error) {
	now := d.Clock.Now()
	var refused []store.Refusal
	refuse := func(e store.Entry, reason string) {
		refused = append(refused, store.Refusal{FlowID: flowID, ProfileID: e.ProfileID, EntryKey: e.Key, Reason: reason, At: now})
	}
	flow, err := d.Store.Flow(ctx, flowID)
	if err != nil && err != store.ErrNotFound {
		return nil, err
	}
	if flow == nil || !flow.Live() {
		for _, e := range entries {
			refuse(e, store.RefusedNotLive)
		}
		return nil, d.Store.AddRefusals(ctx, tx, flowID, refused)
	}
	g, err := d.Programs.Get(ctx, flow.Hash)
	if err != nil {
		return nil, err
	}
	candidates, err := d.read(ctx, tx, entries, refuse)
	if err != nil {
		return nil, err
	}
	candidates, err = d.filter(ctx, g, candidates, now, refuse)
	if err != nil {
		return nil, err
	}
	candidates, err = d.reenter(ctx, tx, g, candidates, refuse)
	if err != nil {
		return nil, err
	}
	if len(refused) > 0 {
		if err := d.Store.AddRefusals(ctx, tx, flowID, refused); err != nil {
			return nil, err
		}
	}
	most := d.Max
	if most <= 0 {
		most = 200
	}
	opening, err := d.openingWait(ctx, g, flow)
	if err != nil {
		return nil, err
	}
	var cohorts []admitted
	for len(candidates) > 0 {
		part := candidates[:min(most, len(candidates))]
		candidates = candidates[len(part):]
		c, err := d.enrol(ctx, tx, g, part, opening, now)
		if err != nil {
			return nil, err
		}
		cohorts = append(cohorts, c)
	}
	return cohorts, nil
}

// candidate is somebody at the door.
type candidate struct {
	entry     store.Entry
	person    *store.Person
	event     map[string]any
	enteredAt time.Time // when it happened that lets them in

	recordedAt time.Time // of the event that brought them, if one did
}

func (d *Dispatcher) read(ctx context.Context, tx *sqlx.Tx, entries []store.Entry, refuse func(store.Entry, string)) ([]candidate, error) {
	var profiles []string
	var events []store.TriggerEvent
	for _, e := range entries {
		profiles = append(profiles, e.ProfileID)
		if e.EventID.Valid {
			events = append(events, store.TriggerEvent{ID: e.EventID.String, Time: e.EventTime.Time})
		}
	}
	people, err := d.Store.People(ctx, profiles)
	if err != nil {
		return nil, err
	}
	happenings, err := d.Store.TriggerEvents(ctx, tx, events)
	if err != nil {
		return nil, err
	}
	var candidates []candidate
	for _, e := range entries {
		c := candidate{entry: e, person: people[e.ProfileID], enteredAt: e.CreatedAt}
		if c.person == nil {
			refuse(e, store.RefusedDeleted)
			continue
		}
		if e.Depth > maxDepth {
			refuse(e, store.RefusedChain)
			continue
		}
		if happening, ok := happenings[e.EventID.String]; ok {
			c.event, c.enteredAt, c.recordedAt = happening.Values, happening.RecordedAt, happening.RecordedAt
		}
		if e.DueAt.Valid {
			c.enteredAt = e.DueAt.Time
		}
		if e.PlaceFrom.Valid {
			c.enteredAt = e.PlaceFrom.Time
		}
		candidates = append(candidates, c)
	}
	return candidates, nil
}

// filter asks the trigger filter and then the profile filter. Entries by a date were planned ahead: their
// profile filter is asked when they are due, by advance.
func (d *Dispatcher) filter(ctx context.Context, g *program.Program, candidates []candidate, now time.Time, refuse func(store.Entry, string)) ([]candidate, error) {
	flow := g.Variables()
	var passed, early []candidate
	var people []expression.Subject
	for _, c := range candidates {
		person := expression.Subject{
			Profile: c.person.ID, Start: c.enteredAt, Now: now, Person: c.person.Values, Event: c.event, Flow: flow,
		}
		if c.event != nil {
			ok, err := g.Triggered(person.Input())
			if err != nil {
				d.Log.WarnContext(ctx, "evaluating a trigger filter", "flow", g.Plan.Flow, "profile", c.person.ID, "error", err)
			}
			if !ok {
				refuse(c.entry, store.RefusedTriggerFilter)
				continue
			}
			if d.late(g.Plan, c) {
				refuse(c.entry, store.RefusedLate)
				continue
			}
		}
		if c.entry.DueAt.Valid { // planned ahead by its date: the profile filter is asked when it is due
			early = append(early, c)
			continue
		}
		passed, people = append(passed, c), append(people, person)
	}
	if g.Filter == nil {
		return append(passed, early...), nil
	}
	answers, err := expression.Ask(ctx, d.Store.DB, people, g.Filter)
	if err != nil {
		return nil, err
	}
	let := passed[:0]
	for i, c := range passed {
		ok, err := answers.True(i, 0)
		if err != nil {
			d.Log.WarnContext(ctx, "evaluating a profile filter", "flow", g.Plan.Flow, "profile", c.person.ID, "error", err)
		}
		if !ok {
			refuse(c.entry, store.RefusedProfileFilter)
			continue
		}
		let = append(let, c)
	}
	return append(let, early...), nil
}

// reenter applies the re-entry rule, under a lock per person and flow, and drops entries that are in already.
func (d *Dispatcher) reenter(ctx context.Context, tx *sqlx.Tx, g *program.Program, candidates []candidate, refuse func(store.Entry, string)) ([]candidate, error) {
	if len(candidates) == 0 {
		return nil, nil
	}
	profiles, keys := make([]string, len(candidates)), make([]string, len(candidates))
	for i, c := range candidates {
		profiles[i], keys[i] = c.person.ID, c.entry.Key
	}
	if err := d.Store.LockEntries(ctx, tx, g.Plan.Flow, profiles); err != nil {
		return nil, err
	}
	existing, err := d.Store.ExistingEntries(ctx, tx, g.Plan.Flow, profiles, keys)
	if err != nil {
		return nil, err
	}
	rule := g.Plan.Reentry
	var last map[string]time.Time
	if rule.Mode != plan.Always {
		if last, err = d.Store.LastEntries(ctx, tx, g.Plan.Flow, profiles); err != nil {
			return nil, err
		}
	}
	var let []candidate
	for _, c := range candidates {
		key := c.person.ID + " " + c.entry.Key
		if existing[key] {
			continue
		}
		if at, ok := last[c.person.ID]; ok && !c.entry.Past && (rule.Mode == plan.Never || c.enteredAt.Before(at.Add(rule.After))) {
			refuse(c.entry, store.RefusedReentry)
			continue
		}
		existing[key] = true
		if last != nil {
			last[c.person.ID] = c.enteredAt
		}
		let = append(let, c)
	}
	return let, nil
}

// enrol writes a cohort and its runs, which are at their first wait already where that is known.
func (d *Dispatcher) enrol(ctx context.Context, tx *sqlx.Tx, g *program.Program, members []candidate, opening *openingWait, now time.Time) (admitted, error) {
	now = now.Truncate(time.Microsecond)
	c := admitted{cohort: store.Cohort{ID: cohortID(g.Plan.Flow, members), FlowID: g.Plan.Flow, Hash: g.Hash, Size: len(members)}}
	runs := make([]store.Run, len(members))
	var outcomes []store.Outcome
	for i, m := range members {
		runs[i] = store.Run{
			ID: ulid.Make().String(), ProfileID: m.person.ID, EntryKey: m.entry.Key, EventID: m.entry.EventID, EventTime: m.entry.EventTime,
			Depth: m.entry.Depth, PlaceFrom: m.entry.PlaceFrom,
			EnteredAt: m.enteredAt.UTC().Truncate(time.Microsecond), DueAt: sql.NullTime{Time: now, Valid: true},
		}
		if m.entry.DueAt.Valid {
			runs[i].DueAt = m.entry.DueAt
			_, ahead := d.Clock.Wake(time.Duration(m.entry.AheadUS)*time.Microsecond, m.entry.DueAt.Time)
			runs[i].AheadUS = ahead.Microseconds()
		}
		started := store.CohortRun{ID: runs[i].ID, ProfileID: m.person.ID}
		if opening != nil {
			if outcome := opening.bring(&runs[i], m, d.Clock, now); outcome != nil {
				outcomes = append(outcomes, *outcome)
				started.Wait = opening.step.Label()
			}
		}
		started.Step, started.DueAt, started.AheadUS = runs[i].Step, runs[i].DueAt, runs[i].AheadUS
		c.runs = append(c.runs, started)
	}
	if err := d.Store.AddCohort(ctx, tx, c.cohort, runs); err != nil {
		return c, err
	}
	return c, d.record(ctx, tx, outcomes)
}

// cohortID builds the workflow id from the entries, so that the same entries are the same cohort.
func cohortID(flow string, members []candidate) string {
	sum := sha256.New()
	for _, m := range members {
		sum.Write([]byte(m.person.ID + " " + m.entry.Key + "\n"))
	}
	id := hex.EncodeToString(sum.Sum(nil)[:10])
	if len(members) == 1 {
		return strings.Join([]string{flow, members[0].person.ID, id}, "/")
	}
	return flow + "/" + id
}
