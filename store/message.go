package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Statuses of a message. It is claimed before anything is sent; handing from just before it becomes
// irrevocable; then sent or failed, or unknown when the other side's answer never came.
const (
	MessageClaimed = "claimed"
	MessageHanding = "handing"
	MessageSent    = "sent"
	MessageFailed  = "failed"
	MessageUnknown = "unknown"
)

// Message is one message to one person. SendKey makes a second one impossible.
type Message struct {
	SendKey   string         `db:"send_key"`
	MessageID string         `db:"message_id"` // the Message-ID header
	FlowID    sql.NullString `db:"flow_id"`
	Step      sql.NullString `db:"step"`
	RunID     sql.NullString `db:"run_id"`
	ProfileID string         `db:"profile_id"`
	Channel   string         `db:"channel"`
	Address   string         `db:"address"`
	Template  string         `db:"template"`
	Subject   string         `db:"subject"`
	Status    string         `db:"status"`
	Error     string         `db:"error"`
	Attempts  int            `db:"attempts"`
	ClaimedAt time.Time      `db:"claimed_at"`
	HandedAt  sql.NullTime   `db:"handed_at"`
	SentAt    sql.NullTime   `db:"sent_at"`
	RetryAt   sql.NullTime   `db:"retry_at"` // not to be handed over before then
	Response  string         `db:"response"` // JSON: what a webhook answered, as the run keeps it
}

// ClaimMessages claims messages of one flow and channel for an owner, and gives the attempt's number by send
// key. A message that somebody has begun to hand over is not in it, whatever became of it, and neither is one whose
// RetryAt is after now.
func (s *Store) ClaimMessages(ctx context.Context, tx *sqlx.Tx, flow, channel, owner string, messages []Message, now time.Time) (map[string]int, error) {
	n := len(messages)
	keys, ids, steps, runs := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	profiles, addresses, templates, subjects := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, m := range messages {
		keys[i], ids[i], steps[i], runs[i] = m.SendKey, m.MessageID, m.Step.String, m.RunID.String
		profiles[i], addresses[i], templates[i], subjects[i] = m.ProfileID, m.Address, m.Template, m.Subject
	}
	var rows []struct {
		SendKey  string `db:"send_key"`
		Attempts int    `db:"attempts"`
	}
	err := tx.SelectContext(ctx, &rows, query("message_claim"), flow, channel, owner, pq.Array(keys), pq.Array(ids),
		pq.Array(steps), pq.Array(runs), pq.Array(profiles), pq.Array(addresses), pq.Array(templates), pq.Array(subjects), now)
	if err != nil {
		return nil, fmt.Errorf("claiming messages: %w", err)
	}
	claimed := make(map[string]int, len(rows))
	for _, row := range rows {
		claimed[row.SendKey] = row.Attempts
	}
	return claimed, nil
}

// MessageStatuses gives how far the messages with these send keys are: Status, Error, HandedAt, RetryAt and Response.
func (s *Store) MessageStatuses(ctx context.Context, keys []string) (map[string]Message, error) {
	var rows []Message
	if err := s.DB.SelectContext(ctx, &rows, query("message_status"), pq.Array(keys)); err != nil {
		return nil, fmt.Errorf("reading messages: %w", err)
	}
	byKey := make(map[string]Message, len(rows))
	for _, row := range rows {
		byKey[row.SendKey] = row
	}
	return byKey, nil
}

// FinishMessages notes what became of messages that the owner holds: Status, Error, RetryAt and Response of each. The
// owner "" is whoever holds them. With the status claimed a message goes back, to be tried again. It returns the send keys
// of those it changed; what was settled before stays.
func (s *Store) FinishMessages(ctx context.Context, tx *sqlx.Tx, owner string, messages []Message) ([]string, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	n := len(messages)
	keys, statuses, failures, responses := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	retries := make([]time.Time, n)
	for i, m := range messages {
		keys[i], statuses[i], failures[i], retries[i], responses[i] = m.SendKey, m.Status, m.Error, m.RetryAt.Time, m.Response
	}
	var changed []string
	err := tx.SelectContext(ctx, &changed, query("message_finish"), pq.Array(keys), pq.Array(statuses), pq.Array(failures),
		times(retries), pq.Array(responses), owner)
	if err != nil {
		return nil, fmt.Errorf("finishing messages: %w", err)
	}
	return changed, nil
}

// MessagesOfProfile lists a person's messages, oldest first, at most limit.
func (s *Store) MessagesOfProfile(ctx context.Context, profile string, limit int) ([]Message, error) {
	var messages []Message
	err := s.DB.SelectContext(ctx, &messages, query("messages_of_profile"), profile, limit)
	return messages, err
}

// MessagesToOthers tells which addresses had the message of a flow's step since then by way of another profile than
// the one at the same position, as "address profile" in lower case.
func (s *Store) MessagesToOthers(ctx context.Context, flow, step string, addresses, profiles []string, since time.Time) (map[string]bool, error) {
	var rows []struct {
		Address   string `db:"address"`
		ProfileID string `db:"profile_id"`
	}
	err := s.DB.SelectContext(ctx, &rows, query("messages_to_others"), flow, step, pq.Array(addresses), pq.Array(profiles), since)
	if err != nil {
		return nil, fmt.Errorf("reading messages by address: %w", err)
	}
	had := make(map[string]bool, len(rows))
	for _, row := range rows {
		had[row.Address+" "+row.ProfileID] = true
	}
	return had, nil
}
