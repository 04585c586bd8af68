package activities

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
)

// pass is one call of advance: the members, and what is to be written about them.
type pass struct {
	*Advance
	program  *program.Program
	base     time.Time // the clock's time, one for the whole pass, so that equal waits end together
	account  *store.Account
	flow     map[string]any // what expressions and templates see as flow
	members  []*member
	outcomes []store.Outcome
	changes  map[string]change // of profiles, by "run step"
	watching []store.Watch     // to be set
	leaving  []store.Watch     // no longer watched, by run and step
	queued   []queued          // actions for review
	holds    []hold            // send timers taken, not settled yet
	owner    string            // of the holds; "" before the first
	order    []string          // decisions in the order they were first made
	counts   map[string]int
}

// member is a run on its way through a pass.
type member struct {
	run    store.Run // as it is to be
	step   string    // where it was found, or last written, as are the next two
	due    sql.NullTime
	status string
	person *store.Person
	event  map[string]any
	zone   *time.Location
	now    time.Time // in the run's own time
	state  state
	wait   string    // what it waits in, for people to read
	wake   time.Time // when the wait ends, on the clock
	apart  bool      // it does one approved action beside its run, which stays as it is
	data   data
	early  bool // it is looked at before it is due, because something happened
}

// placing says whether the member is on its way to where it would be, had it entered earlier.
func (m *member) placing() bool { return m.run.PlaceFrom.Valid }

type state int

const (
	walking state = iota
	waiting       // until due
	left          // has left the flow
	lost          // another advance has moved it meanwhile: only the database knows where it is
)

// load reads what is needed of the runs that are due, or that have to be looked at although they are not.
func (p *pass) load(ctx context.Context, runs []store.Run, nudged []string) error {
	var err error
	if p.account, err = p.Store.Account(ctx); err != nil {
		return err
	}
	early := make(map[string]bool, len(nudged))
	for _, id := range nudged {
		early[id] = true
	}
	var profiles []string
	var events []store.TriggerEvent
	for _, run := range runs {
		m := &member{run: run, step: run.Step, due: run.DueAt, status: run.Status, now: p.base.Add(run.Ahead())}
		p.members = append(p.members, m)
		if run.Paused {
			p.pause(m)
			continue
		}
		if run.DueAt.Valid && run.DueAt.Time.After(m.now) {
			if m.early = early[run.ID] && p.watches(&run); !m.early {
				p.park(m, "", run.DueAt.Time)
				continue
			}
		}
		if m.data, err = readData(run.Data); err != nil {
			return fmt.Errorf("run %s: %w", run.ID, err)
		}
		if run.PlaceFrom.Valid {
			m.now = run.PlaceFrom.Time
		}
		profiles = append(profiles, run.ProfileID)
		if run.EventID.Valid {
			events = append(events, store.TriggerEvent{ID: run.EventID.String, Time: run.EventTime.Time})
		}
	}
	if len(profiles) == 0 {
		return nil
	}
	people, err := p.Store.People(ctx, profiles)
	if err != nil {
		return err
	}
	happenings, err := p.Store.TriggerEvents(ctx, p.Store.DB, events)
	if err != nil {
		return err
	}
	for _, m := range p.walking() {
		if m.person = people[m.run.ProfileID]; m.person == nil {
			p.finish(m, store.RunExited, ReasonDeleted)
			continue
		}
		m.event = happenings[m.run.EventID.String].Values
		m.zone = clock.Zone(m.person.Timezone, p.account.Timezone)
	}
	return nil
}

// enter brings the members that have not taken a step yet to the first one. Somebody who enters by a date was
// planned ahead, so that the profile filter of the entry is asked only now.
func (p *pass) enter(ctx context.Context) error {
	var entering []*member
	for _, m := range p.walking() {
		if m.run.Step == "" {
			entering = append(entering, m)
		} else if p.program.Index(m.run.Step) < 0 {
			p.finish(m, store.RunExited, ReasonActionGone)
		}
	}
	var planned []*member
	for _, m := range entering {
		if strings.HasPrefix(m.run.EntryKey, "date/") {
			planned = append(planned, m)
		}
	}
	if len(planned) > 0 {
		answers, err := p.ask(ctx, planned, p.program.Filter)
		if err != nil {
			return err
		}
		for i, m := range planned {
			if ok, err := answers.True(i, 0); err != nil || !ok {
				p.finish(m, store.RunExited, ReasonEntryFilter)
			}
		}
	}
	for _, m := range entering {
		if m.state == walking {
			p.watch(m, "", p.program.ExitOn, m.run.EnteredAt)
			p.moveTo(m, p.program.Plan.Entry)
		}
	}
	return nil
}

