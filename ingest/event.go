package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// Event is something that a profile did, as a sender reports it. Values must have passed the Parse functions of
// this package.
type Event struct {
	Metric     string
	Service    string // DefaultService if empty
	Profile    Change
	Properties json.RawMessage // an object
	Value      *json.Number
	Currency   *string   // ISO 4217
	Time       time.Time // when it happened; zero: when it is received
	UniqueID   string    // drops repeats for the same profile and metric; empty: the time in whole seconds
	Backfill   bool      // store it, but let it trigger nothing
}

// EventResult is what became of an Event.
type EventResult struct {
	EventID   string // empty unless the event was stored
	ProfileID string
	Duplicate bool  // it repeats an event that was there, or an earlier one of the same call
	Err       error // why it was refused: ErrUnknownProfile, ErrTooManyMetrics or an *InvalidError
}

// Events takes in a batch in one transaction: when it returns without an error, everything that is not refused
// is committed, with the profiles, metrics, purchases and flow entries that follow from it. Results come in the
// order of the events. The first of several events with one unique id wins; what a repeat says about its profile
// is still applied.
func (g *Ingester) Events(ctx context.Context, events []Event) ([]EventResult, error) {
	if len(events) == 0 {
		return nil, nil
	}
	results, err := g.transact(ctx, events)
	if errors.Is(err, ErrBusy) && len(events) > 1 {
		return g.oneByOne(ctx, events)
	}
	return results, err
}

// transact takes in events in one transaction, all that are not refused or none.
func (g *Ingester) transact(ctx context.Context, events []Event) ([]EventResult, error) {
	received := g.now()
	for _, e := range events {
		if err := g.ensureMonth(ctx, moment(&e, received)); err != nil {
			return nil, err
		}
	}
	var results []EventResult
	var fresh map[metricName]string
	err := g.attempt(ctx, func(tx *sqlx.Tx) (err error) {
		results, fresh, err = g.storeEvents(ctx, tx, events, received)
		return err
	})
	if err != nil {
		return nil, err
	}
	g.metrics.put(fresh)
	g.count(results)
	return results, nil
}

// oneByOne is for a batch that cannot be written as one, such as one in which two profiles swap their emails.
func (g *Ingester) oneByOne(ctx context.Context, events []Event) ([]EventResult, error) {
	var results []EventResult
	for _, e := range events {
		r, err := g.Events(ctx, []Event{e})
		if err != nil {
			return nil, err
		}
		results = append(results, r...)
	}
	return results, nil
}

func moment(e *Event, received time.Time) time.Time {
	if e.Time.IsZero() {
		return received.Truncate(time.Second)
	}
	return e.Time.UTC().Truncate(time.Second)
}

// storeEvents does the work of Events inside a transaction. The metrics it returns may be cached once that is
// committed.
func (g *Ingester) storeEvents(ctx context.Context, tx *sqlx.Tx, events []Event, received time.Time) ([]EventResult, map[metricName]string, error) {
	changes, of := make([]*Change, len(events)), make([]int, len(events))
	for i := range events {
		changes[i], of[i] = &events[i].Profile, i
	}
	return g.storeOf(ctx, tx, changes, events, of, received, false)
}

// storeOf stores events of which the profile is that of changes[of[i]]. If whole, anything wrong with one of them, and
// a unique id that comes twice, is an *EventError.
func (g *Ingester) storeOf(ctx context.Context, tx *sqlx.Tx, changes []*Change, events []Event, of []int, received time.Time, whole bool) ([]EventResult, map[metricName]string, error) {
	names := make([]metricName, len(events))
	for i := range events {
		names[i] = metricName{events[i].Metric, events[i].Service}
		if names[i].service == "" {
			names[i].service = DefaultService
		}
	}
	metrics, fresh, err := g.metricIDs(ctx, tx, names, received)
	if err != nil {
		return nil, nil, err
	}
	results := make([]EventResult, len(events))
	for i := range events {
		if metrics[names[i]] != "" {
			continue
		}
		if whole {
			return nil, nil, &EventError{Profile: of[i], Event: i, Err: ErrTooManyMetrics}
		}
		results[i].Err, changes[of[i]] = ErrTooManyMetrics, nil
	}
	entries, refusals, err := g.resolve(ctx, tx, changes, upsert, false)
	if err != nil {
		return nil, nil, err
	}
	byID := make(map[string]int, len(events))
	seen := make(map[[3]string]bool, len(events))
	rows := make([]store.NewEvent, 0, len(events))
	for i := range events {
		if results[i].Err != nil {
			continue
		}
		if err := refusals[of[i]]; err != nil {
			if whole {
				return nil, nil, &EventError{Profile: of[i], Event: -1, Err: err}
			}
			results[i].Err = err
			continue
		}
		row := newEvent(&events[i], entries[of[i]].after.ID, metrics[names[i]], received)
		results[i].ProfileID = row.ProfileID
		identity := [3]string{row.ProfileID, row.MetricID, row.UniqueID}
		if results[i].Duplicate = seen[identity]; results[i].Duplicate {
			if whole && row.Chosen {
				return nil, nil, &EventError{Profile: of[i], Event: i, Err: ErrRepeated}
			}
			continue
		}
		seen[identity] = true
		byID[row.ID] = i
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return results, fresh, nil
	}
	repeats, err := g.store.InsertEvents(ctx, tx, rows, received)
	if err != nil {
		return nil, nil, err
	}
	for id, i := range byID {
		results[i].EventID = id
	}
	for _, id := range repeats {
		results[byID[id]].EventID, results[byID[id]].Duplicate = "", true
	}
	return results, fresh, nil
}

func newEvent(e *Event, profileID, metricID string, received time.Time) store.NewEvent {
	at := moment(e, received)
	row := store.NewEvent{Event: store.Event{
		ID: store.EventID(received), ProfileID: profileID, MetricID: metricID, Metric: e.Metric, Time: at,
		UniqueID: e.UniqueID, Value: e.Value, Currency: e.Currency, Properties: []byte(e.Properties), Backfill: e.Backfill,
	}, Chosen: e.UniqueID != ""}
	if !row.Chosen {
		row.UniqueID = strconv.FormatInt(at.Unix(), 10)
	}
	if len(row.Properties) == 0 {
		row.Properties = emptyObject
	}
	if e.Metric == orderedProduct {
		row.ItemID, row.Quantity = purchase(e.Properties)
	}
	return row
}
