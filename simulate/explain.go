package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// Limits on what an explanation shows, the latest of each.
const (
	shownEvents   = 5
	shownMetrics  = 10
	shownRuns     = 20
	shownRefusals = 20
)

// Explanation is how a person stands to a flow: what they did that might have let them in, what came of it, and
// what is so now.
type Explanation struct {
	Flow     string              `json:"flow"`
	Status   string              `json:"flow_status"`
	Archived bool                `json:"archived,omitempty"`
	Profile  string              `json:"profile"`
	Person   string              `json:"person"` // as people know them
	Now      time.Time           `json:"now"`
	Zone     *time.Location      `json:"-"`
	Triggers []Trigger           `json:"triggers"`
	Filter   []Clause            `json:"filter"` // the profile filter as of now
	Refusals []Refusal           `json:"refusals"`
	Runs     []Run               `json:"runs"`
	Did      []store.MetricCount `json:"did,omitempty"` // where no trigger event was seen: what was
}

// Trigger is a trigger with what was seen of it.
type Trigger struct {
	Kind   string      `json:"kind"`
	Key    string      `json:"key"`
	State  string      `json:"state"`
	Events []SeenEvent `json:"events,omitempty"` // the latest first
}

// SeenEvent is an event that may have let a person in.
type SeenEvent struct {
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	Recorded time.Time `json:"recorded"`
	Backfill bool      `json:"backfill,omitempty"`
	Became   string    `json:"became"` // entered, refused: …, or why there is no trace
	Filter   []Clause  `json:"filter,omitempty"`
}

// Refusal is why somebody was not let in.
type Refusal struct {
	At      time.Time `json:"at"`
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
	Clauses []Clause  `json:"clauses,omitempty"`
}

// Run is one way through the flow.
type Run struct {
	ID      string     `json:"id"`
	Version string     `json:"version"`
	Current bool       `json:"current"` // on the version that people enter now
	Entered time.Time  `json:"entered"`
	By      string     `json:"by"`
	Status  string     `json:"status"`
	Steps   []RunStep  `json:"steps"`
	Next    string     `json:"next,omitempty"` // the step at which an active run is, or which it does next
	Due     *time.Time `json:"due,omitempty"`
	Checks  []Check    `json:"checks,omitempty"` // what would be asked, were it due now
}

// RunStep is what became of a step.
type RunStep struct {
	Step   string          `json:"step"`
	Kind   string          `json:"kind"`
	At     time.Time       `json:"at"`
	Text   string          `json:"text"` // result and reason
	Detail json.RawMessage `json:"detail,omitempty"`
}

// Check is something that would be asked.
type Check struct {
	What    string   `json:"what"`
	Clauses []Clause `json:"clauses,omitempty"`
	Text    string   `json:"text,omitempty"`
}

// Explain says how a person stands to a flow of the store. It changes nothing. person is an id, email, phone number
// or external id.
func Explain(ctx context.Context, s *store.Store, flowID, person string, now time.Time) (*Explanation, error) {
	f, err := s.Flow(ctx, flowID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("the database has no flow %q; legato flow apply brings flows there", flowID)
	}
	if err != nil {
		return nil, fmt.Errorf("reading flow %s: %w", flowID, err)
	}
	profile, err := s.FindProfile(ctx, person)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("nobody has the id, email, phone number or external id %q", person)
	}
	if err != nil {
		return nil, err
	}
	programs := &program.Cache{Load: s.Plan}
	e := &explainer{s: s, programs: programs, out: &Explanation{
		Flow: f.ID, Status: f.Status, Archived: f.Archived, Profile: profile, Now: now,
		Triggers: []Trigger{}, Filter: []Clause{}, Refusals: []Refusal{}, Runs: []Run{}}}
	if e.program, err = programs.Get(ctx, f.Hash); err != nil {
		return nil, err
	}
	for _, part := range []func(context.Context) error{e.person, e.runs, e.refusals, e.triggers, e.filter} {
		if err := part(ctx); err != nil {
			return nil, fmt.Errorf("explaining flow %s: %w", flowID, err)
		}
	}
	return e.out, nil
}

type explainer struct {
	s        *store.Store
	programs *program.Cache
	program  *program.Program
	who      *store.Person
	became   map[string]string // by entry key
	out      *Explanation
}

func (e *explainer) person(ctx context.Context) error {
	people, err := e.s.People(ctx, []string{e.out.Profile})
	if err != nil {
		return err
	}
	if e.who = people[e.out.Profile]; e.who == nil {
		return fmt.Errorf("profile %s was deleted meanwhile", e.out.Profile)
	}
	account, err := e.s.Account(ctx)
	if err != nil {
		return err
	}
	e.out.Zone = clock.Zone(e.who.Timezone, account.Timezone)
	e.out.Person = strings.TrimSpace(e.who.Name + " " + e.who.Email)
	if e.out.Person == "" {
		e.out.Person = e.out.Profile
	}
	e.became = map[string]string{}
	return nil
}

