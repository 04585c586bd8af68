package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
	"go.temporal.io/sdk/activity"
)

// Failed steps that somebody asked to repeat are taken this many at once, and are nobody else's for so long.
const (
	retryBatch = 50
	retryLease = 5 * time.Minute
)

// Retry repeats the failed steps that somebody asked to repeat and that are due. The step's checks are made again; the run
// itself stays where it is, or ended. It returns how many it took.
func (a *Advance) Retry(ctx context.Context) (int, error) {
	due, err := a.Store.TakeRetries(ctx, a.Clock.Now(), retryLease, retryBatch)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	ids := make([]string, len(due))
	for i, r := range due {
		ids[i] = r.RunID
	}
	runs, err := a.Store.Runs(ctx, ids)
	if err != nil {
		return 0, err
	}
	byID := map[string]store.Run{}
	for _, run := range runs {
		byID[run.ID] = run
	}
	type place struct{ hash, step string }
	var order []place
	groups := map[place][]store.Run{}
	for _, r := range due {
		run := byID[r.RunID]
		// The member stands at the step as if it had just come there. Nothing of this is written: see member.apart.
		run.Step, run.Status, run.Paused = r.Step, store.RunActive, false
		run.DueAt.Valid, run.PlaceFrom.Valid = false, false
		at := place{run.Hash, r.Step}
		if groups[at] == nil {
			order = append(order, at)
		}
		groups[at] = append(groups[at], run)
	}
	for _, at := range order {
		if err := a.retry(ctx, at.hash, at.step, groups[at]); err != nil {
			return 0, fmt.Errorf("repeating step %s: %w", at.step, err)
		}
	}
	return len(due), nil
}

func (a *Advance) retry(ctx context.Context, hash, step string, runs []store.Run) error {
	g, err := a.Programs.Get(ctx, hash)
	if err != nil {
		return err
	}
	p := &pass{Advance: a, program: g, base: a.Clock.Now().Truncate(time.Microsecond), flow: g.Variables(), counts: map[string]int{}}
	if err := p.load(ctx, runs, nil); err != nil {
		return err
	}
	s, known := approvedStep(g, step)
	var members []*member
	for _, m := range p.members {
		m.apart = true
		switch {
		case m.state == left:
			p.record(m, s, store.Skipped, ReasonDeleted, nil)
		case !known:
			p.skip(m, s, ReasonActionGone, nil)
		default:
			members = append(members, m)
		}
	}
	if len(members) > 0 {
		if err := p.step(ctx, s, members); err != nil {
			return err
		}
	}
	return p.flush(ctx, func(tx *sqlx.Tx) error {
		var over []string
		var later []store.Retry
		for _, m := range p.members {
			switch m.state {
			case waiting:
				later = append(later, store.Retry{RunID: m.run.ID, Step: step, DueAt: m.wake})
			case lost: // another attempt is at it: the lease brings it back
			default:
				over = append(over, m.run.ID)
			}
		}
		return a.Store.PutRetries(ctx, tx, step, over, later)
	})
}

// heartbeat tells Temporal that an activity is alive. Outside one it does nothing.
func heartbeat(ctx context.Context, details ...any) {
	if activity.IsActivity(ctx) {
		activity.RecordHeartbeat(ctx, details...)
	}
}
