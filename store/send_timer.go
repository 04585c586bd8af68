package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Hold ties a message on its way out to the timer that keeps the person's next messages back.
type Hold struct {
	Key     string // the timer's: the profile's id, or the phone number for sms
	SendKey string // the message's
}

// SendTimer is what keeps a message back.
type SendTimer struct {
	SendKey  string       `db:"send_key"`  // of the message that asks
	Until    sql.NullTime `db:"until"`     // until when the last message's timer runs
	HeldAt   sql.NullTime `db:"held_at"`   // since when another message holds it
	HandedAt sql.NullTime `db:"handed_at"` // when that one was handed over, if it was
	Gone     bool         `db:"gone"`      // the asking message itself was handed over before
}

// Windows of a channel's timers.
type Windows struct {
	Window time.Duration // how long a timer runs, on the clock
	Lease  time.Duration // after which a message that holds a timer and was not handed over has died
}

// TakeTimers takes the timers of a channel for these messages, at most one message for a key, and gives the keys
// it took. A timer that runs, or that another message holds, is not taken; with running, one that runs is. owner
// names the attempt.
func (s *Store) TakeTimers(ctx context.Context, channel, owner string, holds []Hold, running bool, w Windows, now time.Time) (map[string]bool, error) {
	keys, holders := holdArrays(holds)
	var taken []string
	err := s.DB.SelectContext(ctx, &taken, query("send_timer_take"), channel, owner, now, pq.Array(keys), pq.Array(holders),
		now.Add(-w.Lease), running, w.Window.Seconds())
	if err != nil {
		return nil, fmt.Errorf("taking the send timers of %s: %w", channel, err)
	}
	set := make(map[string]bool, len(taken))
	for _, key := range taken {
		set[key] = true
	}
	return set, nil
}

// Timers says what keeps these messages back, by send key.
func (s *Store) Timers(ctx context.Context, channel string, holds []Hold) (map[string]SendTimer, error) {
	keys, holders := holdArrays(holds)
	var rows []SendTimer
	if err := s.DB.SelectContext(ctx, &rows, query("send_timer_read"), channel, pq.Array(keys), pq.Array(holders)); err != nil {
		return nil, fmt.Errorf("reading the send timers of %s: %w", channel, err)
	}
	timers := make(map[string]SendTimer, len(rows))
	for _, row := range rows {
		timers[row.SendKey] = row
	}
	return timers, nil
}

// SettleTimers starts the timers of those messages that were handed over, from that moment, and gives those of the
// others back.
func (s *Store) SettleTimers(ctx context.Context, tx *sqlx.Tx, channel, owner string, holds []Hold, window time.Duration) error {
	keys, holders := holdArrays(holds)
	if _, err := tx.ExecContext(ctx, query("send_timer_start"), channel, pq.Array(keys), pq.Array(holders), window.Seconds()); err != nil {
		return fmt.Errorf("starting the send timers of %s: %w", channel, err)
	}
	if _, err := tx.ExecContext(ctx, query("send_timer_release"), channel, owner, pq.Array(keys), pq.Array(holders)); err != nil {
		return fmt.Errorf("giving send timers of %s back: %w", channel, err)
	}
	return nil
}

func holdArrays(holds []Hold) (keys, holders []string) {
	for _, h := range holds {
		keys, holders = append(keys, h.Key), append(holders, h.SendKey)
	}
	return keys, holders
}