func (e *explainer) subject(start time.Time, event map[string]any) expression.Subject {
	return expression.Subject{Profile: e.out.Profile, Start: start, Now: e.out.Now, Person: e.who.Values, Event: event, Flow: e.program.Variables()}
}

func (e *explainer) refusals(ctx context.Context) error {
	refusals, err := e.s.RefusalsOfProfile(ctx, e.out.Profile, 10_000)
	if err != nil {
		return err
	}
	refusals = slices.DeleteFunc(refusals, func(r store.Refusal) bool { return r.FlowID != e.out.Flow })
	for _, r := range refusals {
		e.became[r.EntryKey] = full("refused", r.Reason)
	}
	for _, r := range refusals[max(0, len(refusals)-shownRefusals):] {
		clauses, err := refusalClauses(ctx, e.s, e.program, &r)
		if err != nil {
			return err
		}
		e.out.Refusals = append(e.out.Refusals, Refusal{At: r.At, Reason: r.Reason, By: by(r.EntryKey), Clauses: clauses})
	}
	return nil
}

// by says what brought somebody to the door, from the key of their entry.
func by(key string) string {
	kind, rest, _ := strings.Cut(key, "/")
	switch kind {
	case "list":
		list, _, _ := strings.Cut(rest, "/")
		return "joining the list " + list
	case "date":
		return "the date " + rest
	default:
		return kind + " " + rest
	}
}

// triggers looks for what might have let the person in.
func (e *explainer) triggers(ctx context.Context) error {
	for i := range e.program.Plan.Triggers {
		t := &e.program.Plan.Triggers[i]
		one := Trigger{Kind: t.Kind(), Key: t.Key()}
		var err error
		switch {
		case t.Metric != nil:
			err = e.metric(ctx, i, &one)
		case t.List != nil:
			var in map[string]bool
			in, err = e.s.MembersOf(ctx, t.List.List, []string{e.out.Profile})
			one.State = "is no member"
			if in[e.out.Profile] {
				one.State = "is a member"
			}
		case t.Date != nil:
			one.State = e.date(t.Date)
		default:
			one.State = "this kind of trigger is not available yet"
		}
		if err != nil {
			return err
		}
		e.out.Triggers = append(e.out.Triggers, one)
	}
	return nil
}

func (e *explainer) date(t *plan.DateTrigger) string {
	value, ok := e.who.Values[t.Property]
	if !ok || value == nil {
		return "the profile has no property " + t.Property
	}
	written, _ := value.(string)
	if year, month, day, ok := plan.ParseDate(written); ok {
		return fmt.Sprintf("%s is %s (%04d-%02d-%02d)", t.Property, shown(value), year, month, day)
	}
	return fmt.Sprintf("%s is %s, which is no date", t.Property, shown(value))
}

func (e *explainer) metric(ctx context.Context, i int, one *Trigger) error {
	events, err := e.s.LatestEvents(ctx, e.out.Profile, []string{one.Key}, shownEvents)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		one.State = "no such event of this person has been seen"
		e.out.Did, err = e.s.MetricsOfProfile(ctx, e.out.Profile, shownMetrics)
		return err
	}
	one.State = fmt.Sprintf("the latest %d events", len(events))
	for _, event := range events {
		seen := SeenEvent{ID: event.ID, Time: event.Time, Recorded: event.RecordedAt, Backfill: event.Backfill, Became: e.became["event/"+event.ID]}
		switch {
		case seen.Became != "":
		case event.Backfill:
			seen.Became = "imported, so it triggers nothing"
		default:
			seen.Became = "no trace of an entry: it was stored before the flow was live, or is waiting to be dispatched"
		}
		if filter := e.program.Triggers[i]; filter != nil {
			h, err := happening(ctx, e.s, event.ID, event.Time)
			if err != nil {
				return err
			}
			if h != nil {
				if seen.Filter, err = Clauses(ctx, e.s, filter, e.subject(event.RecordedAt, h.Values)); err != nil {
					return err
				}
			}
		}
		one.Events = append(one.Events, seen)
	}
	return nil
}

// filter asks the profile filter as if the person came to the door now.
func (e *explainer) filter(ctx context.Context) (err error) {
	if e.program.Filter != nil {
		e.out.Filter, err = Clauses(ctx, e.s, e.program.Filter, e.subject(e.out.Now, nil))
	}
	return err
}
