package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/lib/pq"
)

// maxEvents bounds the stored events that one simulation goes through.
const maxEvents = 200_000

// Window is the part of a shop's history that a flow is simulated over.
type Window struct {
	From, Till time.Time
	People     int // at most; 0 is 10,000
}

// Report is what a flow would have done over a window.
type Report struct {
	From     time.Time      `json:"from"`
	Till     time.Time      `json:"till"`
	People   int            `json:"people"` // whom a trigger concerned
	More     bool           `json:"more"`   // there were more than looked at
	Events   int            `json:"events"` // stored ones that were gone through
	Entered  int            `json:"entered"`
	Statuses map[string]int `json:"statuses"` // runs by status
	Refused  map[string]int `json:"refused"`  // by reason
	Steps    []StepTotal    `json:"steps"`
	Messages []Message      `json:"-"` // in their order
}

// StepTotal counts what became of a step.
type StepTotal struct {
	Step   string `json:"step" db:"step"`
	Kind   string `json:"kind" db:"kind"`
	Result string `json:"result" db:"result"`
	Branch string `json:"branch,omitempty" db:"branch"` // the way taken, where there are several
	Reason string `json:"reason,omitempty" db:"reason"`
	Count  int    `json:"count" db:"n"`
}

// pastEvent is a stored event of the window.
type pastEvent struct {
	ID         string       `db:"id"`
	ProfileID  string       `db:"profile_id"`
	Metric     string       `db:"metric"`
	Service    string       `db:"service"`
	Time       time.Time    `db:"time"`
	Value      *json.Number `db:"value"`
	Currency   *string      `db:"currency"`
	Properties []byte       `db:"properties"`
}

// OverHistory simulates the flow over the stored events of a window, in the order in which they happened. The
// simulation must be fresh, and its clock at the window's beginning. Imported events count as if they had arrived
// when they happened. Nothing of the real data changes.
func (s *Simulation) OverHistory(ctx context.Context, w Window) (*Report, error) {
	if w.People <= 0 {
		w.People = 10_000
	}
	if !w.From.Before(w.Till) || w.Till.Sub(w.From) > Longest {
		return nil, fmt.Errorf("the window must be longer than nothing and at most %d days", int(Longest.Hours()/24))
	}
	people, err := s.concerned(ctx, w)
	if err != nil {
		return nil, err
	}
	r := &Report{From: w.From, Till: w.Till, Statuses: map[string]int{}, Refused: map[string]int{}, Steps: []StepTotal{}}
	if r.More = len(people) > w.People; r.More {
		people = people[:w.People]
	}
	r.People = len(people)
	if err := s.copy(ctx, people, w); err != nil {
		return nil, err
	}
	if err := s.Apply(ctx); err != nil {
		return nil, err
	}
	if r.Events, err = s.replay(ctx, people, w); err != nil {
		return nil, err
	}
	if err := s.Run(ctx, w.Till); err != nil {
		return nil, err
	}
	return r, s.total(ctx, r)
}

// replay puts the window's events and memberships on the agenda.
func (s *Simulation) replay(ctx context.Context, people []string, w Window) (int, error) {
	var events []pastEvent
	err := s.store.DB.SelectContext(ctx, &events, s.real(`
		select e.id, e.profile_id, m.name as metric, m.service, e.time, e.value, e.currency, e.properties
		from $event e join $metric m on m.id = e.metric_id
		where e.profile_id = any($1) and e.time >= $2 and e.time < $3
		order by e.time, e.id limit $4`), pq.Array(people), w.From, w.Till, maxEvents+1)
	if err != nil {
		return 0, fmt.Errorf("reading the window's events: %w", err)
	}
	if len(events) > maxEvents {
		return 0, fmt.Errorf("these people have more than %d events in the window: choose a shorter one, or fewer people", maxEvents)
	}
	urgent := s.urgent()
	for len(events) > 0 {
		n := 1
		for n < len(events) && n < oneBatch && !urgent(events[n-1].Metric) && events[n].Time.Sub(events[0].Time) < time.Hour {
			n++
		}
		part := events[:n]
		s.agenda.add(act{at: part[n-1].Time, do: func(ctx context.Context) error { return s.take(ctx, part) }})
		events = events[n:]
	}
	var joins []struct {
		List    string    `db:"list_id"`
		Profile string    `db:"profile_id"`
		At      time.Time `db:"joined_at"`
	}
	err = s.store.DB.SelectContext(ctx, &joins, s.real(`
		select list_id, profile_id, joined_at from $list_member
		where profile_id = any($1) and joined_at >= $2 and joined_at < $3 order by joined_at`), pq.Array(people), w.From, w.Till)
	if err != nil {
		return 0, fmt.Errorf("reading who joined lists in the window: %w", err)
	}
	for _, j := range joins {
		s.agenda.add(act{at: j.At, do: func(ctx context.Context) error {
			return s.ingest.JoinList(ctx, j.List, []string{j.Profile})
		}})
	}
	var n int
	err = s.store.DB.GetContext(ctx, &n, s.real(`select count(*) from $event where profile_id = any($1) and time >= $2 and time < $3`),
		pq.Array(people), w.From, w.Till)
	return n, err
}

// urgent says which metrics a flow acts on at once. The others only have to be stored before the next of those.
func (s *Simulation) urgent() func(metric string) bool {
	metrics, all := map[string]bool{}, false
	for i := range s.Program.Plan.Triggers {
		if t := s.Program.Plan.Triggers[i].Metric; t != nil {
			metrics[t.Metric] = true
		}
	}
	watches := s.Program.ExitOn
	for i := range s.Program.Steps {
		watches = append(watches[:len(watches):len(watches)], s.Program.Steps[i].Watches...)
	}
	for _, w := range watches {
		metrics[w.Metric] = true
		all = all || w.Watch.Condition != ""
	}
	return func(metric string) bool { return all || metrics[metric] }
}

// take stores events of the past as if they arrived now.
func (s *Simulation) take(ctx context.Context, events []pastEvent) error {
	batch := make([]ingest.Event, len(events))
	for i, e := range events {
		batch[i] = ingest.Event{Metric: e.Metric, Service: e.Service, Profile: ingest.Change{ID: e.ProfileID}, Properties: e.Properties,
			Value: e.Value, Currency: e.Currency, Time: e.Time, UniqueID: e.ID}
	}
	results, err := s.ingest.Events(ctx, batch)
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Err != nil {
			return fmt.Errorf("event %s: %w", events[i].ID, r.Err)
		}
	}
	return nil
}

// total counts what came out.
func (s *Simulation) total(ctx context.Context, r *Report) error {
	r.Messages = s.Messages
	err := s.store.DB.SelectContext(ctx, &r.Steps, `
		select step, kind, result, reason, coalesce(detail ->> 'branch', '') as branch, count(*) as n
		from outcome group by 1, 2, 3, 4, 5 order by min(at), step, n desc`)
	if err != nil {
		return fmt.Errorf("counting outcomes: %w", err)
	}
	for _, count := range []struct {
		of   map[string]int
		from string
	}{{r.Refused, "select reason as name, count(*) as n from refusal group by 1"}, {r.Statuses, "select status as name, count(*) as n from run group by 1"}} {
		var rows []struct {
			Name string
			N    int
		}
		if err := s.store.DB.SelectContext(ctx, &rows, count.from); err != nil {
			return fmt.Errorf("counting runs and refusals: %w", err)
		}
		for _, row := range rows {
			count.of[row.Name] = row.N
		}
	}
	for _, n := range r.Statuses {
		r.Entered += n
	}
	return nil
}
