package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
)

// Event is something a profile did. Events never change.
type Event struct {
	ID         string         `db:"id" json:"id"` // a uuid, version 7: ordered by receipt
	ProfileID  string         `db:"profile_id" json:"profile_id"`
	MetricID   string         `db:"metric_id" json:"metric_id"`
	Metric     string         `db:"metric" json:"metric"` // the metric's name
	Time       time.Time      `db:"time" json:"time"`     // when it happened, in whole seconds
	RecordedAt time.Time      `db:"recorded_at" json:"-"`
	UniqueID   string         `db:"unique_id" json:"unique_id"`
	Value      *json.Number   `db:"value" json:"value"`
	Currency   *string        `db:"currency" json:"currency"` // ISO 4217
	Properties types.JSONText `db:"properties" json:"properties"`
	Backfill   bool           `db:"backfill" json:"backfill"`
}

// NewEvent is an event to be stored.
type NewEvent struct {
	Event
	Chosen   bool         `json:"chosen"`             // the sender chose UniqueID: repeats are dropped whatever their time
	ItemID   *string      `json:"item_id,omitempty"`  // the catalog item that was bought
	Quantity *json.Number `json:"quantity,omitempty"` // of it
	Depth    int          `json:"depth,omitempty"`    // how many runs led to it, each by an event of the one before
}

// Position is the event's place in an order of Events.
func (e *Event) Position(string) Position { return momentPosition(e.Time, e.ID) }

// Attributes is the event as the public API shows it.
func (e *Event) Attributes() map[string]any {
	properties := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(e.Properties))
	d.UseNumber()
	_ = d.Decode(&properties) // an object, as ingest wrote it
	properties["$event_id"] = e.UniqueID
	if e.Value != nil {
		properties["$value"] = *e.Value
	}
	if e.Currency != nil {
		properties["$value_currency"] = *e.Currency
	}
	return map[string]any{"timestamp": e.Time.Unix(), "event_properties": properties, "datetime": Stamp(e.Time), "uuid": e.ID}
}

// Stamp is a time as the public API writes it.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999-07:00") }

var eventListing = listing{
	query: "event_select",
	id:    column{expression: "event.id", kind: identity},
	fields: map[string]column{
		"metric_id":  {expression: "event.metric_id"},
		"profile_id": {expression: "event.profile_id"},
		"metric":     {expression: "event.metric_id"},
		"profile":    {expression: "event.profile_id"},
		"datetime":   {expression: "event.time", kind: moment},
		"timestamp":  {expression: "event.time", kind: moment},
	},
	sorts: map[string]column{
		"datetime":  {expression: "event.time", kind: moment},
		"timestamp": {expression: "event.time", kind: moment},
	},
}

// Events reads a page. Fields and sorts are those of the public API's events.
func (s *Store) Events(ctx context.Context, p Page) (rows []Event, more bool, err error) {
	return selectPage[Event](ctx, s, eventListing, p)
}

// Event reads one, or returns ErrNotFound.
func (s *Store) Event(ctx context.Context, id string) (Event, error) {
	if _, err := uuid.Parse(id); err != nil {
		return Event{}, ErrNotFound
	}
	return selectOne[Event](ctx, s, "event", id, query("event_select")+"\nwhere event.id = $1")
}

// EnsureEventPartition makes room for events of that month. It must not run in a transaction that has written
// events: the two would wait for each other.
func (s *Store) EnsureEventPartition(ctx context.Context, moment time.Time) error {
	if _, err := s.DB.ExecContext(ctx, query("event_partition"), moment); err != nil {
		return fmt.Errorf("making the partition for %s: %w", moment.Format("2006-01"), err)
	}
	return nil
}

// InsertEvents stores the events of locked profiles and what follows from them: outbox rows for the live flows
// that they trigger, and purchases. It returns the ids of those that repeat an event that is there and leave no trace.
func (s *Store) InsertEvents(ctx context.Context, tx *sqlx.Tx, events []NewEvent, received time.Time) (repeats []string, err error) {
	if err := tx.SelectContext(ctx, &repeats, query("event_insert"), document(events), received); err != nil {
		return nil, fmt.Errorf("inserting events: %w", err)
	}
	s.recordEvents(tx, events, repeats, received)
	return repeats, nil
}

// recordEvents notes the properties of the events but the repeats.
func (s *Store) recordEvents(tx *sqlx.Tx, events []NewEvent, repeats []string, received time.Time) {
	gone := make(map[string]bool, len(repeats))
	for _, id := range repeats {
		gone[id] = true
	}
	all := make([]recorded, 0, len(events))
	for i := range events {
		if e := &events[i]; !gone[e.ID] {
			all = append(all, recorded{metricID: e.MetricID, properties: e.Properties, at: received, value: e.Value, currency: e.Currency})
		}
	}
	s.record(tx, all...)
}
