package activities

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
)

// send hands parcels over. What was decided before is written first, with the claim on each message: from then on no
// other attempt sends it unless this one is known to have sent nothing.
func (p *pass) send(ctx context.Context, s *program.Step, w way, parcels []*parcel) error {
	parcels = p.withoutStragglers(s, parcels)
	if len(parcels) == 0 {
		return nil
	}
	owner := ulid.Make().String()
	rows := make([]store.Message, len(parcels))
	for i, c := range parcels {
		rows[i] = c.row
	}
	var claimed map[string]int
	err := p.flush(ctx, func(tx *sqlx.Tx) (err error) {
		claimed, err = p.Store.ClaimMessages(ctx, tx, p.program.Plan.Flow, w.channel, owner, rows, p.base)
		return err
	})
	if err != nil {
		return err
	}
	var ours, others []*parcel
	for _, c := range parcels {
		if c.member.state == lost {
			continue
		}
		if c.attempt = claimed[c.row.SendKey]; c.attempt > 0 {
			ours = append(ours, c)
		} else {
			others = append(others, c)
		}
	}
	if err := p.recall(ctx, s, w, others); err != nil {
		return err
	}
	ended, stopped := p.deliver(ctx, s, w, ours, owner)
	if err := p.flush(ctx, func(tx *sqlx.Tx) error { return p.finishMessages(ctx, tx, owner, ended) }); err != nil {
		return err
	}
	return stopped
}

// handOver delivers one parcel that the owner holds.
func (a *Advance) handOver(ctx context.Context, c *parcel, owner string) error {
	lost := false
	response, err := c.deliver(ctx, func(ctx context.Context) error {
		err := a.Store.HandOver(ctx, c.row.SendKey, owner, a.Clock.Now())
		lost = err != nil
		return err
	})
	c.row.Response = response
	if lost {
		return errors.Join(errClaimLost, err)
	}
	return err
}

// settle moves the member of a parcel on whose hand-over ended with err. It says no when there is nothing to write.
func (p *pass) settle(ctx context.Context, s *program.Step, w way, c *parcel, err error) bool {
	if !c.verdict(w, err, p.base) {
		c.member.state = lost
		return false
	}
	switch c.row.Status {
	case store.MessageClaimed:
		p.log(c.member).WarnContext(ctx, "sending "+w.what+", to be tried again", "step", s.ID, "attempt", c.attempt, "error", err)
		p.decide(s, "to be tried again")
		p.retryAt(c.member, c.row.RetryAt.Time)
		return true
	case store.MessageFailed:
		p.log(c.member).WarnContext(ctx, w.what+" cannot be sent", "step", s.ID, "error", err)
	}
	p.conclude(s, w, c)
	return true
}

// finishMessages writes what became of parcels that the owner holds, and the events that tell of those that were sent.
func (a *Advance) finishMessages(ctx context.Context, tx *sqlx.Tx, owner string, ended []*parcel) error {
	rows := make([]store.Message, len(ended))
	for i, c := range ended {
		rows[i] = c.row
	}
	changed, err := a.Store.FinishMessages(ctx, tx, owner, rows)
	if err != nil {
		return err
	}
	var events []store.NewEvent
	for _, c := range ended {
		if c.event != nil && c.row.Status == store.MessageSent && slices.Contains(changed, c.row.SendKey) {
			events = append(events, *c.event)
		}
	}
	return a.insertEvents(ctx, tx, events)
}

// recall deals with messages that this attempt may not hand over: they are not due yet, or an earlier attempt had begun
// to. Unless it is known to have sent nothing, or the way is repeatable, they are never sent again.
func (p *pass) recall(ctx context.Context, s *program.Step, w way, parcels []*parcel) error {
	if len(parcels) == 0 {
		return nil
	}
	keys := make([]string, len(parcels))
	for i, c := range parcels {
		keys[i] = c.row.SendKey
	}
	statuses, err := p.Store.MessageStatuses(ctx, keys)
	if err != nil {
		return err
	}
	limit := p.HandLimit
	if limit <= 0 {
		limit = time.Minute
	}
	var given []store.Message
	for _, c := range parcels {
		row := statuses[c.row.SendKey]
		c.row.Status, c.row.Error, c.row.Response = row.Status, row.Error, row.Response
		switch row.Status {
		case store.MessageClaimed:
			at := p.base.Add(time.Second)
			if row.RetryAt.Valid && row.RetryAt.Time.After(p.base) {
				at = row.RetryAt.Time
			}
			p.retryAt(c.member, at)
			continue
		case store.MessageHanding:
			if age := p.base.Sub(row.HandedAt.Time); age < limit {
				p.retryAt(c.member, p.base.Add(limit-age)) // its attempt may be alive and about to say
				continue
			}
			c.row.Error = "the attempt that handed it over ended without an answer"
			if w.repeatable {
				c.row.Status, c.row.RetryAt = store.MessageClaimed, sql.NullTime{}
				given = append(given, c.row)
				p.retryAt(c.member, p.base)
				continue
			}
			c.row.Status = store.MessageUnknown
			given = append(given, c.row)
		}
		p.conclude(s, w, c)
	}
	if len(given) == 0 {
		return nil
	}
	return p.flush(ctx, func(tx *sqlx.Tx) error {
		_, err := p.Store.FinishMessages(ctx, tx, "", given)
		return err
	})
}

// conclude writes the outcome of a message whose fate is settled, and moves its member on.
func (p *pass) conclude(s *program.Step, w way, c *parcel) {
	detail := maps.Clone(c.detail)
	if c.row.Error != "" {
		detail["error"] = c.row.Error
	}
	switch c.row.Status {
	case store.MessageFailed:
		p.fail(c.member, s, w.failed, detail)
		return
	case store.MessageUnknown:
		p.record(c.member, s, store.Held, ReasonUnknown, detail)
		p.decide(s, "held: "+ReasonUnknown)
	default:
		c.member.keepAnswer(s.ID, c.row.Response)
		p.record(c.member, s, store.Done, "", detail)
		p.decide(s, "sent")
	}
	p.moveTo(c.member, s.Next)
}

// fail records that a step failed for good for a member, and moves it on or out, as the step says.
func (p *pass) fail(m *member, s *program.Step, reason string, detail map[string]any) {
	p.record(m, s, store.Failed, reason, detail)
	p.decide(s, "failed: "+reason)
	if s.OnFailure == plan.FailureExits {
		p.finish(m, store.RunExited, ReasonStepFailed+": "+s.ID)
		return
	}
	p.moveTo(m, s.Next)
}

// retryAt brings the member back to the same step at a moment on the clock.
func (p *pass) retryAt(m *member, moment time.Time) {
	m.run.DueAt = sql.NullTime{Time: moment.Add(m.run.Ahead()), Valid: true}
	m.state, m.wait, m.wake = waiting, "try again", moment
}
