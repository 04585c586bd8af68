package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// ownService is the service of the metrics that Legato itself reports.
const ownService = "legato"

// eventPlaces remembers what events need to be there: metrics, by name, and partitions, by month.
type eventPlaces struct {
	mu      sync.Mutex
	metrics map[string]string
	months  map[string]bool
}

const maxPlaces = 10_000

// newEvent makes the event that a step of a member's run reports. Its unique id follows from run and step alone. Metric
// and partition are made here, outside the transaction that stores the event, where they could wait for each other.
func (a *Advance) newEvent(ctx context.Context, m *member, s *program.Step, metric string, properties map[string]any, value *json.Number) (*store.NewEvent, error) {
	at := m.now.UTC().Truncate(time.Second)
	id, err := a.place(ctx, metric, at)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(properties)
	if err != nil {
		return nil, fmt.Errorf("properties of the event %s: %w", metric, err)
	}
	return &store.NewEvent{Chosen: true, Depth: m.run.Depth + 1, Event: store.Event{
		ID: store.EventID(a.Clock.Now()), ProfileID: m.run.ProfileID, MetricID: id, Metric: metric, Time: at,
		UniqueID: sendKey(m, s), Value: value, Properties: data,
	}}, nil
}

// place makes sure that there is a metric and a partition, and gives the metric's id.
func (a *Advance) place(ctx context.Context, metric string, at time.Time) (string, error) {
	a.places.mu.Lock()
	defer a.places.mu.Unlock()
	if len(a.places.metrics) > maxPlaces || a.places.metrics == nil {
		a.places.metrics, a.places.months = map[string]string{}, map[string]bool{}
	}
	if month := at.Format("2006-01"); !a.places.months[month] {
		if err := a.Store.EnsureEventPartition(ctx, at); err != nil {
			return "", err
		}
		a.places.months[month] = true
	}
	if id := a.places.metrics[metric]; id != "" {
		return id, nil
	}
	err := a.Store.Tx(ctx, func(tx *sqlx.Tx) error {
		stored, err := a.Store.EnsureMetrics(ctx, tx, []store.Metric{{ID: store.ShortID(), Name: metric, Service: ownService}}, a.Clock.Now())
		if err == nil && len(stored) != 1 {
			err = fmt.Errorf("the metric %s is there %d times", metric, len(stored))
		}
		if err != nil {
			return err
		}
		a.places.metrics[metric] = stored[0].ID
		return nil
	})
	if err != nil {
		delete(a.places.metrics, metric)
	}
	return a.places.metrics[metric], err
}

// insertEvents stores events of those profiles that are still there.
func (a *Advance) insertEvents(ctx context.Context, tx *sqlx.Tx, events []store.NewEvent) error {
	if len(events) == 0 {
		return nil
	}
	var keys store.Keys
	for i := range events {
		keys.IDs = append(keys.IDs, events[i].ProfileID)
	}
	there, err := a.Store.LockProfiles(ctx, tx, keys, false)
	if err != nil {
		return err
	}
	events = slices.DeleteFunc(events, func(e store.NewEvent) bool {
		return !slices.ContainsFunc(there, func(p store.Profile) bool { return p.ID == e.ProfileID })
	})
	if len(events) == 0 {
		return nil
	}
	_, err = a.Store.InsertEvents(ctx, tx, events, a.Clock.Now())
	return err
}
