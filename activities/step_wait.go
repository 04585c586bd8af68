package activities

import (
	"time"

	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// wait parks the members until the wait is over. With no action after it there is nothing to wait for, and the
// run ends. A member that is being placed passes the waits that would be over by now.
func (p *pass) wait(s *program.Step, members []*member) error {
	for _, m := range members {
		if !s.LiveAfter {
			p.decide(s, "nothing follows, ended")
			p.finish(m, store.RunDone, "")
			continue
		}
		due := p.waitEnds(s, m).UTC().Truncate(time.Microsecond)
		p.record(m, s, store.Done, "", map[string]any{"until": due})
		if m.placing() && !due.After(m.clock(p)) {
			p.decide(s, "over already")
			m.now = due
			p.moveTo(m, s.Next)
			continue
		}
		p.decide(s, "until "+due.Format(time.DateTime)+" UTC")
		p.moveTo(m, s.Next)
		if m.state == walking && due.After(m.now) {
			p.park(m, s.Label(), due)
		}
	}
	return nil
}

// waitEnds is the moment at which a wait that the member begins now is over.
func (p *pass) waitEnds(s *program.Step, m *member) time.Time {
	zone := clock.Zone(plan.Zones(s.Wait.Timezone, m.person.Timezone, p.account.Timezone)...)
	if s.Wait.Date == nil {
		return s.Wait.Due(m.now, zone)
	}
	if on, ok := m.byDate(); ok {
		if due := s.Wait.DueOn(on, zone); due.After(m.now) {
			return due
		}
	}
	return m.now // the date is over, or no date let the member in
}
