package activities

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// Approved actions are carried out in batches. An attempt that died gives its batch back after the lease.
const (
	reviewBatch   = 100
	reviewTimeout = 4 * time.Minute
	reviewLease   = 5 * time.Minute
)

// reviewed is where a member goes that carries out an approved action: it has no next step of its own.
const reviewed = "(reviewed)"

// queued is a member's action that waits for somebody's decision.
type queued struct {
	member *member
	review store.Review
}

// queue puts the members' actions into the review queue, and the members move on at once.
func (p *pass) queue(s *program.Step, members []*member) {
	for _, m := range members {
		p.queued = append(p.queued, queued{m, store.Review{
			RunID: m.run.ID, EnteredAt: m.run.EnteredAt, Step: s.ID, Kind: s.Kind, ProfileID: m.run.ProfileID, AheadUS: m.run.AheadUS,
		}})
		p.decide(s, "needs review")
		p.moveTo(m, s.Next)
	}
}

// writeReviews writes the queue with the moves of its members.
func (p *pass) writeReviews(ctx context.Context, tx *sqlx.Tx) error {
	var reviews []store.Review
	for _, q := range p.queued {
		if q.member.state != lost {
			reviews = append(reviews, q.review)
		}
	}
	p.queued = nil
	if len(reviews) == 0 {
		return nil
	}
	return p.Store.AddReviews(ctx, tx, p.program.Plan.Flow, reviews, p.base)
}

// Review carries out actions that were approved, with all checks that come before an action, wherever their runs are
// by now. It gives how many it took. It may be called by several workers at once: as in Run, every effect is
// written with its outcome or guarded by a send key, so nothing happens twice.
func (a *Advance) Review(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	now := a.Clock.Now()
	reviews, err := a.Store.TakeReviews(ctx, now, now.Add(reviewLease), reviewBatch)
	if err != nil || len(reviews) == 0 {
		return 0, err
	}
	ids := make([]string, len(reviews))
	for i, r := range reviews {
		ids[i] = r.RunID
	}
	rows, err := a.Store.Runs(ctx, ids)
	if err != nil {
		return 0, err
	}
	runs := make(map[string]store.Run, len(rows))
	for _, run := range rows {
		runs[run.ID] = run
	}
	type place struct{ hash, step string }
	groups := map[place][]store.Review{}
	var order []place
	for _, r := range reviews {
		at := place{runs[r.RunID].Hash, r.Step}
		if groups[at] == nil {
			order = append(order, at)
		}
		groups[at] = append(groups[at], r)
	}
	var failed error
	for _, at := range order { // a group that fails does not hold the others up
		if err := a.approved(ctx, at.hash, at.step, groups[at], runs); err != nil {
			failed = errors.Join(failed, fmt.Errorf("carrying out what was approved of flow %s, step %s: %w", groups[at][0].FlowID, at.step, err))
		}
	}
	return len(reviews), failed
}

// approved carries out one step for the runs of some reviews.
func (a *Advance) approved(ctx context.Context, hash, step string, reviews []store.Review, runs map[string]store.Run) error {
	g, err := a.Programs.Get(ctx, hash)
	if err != nil {
		return err
	}
	p := &pass{Advance: a, program: g, base: a.Clock.Now().Truncate(time.Microsecond), flow: g.Variables(), counts: map[string]int{}}
	byRun := make(map[string]store.Review, len(reviews))
	var apart []store.Run
	over := map[string]string{} // by run, why the action is not to be done any more
	for _, r := range reviews {
		run := runs[r.RunID]
		switch {
		case run.Status == store.RunCancelled:
			over[run.ID] = ReasonCancelled
		case run.Status == store.RunExited && strings.HasPrefix(run.Reason, ReasonExitOn):
			over[run.ID] = run.Reason
		}
		// The action is done beside the run, which is somewhere else or has ended.
		run.Status, run.Step, run.DueAt, run.PlaceFrom = store.RunActive, step, sql.NullTime{}, sql.NullTime{}
		run.Paused = false // what is paused is not taken
		run.AheadUS = max(run.AheadUS, r.AheadUS)
		byRun[run.ID], apart = r, append(apart, run)
	}
	if err := p.load(ctx, apart, nil); err != nil {
		return err
	}
	live, known := approvedStep(g, step)
	var members []*member
	for _, m := range p.members {
		m.apart = true
		switch {
		case m.state == left:
			p.record(m, live, store.Skipped, ReasonDeleted, nil)
		case over[m.run.ID] != "":
			p.skip(m, live, over[m.run.ID], nil)
		case !known:
			p.skip(m, live, ReasonActionGone, nil)
		default:
			members = append(members, m)
		}
	}
	if len(members) > 0 {
		if err := p.step(ctx, live, members); err != nil {
			return err
		}
	}
	if err := p.flush(ctx, nil); err != nil {
		return err
	}
	var done []store.Review
	for _, m := range p.members {
		r := byRun[m.run.ID]
		r.AheadUS = m.run.AheadUS
		switch {
		case m.state == waiting:
			r.Again = m.wake
		case m.state == lost:
			r.Again = p.base.Add(time.Minute)
		}
		done = append(done, r)
	}
	return a.Store.FinishReviews(ctx, a.Store.DB, done, p.base)
}

// approvedStep is the step as it is once it was approved: live, and with no step after it.
func approvedStep(g *program.Program, id string) (step *program.Step, known bool) {
	var live program.Step
	if i := g.Index(id); i >= 0 {
		live, known = g.Steps[i], true
		own := *live.Step
		live.Step = &own
	} else {
		live.Step = &plan.Step{ID: id}
	}
	live.Status, live.Next, live.OnFailure = "", reviewed, ""
	return &live, known
}