func (p *pass) walking() []*member {
	var members []*member
	for _, m := range p.members {
		if m.state == walking {
			members = append(members, m)
		}
	}
	return members
}

// at gives the walking members whose next step is id.
func (p *pass) at(id string) []*member {
	var members []*member
	for _, m := range p.members {
		if m.state == walking && m.run.Step == id {
			members = append(members, m)
		}
	}
	return members
}

// clock is what the member's clock shows: its now, unless it is being placed and its now lies behind.
func (m *member) clock(p *pass) time.Time { return p.base.Add(m.run.Ahead()) }

// moved says whether somebody let the member go on from a step before its time: it is due, and was not looked at
// because something happened.
func (m *member) moved(step string) bool {
	return !m.early && !m.placing() && m.step == step && !m.since(step).IsZero() && !m.due.Time.After(m.now)
}

// moveTo sets the member's next step; "" ends the run.
func (p *pass) moveTo(m *member, step string) {
	if step == "" {
		p.finish(m, store.RunDone, "")
		return
	}
	m.run.Step = step
	m.run.DueAt = sql.NullTime{Time: m.now, Valid: true}
}

// park lets the member wait until due, in its own time. What it waits for is its next step.
func (p *pass) park(m *member, wait string, due time.Time) {
	var ahead time.Duration
	m.wake, ahead = clock.Clock{Now: func() time.Time { return p.base }, Speed: p.Clock.Speed}.Wake(m.run.Ahead(), due)
	m.run.AheadUS = ahead.Microseconds()
	m.run.DueAt = sql.NullTime{Time: due, Valid: true}
	m.run.PlaceFrom = sql.NullTime{}
	m.state, m.wait = waiting, wait
}

// pause lets the member stand where it is while its flow is paused. Resuming looks at it again.
func (p *pass) pause(m *member) {
	m.state, m.wait, m.wake = waiting, "paused", p.base.Add(pausedFor)
}

// pausedFor is after how long a paused run is looked at even if nobody says that its flow was resumed.
const pausedFor = 24 * time.Hour

func (p *pass) finish(m *member, status, reason string) {
	if m.apart { // the run itself goes on, or has ended otherwise
		m.state = left
		return
	}
	p.unwatch(m, "")
	m.run.PlaceFrom = sql.NullTime{}
	m.state = left
	m.run.Status, m.run.Reason = status, reason
	m.run.FinishedAt = sql.NullTime{Time: m.now, Valid: true}
	m.run.DueAt = sql.NullTime{}
}

// record notes what became of a step for a member.
func (p *pass) record(m *member, s *program.Step, result, reason string, detail map[string]any) {
	outcome := store.Outcome{
		RunID: m.run.ID, EnteredAt: m.run.EnteredAt, Step: s.ID, Kind: s.Kind, Result: result, Reason: reason, At: m.now,
	}
	if len(detail) > 0 {
		if data, err := json.Marshal(detail); err == nil {
			text := string(data)
			outcome.Detail = &text
		}
	}
	p.outcomes = append(p.outcomes, outcome)
}

// decide counts a decision for the activity's result, which is what the Temporal UI shows.
func (p *pass) decide(s *program.Step, what string) { p.decideFor(s.Label(), what) }

func (p *pass) decideFor(label, what string) {
	line := label + ": " + what
	if p.counts[line] == 0 {
		p.order = append(p.order, line)
	}
	p.counts[line]++
}

