package activities

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
)

// timerLease is how long an attempt may hold a timer before it hands its message over. An activity attempt lasts
// half an hour at most, and begins no delivery after that.
const timerLease = 40 * time.Minute

// hold is a member's claim on the timer of a channel: from the check before the message until the message has left,
// or is known not to have. Whatever comes to the same timer meanwhile waits for that.
type hold struct {
	member  *member
	step    string
	channel string
	store.Hold
}

// capped gives the members that may have a message of the step now, by what they had of the channel lately. It takes
// the timers of those it gives, so that of two messages to one person only one finds the way free; flush settles
// them. The others skip the step or, where the flow says so, wait here until their timer has run out.
func (p *pass) capped(ctx context.Context, s *program.Step, members []*member) ([]*member, error) {
	channel := s.Channel()
	window := p.window(channel)
	if window <= 0 || len(members) == 0 || transactional(s.Step) {
		return members, nil
	}
	mode := p.rule(s.Cap, p.program.Plan.Cap, channel, plan.Skip)
	if p.owner == "" {
		p.owner = ulid.Make().String()
	}
	asking := make([]hold, len(members))
	var first []store.Hold
	seen := map[string]bool{}
	for i, m := range members {
		asking[i] = hold{member: m, step: s.ID, channel: channel, Hold: store.Hold{Key: timerKey(channel, m), SendKey: sendKey(m, s)}}
		if !seen[asking[i].Key] {
			seen[asking[i].Key] = true
			first = append(first, asking[i].Hold)
		}
	}
	windows := store.Windows{Window: window, Lease: timerLease}
	taken, err := p.Store.TakeTimers(ctx, channel, p.owner, first, mode == plan.Off, windows, p.Clock.Now())
	if err != nil {
		return nil, err
	}
	var passed []*member
	var back []hold
	for _, h := range asking {
		if !taken[h.Key] && mode != plan.Off {
			back = append(back, h)
			continue
		}
		delete(taken, h.Key) // one message for each timer
		p.holds = append(p.holds, h)
		passed = append(passed, h.member)
	}
	if len(back) == 0 {
		return passed, nil
	}
	gone, err := p.keepBack(ctx, s, back, mode, window)
	return append(passed, gone...), err
}

// keepBack lets members skip the step or wait, as their timers say. It gives those whose message was handed over by
// an earlier attempt: what became of it has to be found out, and nothing is sent again.
func (p *pass) keepBack(ctx context.Context, s *program.Step, back []hold, mode string, window time.Duration) (gone []*member, err error) {
	asks := make([]store.Hold, len(back))
	for i, h := range back {
		asks[i] = h.Hold
	}
	timers, err := p.Store.Timers(ctx, s.Channel(), asks)
	if err != nil {
		return nil, err
	}
	now := p.Clock.Now()
	for _, h := range back {
		timer := timers[h.SendKey]
		until := timer.Until.Time
		if handed := timer.HandedAt; handed.Valid && handed.Time.Add(window).After(until) {
			until = handed.Time.Add(window) // the message that holds the timer has left already
		}
		switch {
		case timer.Gone:
			gone = append(gone, h.member)
		case until.After(now) && mode == plan.Defer:
			p.decide(s, "deferred: "+ReasonCap)
			p.park(h.member, "smart sending", h.member.now.Add(p.inRun(until.Sub(p.base))))
		case until.After(now):
			p.skip(h.member, s, ReasonCap, map[string]any{"until": until.UTC()})
		default:
			// Another message is on its way out. Whether it leaves is known soon, or its attempt has died.
			wait := 2 * time.Second
			if timer.HeldAt.Valid {
				wait = max(wait, now.Sub(timer.HeldAt.Time)/2)
			}
			p.retryAt(h.member, now.Add(wait))
		}
	}
	return gone, nil
}

// settleTimers starts the timers of messages that have left and gives the others back, in the transaction that
// writes what became of them.
func (p *pass) settleTimers(ctx context.Context, tx *sqlx.Tx) error {
	settled := map[string][]store.Hold{}
	kept := p.holds[:0]
	for _, h := range p.holds {
		switch {
		case h.member.state == lost: // another attempt of the same run goes on with it
		case h.member.state == walking && h.member.run.Step == h.step:
			kept = append(kept, h)
		default:
			settled[h.channel] = append(settled[h.channel], h.Hold)
		}
	}
	p.holds = kept
	for _, channel := range []string{plan.ChannelEmail, plan.ChannelSMS, plan.ChannelPush} {
		if holds := settled[channel]; len(holds) > 0 {
			if err := p.Store.SettleTimers(ctx, tx, channel, p.owner, holds, p.window(channel)); err != nil {
				return err
			}
		}
	}
	return nil
}

// window is how long a timer of the channel runs on the clock, which sped-up waits shorten.
func (p *pass) window(channel string) time.Duration {
	window := p.Caps[channel]
	if p.Clock.Speed > 1 {
		window = time.Duration(float64(window) / p.Clock.Speed)
	}
	return window
}

// inRun is how much of a run's time passes while that much passes on the clock.
func (p *pass) inRun(d time.Duration) time.Duration {
	if p.Clock.Speed > 1 {
		return time.Duration(float64(d) * p.Clock.Speed)
	}
	return d
}

// rule is what a message does at a cap or at quiet hours: its own word, else the flow's for the channel, else the
// standard one.
func (p *pass) rule(own string, flow map[string]string, channel, standard string) string {
	switch {
	case own != "":
		return own
	case flow[channel] != "":
		return flow[channel]
	}
	return standard
}

// timerKey is whose timer it is: a phone's for text messages, whoever it belongs to, else the person's.
func timerKey(channel string, m *member) string {
	if phone, _ := m.person.Values["phone_number"].(string); channel == plan.ChannelSMS && phone != "" {
		return phone
	}
	return m.run.ProfileID
}

// transactional says whether the step's message is one that the person asked for by what they did, such as a
// receipt. It reaches people who want no marketing, and neither looks at caps nor counts for them.
func transactional(s *plan.Step) bool {
	return s.Email != nil && s.Email.Transactional || s.SMS != nil && s.SMS.Transactional
}
