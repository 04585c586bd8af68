// Package activities holds everything with a side effect, as methods of one struct per duty. Advance is the one
// place where a flow happens.
package activities

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
)

// Advance moves the members of a cohort on, from where each is to its next wait or to the end.
type Advance struct {
	Store     *store.Store
	Clock     clock.Clock
	Programs  *program.Cache
	Content   *content.Engine
	Feeds     *Feeds
	Mail      Mail
	Webhooks  Webhooks
	From      string                              // sender address of a template that names none
	FromName  string                              //
	Links     func(profile string) map[string]any // what templates see as links
	Parallel  int                                 // messages handed over at once per batch; 0 is 8
	Patience  time.Duration                       // how long a hand-over may hold up a batch; 0 is 2 s
	Caps      map[string]time.Duration            // by channel: how long after a message the next ones are kept back; absent is not at all
	Quiet     map[string]QuietHours               // by channel; absent is none
	HandLimit time.Duration                       // after which a hand-over without an answer counts as unknown; 0 is a minute
	Log       *slog.Logger

	templates  templateCache
	places     eventPlaces
	stragglers stragglers
}

// Run advances the runs of the batch that are due, together, and gives where each waits next. A run that is
// not due yet is answered for and left alone; one that has left the flow is in no answer. It may be called
// twice, and be killed in the middle and called again: every effect is written with its outcome or guarded by
// a send key, so nothing happens twice.
func (a *Advance) Run(ctx context.Context, batch workflows.Batch) (workflows.Advanced, error) {
	runs, err := a.Store.Runs(ctx, batch.Runs)
	if err != nil {
		return workflows.Advanced{}, err
	}
	var result workflows.Advanced
	for _, version := range a.versions(ctx, batch, runs) {
		part, err := a.pass(ctx, version.hash, version.runs, batch.Nudged)
		if err != nil {
			return workflows.Advanced{}, err
		}
		result.Waiting = append(result.Waiting, part.Waiting...)
		result.Decisions = append(result.Decisions, part.Decisions...)
	}
	return result, nil
}

// version is the runs of a batch that are on one version of the flow. Those of a cohort entered the same one, and
// some may have been moved to another since.
type version struct {
	hash string
	runs []store.Run
}

func (a *Advance) versions(ctx context.Context, batch workflows.Batch, runs []store.Run) []version {
	byID := make(map[string]store.Run, len(runs))
	for _, run := range runs {
		byID[run.ID] = run
	}
	var versions []version
	for _, id := range batch.Runs {
		run, ok := byID[id]
		if !ok {
			a.Log.ErrorContext(ctx, "no such run", "run", id, "flow", batch.Flow)
			continue
		}
		if run.Status != store.RunActive {
			continue
		}
		i := slices.IndexFunc(versions, func(v version) bool { return v.hash == run.Hash })
		if i < 0 {
			i = len(versions)
			versions = append(versions, version{hash: run.Hash})
		}
		versions[i].runs = append(versions[i].runs, run)
	}
	return versions
}

// pass advances runs that are on one version.
func (a *Advance) pass(ctx context.Context, hash string, runs []store.Run, nudged []string) (workflows.Advanced, error) {
	g, err := a.Programs.Get(ctx, hash)
	if err != nil {
		return workflows.Advanced{}, err
	}
	p := &pass{Advance: a, program: g, base: a.Clock.Now().Truncate(time.Microsecond), flow: g.Variables(), counts: map[string]int{}}
	if err := p.load(ctx, runs, nudged); err != nil {
		return workflows.Advanced{}, err
	}
	if err := p.enter(ctx); err != nil {
		return workflows.Advanced{}, err
	}
	if err := p.exits(ctx); err != nil {
		return workflows.Advanced{}, err
	}
	for i := range g.Steps {
		at := p.at(g.Steps[i].ID)
		if len(at) == 0 {
			continue
		}
		if err := p.step(ctx, &g.Steps[i], at); err != nil {
			return workflows.Advanced{}, fmt.Errorf("step %s: %w", g.Steps[i].ID, err)
		}
	}
	if err := p.flush(ctx, nil); err != nil {
		return workflows.Advanced{}, err
	}
	return p.answer(ctx)
}

// step takes the members that are at a step through it.
func (p *pass) step(ctx context.Context, s *program.Step, members []*member) error {
	heartbeat(ctx, s.ID)
	members, err := p.permit(ctx, s, members)
	if err != nil || len(members) == 0 {
		return err
	}
	if s.Status == plan.Manual && s.Acts() {
		p.queue(s, members)
		return nil
	}
	switch {
	case s.Wait != nil:
		return p.wait(s, members)
	case s.WaitFor != nil:
		return p.waitFor(ctx, s, members)
	case s.If != nil:
		return p.branch(ctx, s, s.If, members)
	case s.Switch != nil:
		return p.branch(ctx, s, s.Switch, members)
	case s.Split != nil:
		p.split(s, members)
		return nil
	case s.Email != nil:
		return p.email(ctx, s, members)
	case s.Webhook != nil:
		return p.webhook(ctx, s, members)
	case s.Alert != nil:
		return p.alert(ctx, s, members)
	case s.UpdateProfile != nil:
		return p.updateProfile(ctx, s, members)
	case s.List != nil:
		return p.list(ctx, s, members)
	case s.Step.Track != nil:
		return p.track(ctx, s, members)
	case s.Exit != nil:
		p.exit(s, members)
		return nil
	}
	return fmt.Errorf("this program does not know steps of kind %q", s.Kind)
}
