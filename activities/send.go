package activities

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/channel"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
	"go.temporal.io/sdk/activity"
)

// A message that could not be sent yet is tried again after these waits, and then given up.
var resendAfter = []time.Duration{
	30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

var errClaimLost = errors.New("the claim is lost")

// send hands the letters over. What was decided before is written first, with the claim on each message: from
// then on no other attempt sends it unless this one is known to have sent nothing.
func (p *pass) send(ctx context.Context, s *program.Step, letters []*letter) error {
	owner := ulid.Make().String()
	rows := make([]store.Message, len(letters))
	for i, l := range letters {
		rows[i] = l.row(s)
	}
	var claimed map[string]int
	err := p.flush(ctx, func(tx *sqlx.Tx) (err error) {
		claimed, err = p.Store.ClaimMessages(ctx, tx, p.program.Plan.Flow, "email", owner, rows)
		return err
	})
	if err != nil {
		return err
	}
	var ours, others []*letter
	for _, l := range letters {
		if l.member.state == lost {
			continue
		}
		if l.attempt = claimed[l.message.Key]; l.attempt > 0 {
			ours = append(ours, l)
		} else {
			others = append(others, l)
		}
	}
	if err := p.recall(ctx, s, others); err != nil {
		return err
	}
	finished, stopped := p.deliver(ctx, s, ours, owner)
	if err := p.flush(ctx, func(tx *sqlx.Tx) error { return p.Store.FinishMessages(ctx, tx, finished) }); err != nil {
		return err
	}
	return stopped
}

// deliver hands messages over, several at once, and records what became of each. When the worker is stopping it
// finishes those it has begun, leaves the others claimed, and returns the reason.
func (p *pass) deliver(ctx context.Context, s *program.Step, letters []*letter, owner string) (finished []store.Message, stopped error) {
	parallel := p.Parallel
	if parallel <= 0 {
		parallel = 8
	}
	results := make([]error, len(letters))
	next := make(chan int)
	var workers sync.WaitGroup
	begun := context.WithoutCancel(ctx)
	for range min(parallel, len(letters)) {
		workers.Go(func() {
			for i := range next {
				results[i] = p.handOver(begun, letters[i], owner)
			}
		})
	}
	sent := 0
	for i := range letters {
		if ctx.Err() != nil {
			break
		}
		next <- i
		sent++
		if activity.IsActivity(ctx) {
			activity.RecordHeartbeat(ctx, s.ID, i)
		}
	}
	close(next)
	workers.Wait()
	for i, l := range letters[:sent] {
		if row, ok := p.settle(ctx, s, l, results[i]); ok {
			finished = append(finished, row)
		}
	}
	for _, l := range letters[sent:] {
		p.retryAt(l.member, p.base)
	}
	return finished, ctx.Err()
}

func (p *pass) handOver(ctx context.Context, l *letter, owner string) error {
	lost := false
	err := p.Mail.Deliver(ctx, l.message, func(ctx context.Context) error {
		err := p.Store.HandOver(ctx, l.message.Key, owner, p.Clock.Now())
		lost = err != nil
		return err
	})
	if lost {
		return errors.Join(errClaimLost, err)
	}
	return err
}

// settle records what became of a message that this attempt tried to send, and moves its member on.
func (p *pass) settle(ctx context.Context, s *program.Step, l *letter, err error) (store.Message, bool) {
	row := store.Message{SendKey: l.message.Key}
	var permanent *channel.PermanentError
	switch {
	case err == nil:
		row.Status = store.MessageSent
	case errors.Is(err, errClaimLost):
		l.member.state = lost
		return row, false
	case errors.Is(err, channel.ErrUnknown):
		row.Status, row.Error = store.MessageUnknown, err.Error()
	case errors.As(err, &permanent) || l.attempt > len(resendAfter):
		row.Status, row.Error = store.MessageFailed, err.Error()
		p.log(l.member).WarnContext(ctx, "an email cannot be sent", "step", s.ID, "error", err)
	default:
		p.log(l.member).WarnContext(ctx, "sending an email, to be tried again", "step", s.ID, "attempt", l.attempt, "error", err)
		p.decide(s, "to be tried again")
		p.retryAt(l.member, p.base.Add(resendAfter[l.attempt-1]))
		return row, false
	}
	row.Error = strings.ToValidUTF8(row.Error, "")
	p.conclude(s, l, row)
	return row, true
}

// recall deals with messages that an earlier attempt had begun to hand over. It never sends them again.
func (p *pass) recall(ctx context.Context, s *program.Step, letters []*letter) error {
	if len(letters) == 0 {
		return nil
	}
	keys := make([]string, len(letters))
	for i, l := range letters {
		keys[i] = l.message.Key
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
	for _, l := range letters {
		row := statuses[l.message.Key]
		if row.Status == store.MessageHanding {
			if age := p.base.Sub(row.HandedAt.Time); age < limit {
				p.retryAt(l.member, p.base.Add(limit-age)) // its attempt may be alive and about to say
				continue
			}
			row.Status, row.Error = store.MessageUnknown, "the attempt that handed it over ended without an answer"
			given = append(given, row)
		}
		p.conclude(s, l, row)
	}
	if len(given) == 0 {
		return nil
	}
	return p.flush(ctx, func(tx *sqlx.Tx) error { return p.Store.FinishMessages(ctx, tx, given) })
}

// conclude writes the outcome of a message whose fate is settled.
func (p *pass) conclude(s *program.Step, l *letter, row store.Message) {
	detail := map[string]any{"template": s.Email.Template, "to": l.message.To, "message_id": l.message.MessageID, "subject": l.message.Subject}
	if row.Error != "" {
		detail["error"] = row.Error
	}
	result, reason, decision := store.Done, "", "sent"
	switch row.Status {
	case store.MessageFailed:
		result, reason, decision = store.Failed, ReasonUnable, "failed: "+ReasonUnable
	case store.MessageUnknown:
		result, reason, decision = store.Held, ReasonUnknown, "held: "+ReasonUnknown
	}
	p.record(l.member, s, result, reason, detail)
	p.decide(s, decision)
	p.moveTo(l.member, s.Next)
}

// retryAt brings the member back to the same step at a moment on the clock.
func (p *pass) retryAt(m *member, moment time.Time) {
	due := moment.Add(m.run.Ahead())
	m.run.DueAt = sql.NullTime{Time: due, Valid: true}
	m.state, m.wait, m.wake = waiting, "try again", moment
}
