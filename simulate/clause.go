package simulate

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// Clause is a part of a filter that and or or joins, with its value and what it saw.
type Clause struct {
	Source string `json:"clause"`
	Holds  bool   `json:"holds"`
	Value  any    `json:"value"` // null when missing
	Error  string `json:"error,omitempty"`
	Inputs []Seen `json:"inputs,omitempty"`
}

// Seen is something that a clause read. Value is null where it was missing.
type Seen struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Clauses evaluates every clause of a filter for somebody.
func Clauses(ctx context.Context, s *store.Store, filter *expression.Expression, who expression.Subject) ([]Clause, error) {
	answers, err := expression.Answer(ctx, s.DB, filter.Queries(), []expression.Subject{who})
	if err != nil {
		return nil, err
	}
	in := who.Input()
	in.Answers = answers[0]
	var all []Clause
	for _, c := range filter.Explain(in) {
		one := Clause{Source: c.Source, Holds: c.Holds, Value: c.Value, Error: c.Error}
		for _, seen := range c.Inputs {
			one.Inputs = append(one.Inputs, Seen(seen))
		}
		all = append(all, one)
	}
	return all, nil
}

// String is "✓ clause" or "✗ clause", with what it saw.
func (c Clause) String() string {
	mark := "✗ "
	if c.Holds {
		mark = "✓ "
	}
	var b strings.Builder
	b.WriteString(mark + c.Source)
	for i, seen := range c.Inputs {
		separator := ", "
		if i == 0 {
			separator = "   with "
		}
		b.WriteString(separator + seen.Name + " = " + shown(seen.Value))
	}
	if c.Error != "" {
		b.WriteString("   error: " + c.Error)
	}
	return b.String()
}

// happening reads the event that let somebody in, or nil.
func happening(ctx context.Context, s *store.Store, id string, at time.Time) (*store.Happening, error) {
	if id == "" {
		return nil, nil
	}
	found, err := s.TriggerEvents(ctx, s.DB, []store.TriggerEvent{{ID: id, Time: at}})
	if err != nil {
		return nil, err
	}
	if event, ok := found[id]; ok {
		return &event, nil
	}
	return nil, nil
}

// subjectOf is who a run is about, as its filters see them at now; nil where the profile is gone.
func subjectOf(ctx context.Context, s *store.Store, g *program.Program, run *store.Run, now time.Time) (*expression.Subject, error) {
	people, err := s.People(ctx, []string{run.ProfileID})
	if err != nil || people[run.ProfileID] == nil {
		return nil, err
	}
	who := &expression.Subject{
		Profile: run.ProfileID, Start: run.EnteredAt, Now: now, Person: people[run.ProfileID].Values, Flow: g.Variables(),
	}
	event, err := happening(ctx, s, run.EventID.String, run.EventTime.Time)
	if event != nil {
		who.Event = event.Values
	}
	return who, err
}

// refusalClauses gives the clauses of the filter for which somebody was refused, as they were at that moment.
// Properties are those of now.
func refusalClauses(ctx context.Context, s *store.Store, g *program.Program, r *store.Refusal) ([]Clause, error) {
	people, err := s.People(ctx, []string{r.ProfileID})
	if err != nil || people[r.ProfileID] == nil {
		return nil, err
	}
	who := expression.Subject{Profile: r.ProfileID, Start: r.At, Now: r.At, Person: people[r.ProfileID].Values, Flow: g.Variables()}
	metric := ""
	if id, ok := strings.CutPrefix(r.EntryKey, "event/"); ok {
		stored, err := s.Event(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		event, err := happening(ctx, s, id, stored.Time)
		if err != nil || event == nil {
			return nil, err
		}
		metric, who.Event, who.Start = stored.Metric, event.Values, event.RecordedAt
	}
	switch r.Reason {
	case store.RefusedProfileFilter:
		if g.Filter != nil {
			return Clauses(ctx, s, g.Filter, who)
		}
	case store.RefusedTriggerFilter:
		return triggerClauses(ctx, s, g, metric, who)
	}
	return nil, nil
}

// triggerClauses are those of the filters of all triggers of the metric.
func triggerClauses(ctx context.Context, s *store.Store, g *program.Program, metric string, who expression.Subject) ([]Clause, error) {
	var all []Clause
	for i := range g.Plan.Triggers {
		if t := g.Plan.Triggers[i].Metric; t == nil || t.Metric != metric || g.Triggers[i] == nil {
			continue
		}
		clauses, err := Clauses(ctx, s, g.Triggers[i], who)
		if err != nil {
			return nil, err
		}
		all = append(all, clauses...)
	}
	return all, nil
}