// flush writes what has been decided so far, and with it what more has to be in the same transaction.
func (p *pass) flush(ctx context.Context, more func(tx *sqlx.Tx) error) error {
	var moves []store.Move
	var moving []*member
	for _, m := range p.members {
		if !m.apart && m.state != lost && (m.run.Status != m.status || m.run.Step != m.step || m.run.DueAt != m.due || m.run.PlaceFrom.Valid) {
			m.run.Data = m.data.encode(m.run.Data)
			if m.placing() {
				m.run.PlaceFrom.Time = m.now // from where the rest of the way counts
			}
			moves = append(moves, store.Move{Run: m.run, FromStep: m.step, FromDue: m.due})
			moving = append(moving, m)
		}
	}
	if len(moves) == 0 && len(p.outcomes) == 0 && len(p.holds) == 0 && more == nil {
		return nil
	}
	err := p.Store.Tx(ctx, func(tx *sqlx.Tx) error {
		if len(moves) > 0 {
			moved, err := p.Store.MoveRuns(ctx, tx, moves)
			if err != nil {
				return err
			}
			for _, m := range moving {
				if !moved[m.run.ID] {
					p.lose(ctx, m)
				}
			}
		}
		if len(p.outcomes) > 0 {
			written, err := p.Store.AddOutcomes(ctx, tx, p.outcomes)
			if err != nil {
				return err
			}
			if err := p.apply(ctx, tx, written); err != nil {
				return err
			}
		}
		if err := p.writeWatches(ctx, tx); err != nil {
			return err
		}
		if err := p.writeReviews(ctx, tx); err != nil {
			return err
		}
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		return p.settleTimers(ctx, tx) // by what became of the messages, which more has written
	})
	if err != nil {
		return err
	}
	for _, m := range moving {
		m.step, m.due, m.status = m.run.Step, m.run.DueAt, m.run.Status
	}
	p.outcomes, p.changes, p.watching, p.leaving = nil, nil, nil, nil
	return nil
}

// lose gives up a member that another advance has moved meanwhile, with everything decided about it.
func (p *pass) lose(ctx context.Context, m *member) {
	p.Log.WarnContext(ctx, "the run moved while it was being advanced", "run", m.run.ID, "flow", m.run.FlowID)
	m.state = lost
	own := func(w store.Watch) bool { return w.RunID == m.run.ID }
	p.watching, p.leaving = slices.DeleteFunc(p.watching, own), slices.DeleteFunc(p.leaving, own)
	kept := p.outcomes[:0]
	for _, o := range p.outcomes {
		if o.RunID != m.run.ID {
			kept = append(kept, o)
		}
	}
	p.outcomes = kept
}

// answer tells the cohort where its members are.
func (p *pass) answer(ctx context.Context) (workflows.Advanced, error) {
	var result workflows.Advanced
	if err := p.relocate(ctx); err != nil {
		return result, err
	}
	var groups workflows.Groups
	for _, m := range p.members {
		if m.state == waiting {
			groups.Add(m.run.ID, m.run.Step, m.wait, m.wake)
		}
	}
	result.Waiting = groups.Waiting
	for _, line := range p.order {
		if n := p.counts[line]; n > 1 {
			line = fmt.Sprintf("%s (%d people)", line, n)
		}
		result.Decisions = append(result.Decisions, line)
	}
	return result, nil
}

// relocate looks up where the lost members are by now.
func (p *pass) relocate(ctx context.Context) error {
	var ids []string
	for _, m := range p.members {
		if m.state == lost {
			ids = append(ids, m.run.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	runs, err := p.Store.Runs(ctx, ids)
	if err != nil {
		return err
	}
	for _, run := range runs {
		for _, m := range p.members {
			if m.run.ID == run.ID && run.Status == store.RunActive {
				m.run, m.now = run, p.base.Add(run.Ahead())
				due := m.now.Add(time.Second) // long enough for the other advance to get further
				if run.DueAt.Valid && run.DueAt.Time.After(due) {
					due = run.DueAt.Time
				}
				p.park(m, "", due)
			}
		}
	}
	return nil
}

func (p *pass) log(m *member) *slog.Logger {
	return p.Log.With("run", m.run.ID, "flow", m.run.FlowID, "profile", m.run.ProfileID)
}
