package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/store"
)

// Verdict is what became of a test.
type Verdict struct {
	File     string
	Flow     string
	Name     string
	Failures []Failure
	Took     time.Duration
}

// Test runs the tests of a file whose names contain only, one after the other. The flow is looked for among the
// definitions of o, whose Settings hold where the file has none. An error means that the tests could not run.
func (f *File) Test(ctx context.Context, scratch *Scratch, o Options, only func(name string) bool) ([]Verdict, error) {
	var tested *flow.Flow
	for _, one := range o.Definitions.Flows {
		if one.ID == f.Flow {
			tested = one
		}
	}
	if tested == nil {
		return nil, flow.Problems{f.flowAt.Problem(fmt.Sprintf("there is no flow %s without errors beside this file", f.Flow))}
	}
	o.Flow, o.Account = tested, f.account
	for channel, length := range f.caps {
		o.Settings.Caps = with(o.Settings.Caps, channel, length)
	}
	for channel, hours := range f.quiet {
		o.Settings.Quiet = with(o.Settings.Quiet, channel, hours)
	}
	var verdicts []Verdict
	for i := range f.Cases {
		c := &f.Cases[i]
		if only != nil && !only(c.Name) {
			continue
		}
		begun := time.Now()
		r, err := f.play(ctx, scratch, o, c)
		verdict := Verdict{File: f.Name, Flow: f.Flow, Name: c.Name, Took: time.Since(begun)}
		switch {
		case ctx.Err() != nil:
			return verdicts, ctx.Err()
		case err != nil:
			verdict.Failures = []Failure{failure(c.place, "the test cannot be played: %v", err)}
		default:
			verdict.Failures = c.expect.check(r)
		}
		verdicts = append(verdicts, verdict)
	}
	return verdicts, nil
}

// with is a copy of m in which key is value.
func with[V any](m map[string]V, key string, value V) map[string]V {
	all := map[string]V{key: value}
	for k, v := range m {
		if k != key {
			all[k] = v
		}
	}
	return all
}

// play simulates a test.
func (f *File) play(ctx context.Context, scratch *Scratch, o Options, c *Case) (*result, error) {
	o.WebFeeds = map[string]any{}
	maps.Copy(o.WebFeeds, f.webFeeds)
	maps.Copy(o.WebFeeds, c.webFeeds)
	s, err := New(ctx, scratch, c.at, o)
	if err != nil {
		return nil, err
	}
	catalog := f.catalog
	if c.catalog != nil {
		catalog = c.catalog
	}
	if err := s.stock(ctx, catalog, c.at); err != nil {
		return nil, err
	}
	profile, err := s.Add(ctx, c.given)
	if err != nil {
		return nil, err
	}
	if err := s.Apply(ctx); err != nil {
		return nil, err
	}
	for _, h := range c.happens {
		s.Schedule(profile, h)
	}
	if err := s.Run(ctx, s.end(c.until, c.at)); err != nil {
		return nil, err
	}
	return s.result(ctx, profile, c.at)
}

// end is when a simulation ends: at until, else when nothing more happens; with a date trigger, after a year.
func (s *Simulation) end(until, start time.Time) time.Time {
	switch {
	case !until.IsZero():
		return until
	case s.agenda.planned:
		return start.AddDate(1, 0, 1)
	default:
		return start.Add(Longest)
	}
}

// result reads what came out for a person.
func (s *Simulation) result(ctx context.Context, profile string, start time.Time) (*result, error) {
	r := &result{start: start, messages: s.Messages, outcomes: map[string][]string{}, status: "none"}
	runs, err := s.store.RunsOfProfile(ctx, profile, 1000)
	if err != nil {
		return nil, err
	}
	r.runs = len(runs)
	var ids []string
	var last time.Time
	for _, run := range runs {
		ids = append(ids, run.ID)
		last, r.status = run.EnteredAt, full(run.Status, run.Reason)
	}
	outcomes, err := s.store.Outcomes(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		r.outcomes[o.Step] = forms(&o)
	}
	refusals, err := s.store.RefusalsOfProfile(ctx, profile, 1000)
	if err != nil {
		return nil, err
	}
	for _, refusal := range refusals {
		if refusal.At.After(last) || len(runs) == 0 {
			r.status = full("refused", refusal.Reason)
		}
	}
	p, err := s.store.Profile(ctx, profile)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(p.Properties, &r.properties); err != nil {
		return nil, fmt.Errorf("the person's properties: %w", err)
	}
	err = s.store.DB.SelectContext(ctx, &r.lists, `select l.name from list_member m join list l on l.id = m.list_id where m.profile_id = $1`, profile)
	if err != nil {
		return nil, fmt.Errorf("the person's lists: %w", err)
	}
	var events []struct{ ID, Name string }
	err = s.store.DB.SelectContext(ctx, &events, `select e.id, m.name from event e join metric m on m.id = e.metric_id where e.profile_id = $1`, profile)
	if err != nil {
		return nil, fmt.Errorf("the person's events: %w", err)
	}
	for _, e := range events {
		if !s.ours[e.ID] && e.Name != "Received Email" { // messages say that they were sent
			r.tracked = append(r.tracked, e.Name)
		}
	}
	return r, nil
}

func full(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ": " + reason
}

// forms are the ways in which an outcome may be written: the result, the branch that was taken, and the result with
// its reason.
func forms(o *store.Outcome) []string {
	all := []string{o.Result}
	if o.Detail != nil {
		var detail struct{ Branch string }
		if json.Unmarshal([]byte(*o.Detail), &detail) == nil && detail.Branch != "" {
			all = append(all, detail.Branch)
		}
	}
	if o.Reason != "" {
		all = append(all, full(o.Result, o.Reason))
	}
	return all
}
