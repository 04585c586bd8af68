package activities

import (
	"context"
	"time"

	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// waitFor holds members until what they wait for happens, or their time is up. A member begins to wait when it
// comes, and is looked at again when it is due and whenever it is nudged.
func (p *pass) waitFor(ctx context.Context, s *program.Step, members []*member) error {
	since := make([]time.Time, len(members))
	for i, m := range members {
		if since[i] = m.since(s.ID); since[i].IsZero() {
			// It waits from the moment at which it was due here, not from when this was got round to: what happened
			// in between counts.
			since[i] = m.now
			if m.due.Valid && m.due.Time.Before(since[i]) && !m.placing() {
				since[i] = m.due.Time
			}
			if since[i].Before(m.run.EnteredAt) {
				since[i] = m.run.EnteredAt
			}
		}
	}
	happened, err := p.happened(ctx, members, since, s.Watches)
	if err != nil {
		return err
	}
	for i, m := range members {
		due := since[i].Add(s.WaitFor.Timeout).UTC().Truncate(time.Microsecond)
		if h := happened[i]; h != nil && (h.at.IsZero() || h.at.Before(due)) {
			if m.placing() && h.at.After(m.now) {
				m.now = h.at
			}
			p.goOn(m, s, "then", h.what, s.WaitFor.Then)
			continue
		}
		if moved := m.moved(s.ID); moved || !due.After(m.clock(p)) {
			if m.placing() {
				m.now = due
			}
			p.goOn(m, s, "else", "", s.WaitFor.Else)
			continue
		}
		if m.since(s.ID).IsZero() {
			m.keep(s.ID, "since", since[i].UTC().Format(time.RFC3339Nano))
			p.watch(m, s.ID, s.Watches, since[i])
			p.decide(s, "waiting for "+described(s.Watches)+" until "+due.Format(time.DateTime)+" UTC")
		}
		p.park(m, s.Label(), due)
	}
	return nil
}

// goOn ends the waiting of a member.
func (p *pass) goOn(m *member, s *program.Step, branch, what, next string) {
	detail := map[string]any{"branch": branch}
	decision := "gave up"
	if branch == "then" {
		detail["happened"], decision = what, what
	}
	p.record(m, s, store.Done, "", detail)
	p.decide(s, decision)
	if !m.since(s.ID).IsZero() {
		p.unwatch(m, s.ID)
		m.forget(s.ID)
	}
	p.moveTo(m, next)
}
