package simulate

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// runs tells each way of the person through the flow.
func (e *explainer) runs(ctx context.Context) error {
	runs, err := e.s.RunsOfProfile(ctx, e.out.Profile, 10_000)
	if err != nil {
		return err
	}
	runs = slices.DeleteFunc(runs, func(r store.Run) bool { return r.FlowID != e.out.Flow })
	for _, r := range runs {
		e.became[r.EntryKey] = "entered"
	}
	runs = runs[max(0, len(runs)-shownRuns):]
	var ids []string
	for _, r := range runs {
		ids = append(ids, r.ID)
	}
	outcomes, err := e.s.Outcomes(ctx, ids)
	if err != nil {
		return err
	}
	for i := range runs {
		one, err := e.run(ctx, &runs[i], outcomes)
		if err != nil {
			return err
		}
		e.out.Runs = append(e.out.Runs, *one)
	}
	return nil
}

func (e *explainer) run(ctx context.Context, r *store.Run, outcomes []store.Outcome) (*Run, error) {
	one := &Run{ID: r.ID, Version: r.Hash, Current: r.Hash == e.program.Hash, Entered: r.EnteredAt, By: by(r.EntryKey),
		Status: full(r.Status, r.Reason), Steps: []RunStep{}}
	for _, o := range outcomes {
		if o.RunID != r.ID {
			continue
		}
		all := forms(&o)
		step := RunStep{Step: o.Step, Kind: o.Kind, At: o.At, Text: all[len(all)-1]}
		if o.Detail != nil {
			step.Detail = json.RawMessage(*o.Detail)
		}
		one.Steps = append(one.Steps, step)
	}
	g, err := e.programs.Get(ctx, r.Hash)
	if err != nil {
		return nil, err
	}
	// What happened in one moment happened in the order of the steps.
	slices.SortStableFunc(one.Steps, func(a, b RunStep) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(g.Index(a.Step), g.Index(b.Step)))
	})
	if r.EventID.Valid {
		h, err := happening(ctx, e.s, r.EventID.String, r.EventTime.Time)
		if err != nil {
			return nil, err
		}
		if h != nil {
			metric, _ := h.Values["metric"].(string)
			one.By = "the event " + metric + " of " + r.EventTime.Time.In(e.out.Zone).Format("2006-01-02 15:04:05 MST")
		}
	}
	if r.Status != store.RunActive {
		return one, nil
	}
	one.Next = r.Step
	if one.Next == "" {
		one.Next = g.Plan.Entry
	}
	if r.DueAt.Valid {
		due := r.DueAt.Time
		one.Due = &due
	}
	if at := g.Index(one.Next); at >= 0 {
		one.Checks, err = e.checks(ctx, g, &g.Steps[at], r)
	}
	return one, err
}

// checks are what would be asked at a step, with the values of now.
func (e *explainer) checks(ctx context.Context, g *program.Program, step *program.Step, r *store.Run) ([]Check, error) {
	who, err := subjectOf(ctx, e.s, g, r, e.out.Now)
	if err != nil || who == nil {
		return nil, err
	}
	var checks []Check
	ask := func(what string, filter *expression.Expression) error {
		if filter == nil {
			return nil
		}
		clauses, err := Clauses(ctx, e.s, filter, *who)
		checks = append(checks, Check{What: what, Clauses: clauses})
		return err
	}
	if step.Acts() {
		err = ask("profile filter", g.Filter)
	}
	if err == nil {
		err = ask("filter of step "+step.ID, step.Filter)
	}
	for i, branch := range step.Branches {
		if err == nil && branch != nil {
			name := "branch " + []string{"then", "elif"}[min(i, 1)]
			err = ask(name, branch)
		}
	}
	for _, w := range step.Watches {
		if err == nil {
			if w.Watch.Metric != "" {
				checks = append(checks, Check{What: "waits for the event " + w.Watch.Metric})
			}
			err = ask("waits until", w.Condition)
		}
	}
	if channel := step.Channel(); channel != "" {
		text := "can be reached"
		switch {
		case channel == "email" && strings.TrimSpace(e.who.Email) == "":
			text = "has no address"
		case e.who.SuppressedOn(channel):
			text = "is suppressed"
		}
		checks = append(checks, Check{What: channel, Text: text})
	}
	return checks, err
}
