package activities

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/legato-flow/legato/channel"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// way is how the messages of a step go out.
type way struct {
	channel    string // in the table of messages
	what       string // in logs
	failed     string // the reason of an outcome when it cannot be delivered
	repeatable bool   // the receiver can tell a repeat by the send key, so one whose fate is unknown goes out again
}

// parcel is a message or a call on its way out, for one member.
type parcel struct {
	member  *member
	row     store.Message   // its row in the table of messages
	detail  map[string]any  // of the outcome
	event   *store.NewEvent // what tells of it once it is sent; nil is nothing
	attempt int
	// deliver hands it over and calls handover once, right before that becomes irrevocable. What came back is JSON, or "".
	deliver func(ctx context.Context, handover func(context.Context) error) (response string, err error)
}

// A message that could not be sent yet is tried again after these waits, and then given up.
var resendAfter = []time.Duration{
	30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

var errClaimLost = errors.New("the claim is lost")

// newParcel makes the parcel of a member for a step. Its send key follows from run and step alone.
func newParcel(m *member, s *program.Step) *parcel {
	return &parcel{member: m, row: store.Message{
		SendKey: sendKey(m, s), Step: text(s.ID), RunID: text(m.run.ID), ProfileID: m.run.ProfileID,
	}}
}

// sendKey names the message of a step to a member.
func sendKey(m *member, s *program.Step) string { return "run/" + m.run.ID + "/" + s.ID }

func text(s string) sql.NullString { return sql.NullString{String: s, Valid: true} }

// verdict writes into the row what a hand-over that ended with err at now means for the message. It says no when the
// message was somebody else's meanwhile.
func (c *parcel) verdict(w way, err error, now time.Time) bool {
	c.row.Error, c.row.RetryAt = "", sql.NullTime{}
	if err == nil {
		c.row.Status = store.MessageSent
		return true
	}
	c.row.Error = printable(err.Error())
	var later *channel.LaterError
	switch {
	case errors.Is(err, errClaimLost):
		return false
	case errors.Is(err, channel.ErrUnknown) && !w.repeatable:
		c.row.Status = store.MessageUnknown
	case channel.IsPermanent(err) || c.attempt > len(resendAfter):
		c.row.Status = store.MessageFailed
	default:
		wait := resendAfter[c.attempt-1]
		if errors.As(err, &later) {
			wait = max(wait, min(later.After, resendAfter[len(resendAfter)-1]))
		}
		c.row.Status = store.MessageClaimed
		c.row.RetryAt = sql.NullTime{Time: now.Add(wait).Truncate(time.Microsecond), Valid: true}
	}
	return true
}

// Bounds on what a run keeps of answers.
const (
	maxAnswer  = 16 << 10 // bytes of one
	maxAnswers = 64 << 10 // bytes of all that the steps of a run keep
	maxNesting = 50
)

// keepAnswer keeps for later steps what a webhook answered. Beyond the run's bound it keeps the status alone.
func (m *member) keepAnswer(step, response string) {
	var answer map[string]any
	if response == "" || json.Unmarshal([]byte(response), &answer) != nil {
		return
	}
	if len(m.data.encode(nil))+len(response) > maxAnswers {
		answer = map[string]any{"status": answer["status"], "left_out": true}
	}
	for name, value := range answer {
		m.keep(step, name, value)
	}
}

// printable makes a text of s that Postgres takes.
func printable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}
