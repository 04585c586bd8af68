package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// OutboxChannel is what Postgres notifies when an entry is written.
const OutboxChannel = "legato_outbox"

// Entry is an outbox row: somebody triggered a flow and waits to be let in or refused.
type Entry struct {
	ID        int64          `db:"id"`
	FlowID    string         `db:"flow_id"`
	ProfileID string         `db:"profile_id"`
	Key       string         `db:"entry_key"` // event/<id>, list/<id>/<joined> or date/<day>
	EventID   sql.NullString `db:"event_id"`
	EventTime sql.NullTime   `db:"event_time"`
	DueAt     sql.NullTime   `db:"due_at"` // set for a date entry: when it is due
	AheadUS   int64          `db:"ahead"`
	Depth     int            `db:"depth"`      // how many runs led to this entry, each by an event of the one before
	PlaceFrom sql.NullTime   `db:"place_from"` // set: the run is placed where it would be, had it entered then
	Past      bool           `db:"past"`       // of a backfill: re-entry rules do not hold
	CreatedAt time.Time      `db:"created_at"`
}

// TakeEntries locks the oldest entries that no other dispatcher holds, for the length of tx.
func (s *Store) TakeEntries(ctx context.Context, tx *sqlx.Tx, limit int) ([]Entry, error) {
	var entries []Entry
	if err := tx.SelectContext(ctx, &entries, query("outbox_take"), limit); err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return entries, nil
}

// DropEntries removes entries that have been dealt with.
func (s *Store) DropEntries(ctx context.Context, tx *sqlx.Tx, ids []int64) error {
	if _, err := tx.ExecContext(ctx, query("outbox_delete"), pq.Array(ids)); err != nil {
		return fmt.Errorf("emptying the outbox: %w", err)
	}
	return nil
}

// times makes a Postgres array of moments; a zero time is null.
func times(moments []time.Time) any {
	texts := make([]sql.NullString, len(moments))
	for i, t := range moments {
		if !t.IsZero() {
			texts[i] = sql.NullString{String: t.UTC().Format("2006-01-02 15:04:05.999999Z"), Valid: true}
		}
	}
	return pq.Array(texts)
}
