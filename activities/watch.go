package activities

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// watches says whether the run may wait for something that happens, or has its date to lose.
func (p *pass) watches(run *store.Run) bool {
	if len(p.program.ExitOn) > 0 {
		return true
	}
	if _, ok := plan.DateOfKey(run.EntryKey); ok && run.Step != "" { // before the first step it is only planned
		return true
	}
	i := p.program.Index(run.Step)
	return i >= 0 && p.program.Steps[i].WaitFor != nil
}

// watch notes what may happen to the member from then on, so that whoever stores it nudges the run.
func (p *pass) watch(m *member, step string, watches []program.Watch, since time.Time) {
	add := func(kind, key string) {
		w := store.Watch{RunID: m.run.ID, ProfileID: m.run.ProfileID, Step: step, Kind: kind, Key: key, Since: since}
		if !slices.Contains(p.watching, w) {
			p.watching = append(p.watching, w)
		}
	}
	for _, w := range watches {
		if w.Metric != "" {
			add(store.WatchEvent, w.Metric)
			continue
		}
		for _, metric := range w.Condition.Metrics() {
			add(store.WatchEvent, metric)
		}
		add(store.WatchProfile, "")
		add(store.WatchList, "")
	}
}

// unwatch ends what a step of the member watches, or everything with step "".
func (p *pass) unwatch(m *member, step string) {
	p.watching = slices.DeleteFunc(p.watching, func(w store.Watch) bool { return w.RunID == m.run.ID && (step == "" || w.Step == step) })
	if len(p.program.ExitOn) == 0 && step == "" {
		i := p.program.Index(m.run.Step)
		if i < 0 || p.program.Steps[i].WaitFor == nil {
			return
		}
	}
	p.leaving = append(p.leaving, store.Watch{RunID: m.run.ID, Step: step})
}

// writeWatches writes what watch and unwatch noted. The profiles are locked first, as whoever stores an event
// locks them: either that event's transaction sees the watch, or this one sees the event and nudges the run.
func (p *pass) writeWatches(ctx context.Context, tx *sqlx.Tx) error {
	if len(p.leaving) > 0 {
		if err := p.Store.RemoveWatches(ctx, tx, p.leaving); err != nil {
			return err
		}
	}
	if len(p.watching) == 0 {
		return nil
	}
	return p.Store.AddWatches(ctx, tx, p.watching)
}

// exits takes the members out to whom something happened that ends their way through the flow.
func (p *pass) exits(ctx context.Context) error {
	if len(p.program.ExitOn) == 0 {
		return nil
	}
	members := p.walking()
	since := make([]time.Time, len(members))
	for i, m := range members {
		since[i] = m.run.EnteredAt
	}
	happened, err := p.happened(ctx, members, since, p.program.ExitOn)
	if err != nil {
		return err
	}
	for i, m := range members {
		if happened[i] == nil {
			continue
		}
		p.decideFor("exit_on", happened[i].what)
		p.finish(m, store.RunExited, ReasonExitOn+": "+happened[i].what)
	}
	return nil
}

// happening is a watched thing that has happened.
type happening struct {
	what string    // the metric or the condition
	at   time.Time // when; zero for a condition
}

// happened finds for each member the first of the watched things that has happened since; nil where none has. An
// event counts from the second of since on, unless it was recorded before.
func (p *pass) happened(ctx context.Context, members []*member, since []time.Time, watches []program.Watch) ([]*happening, error) {
	found := make([]*happening, len(members))
	if len(members) == 0 {
		return found, nil
	}
	metrics := map[string]bool{}
	var names []string
	var conditions []*expression.Expression
	for _, w := range watches {
		switch {
		case w.Condition != nil:
			conditions = append(conditions, w.Condition)
		case !metrics[w.Metric]:
			metrics[w.Metric] = true
			names = append(names, w.Metric)
		}
	}
	if len(names) > 0 {
		questions := make([]store.Since, len(members))
		for i, m := range members {
			questions[i] = store.Since{ProfileID: m.run.ProfileID, Since: since[i], But: m.run.EventID.String}
		}
		events, err := p.Store.EventsSince(ctx, p.Store.DB, questions, names)
		if err != nil {
			return nil, err
		}
		for i, m := range members {
			for _, event := range events[i] {
				if w := matching(p, ctx, m, watches, event); w != nil {
					at, _ := event["time"].(time.Time)
					found[i] = &happening{what: w.Metric, at: at}
					break
				}
			}
		}
	}
	if len(conditions) == 0 {
		return found, nil
	}
	answers, err := p.ask(ctx, members, conditions...)
	if err != nil {
		return nil, err
	}
	for i, m := range members {
		for x := range conditions {
			if found[i] != nil {
				break
			}
			ok, err := answers.True(i, x)
			if err != nil {
				p.log(m).WarnContext(ctx, "evaluating a condition that is waited for", "error", err)
			}
			if ok {
				found[i] = &happening{what: conditions[x].Source()}
			}
		}
	}
	return found, nil
}

// matching gives the watch that the event satisfies, or nil.
func matching(p *pass, ctx context.Context, m *member, watches []program.Watch, event map[string]any) *program.Watch {
	for i, w := range watches {
		if w.Condition != nil || w.Metric != event["metric"] {
			continue
		}
		if w.Filter == nil {
			return &watches[i]
		}
		ok, err := w.Filter.True(expression.Input{Event: event, Flow: p.flow, Now: m.now, Start: m.run.EnteredAt})
		if err != nil {
			p.log(m).WarnContext(ctx, "evaluating the filter of an event that is waited for", "metric", w.Metric, "error", err)
		}
		if ok {
			return &watches[i]
		}
	}
	return nil
}

// described says what a wait_for waits for, for people to read.
func described(watches []program.Watch) string {
	var parts []string
	for _, w := range watches {
		if w.Metric != "" {
			parts = append(parts, w.Metric)
		} else {
			parts = append(parts, w.Watch.Condition)
		}
	}
	return strings.Join(parts, " or ")
}
