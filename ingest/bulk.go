package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Group is what one person did, and what is said about them.
type Group struct {
	Profile Change
	Events  []Event // without a Profile of their own
}

// ErrRepeated: two events of one call have the same unique id, profile and metric.
var ErrRepeated = errors.New("the unique_id is repeated for this profile and metric")

// EventError says which of several events, or which profile, keeps all of them from being taken in.
type EventError struct {
	Profile int   // the index of the group
	Event   int   // the index of the event in its group; -1: it is about the profile
	Err     error // ErrRepeated, ErrTooManyMetrics, ErrUnknownProfile or an *InvalidError
}

func (e *EventError) Error() string {
	if e.Event < 0 {
		return fmt.Sprintf("profile %d: %v", e.Profile, e.Err)
	}
	return fmt.Sprintf("event %d of profile %d: %v", e.Event, e.Profile, e.Err)
}

func (e *EventError) Unwrap() error { return e.Err }

// bulks is how many calls of Bulk write at a time: one while another waits for the disk. Each holds some ten times
// its body in memory.
const bulks = 2

// Bulk takes in the events of several people in one transaction, all or none. When it returns without an error, all
// are committed, except those that repeat one that is stored: they are left out, so that a request whose answer got
// lost can be sent again. What cannot be taken in is an *EventError.
func (g *Ingester) Bulk(ctx context.Context, groups []Group) error {
	if err := g.Overloaded(); err != nil {
		return err
	}
	select {
	case g.bulk <- struct{}{}:
		defer func() { <-g.bulk }()
	case <-ctx.Done():
		return ErrOverloaded
	}
	var changes []*Change
	var events []Event
	var of, first []int
	for i := range groups {
		changes = append(changes, &groups[i].Profile)
		first = append(first, len(events))
		for range groups[i].Events {
			of = append(of, i)
		}
		events = append(events, groups[i].Events...)
	}
	received := g.now()
	for i := range events {
		if err := g.ensureMonth(ctx, moment(&events[i], received)); err != nil {
			return err
		}
	}
	var results []EventResult
	var fresh map[metricName]string
	err := g.attempt(ctx, func(tx *sqlx.Tx) (err error) {
		results, fresh, err = g.storeOf(ctx, tx, changes, events, of, received, true)
		return err
	})
	var wrong *EventError
	if errors.As(err, &wrong) && wrong.Event >= 0 {
		wrong.Event -= first[wrong.Profile]
	}
	if err != nil {
		return err
	}
	g.metrics.put(fresh)
	g.count(results)
	return nil
}
