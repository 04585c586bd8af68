package sample

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/lib/pq"
)

// metrics gives the ids of the shop's metrics, made where they are missing.
func (l loader) metrics() (map[string]string, error) {
	names := []string{viewedProduct, addedToCart, startedCheckout, placedOrder, orderedProduct}
	fresh := []string{"VwPr0d", "AdCar7", "StChk0", "PlOrd3", "OrPrd2"}
	_, err := l.tx.ExecContext(l.ctx, `
		insert into metric (id, name, service, created_at, updated_at)
		select id, name, 'api', $3, $3 from unnest($1::text[], $2::text[]) as x (id, name)
		on conflict (name, service) do nothing`, pq.Array(fresh), pq.Array(names), l.now.Add(-2*year))
	if err != nil {
		return nil, fmt.Errorf("table metric: %w", err)
	}
	var rows []struct{ ID, Name string }
	if err := l.tx.SelectContext(l.ctx, &rows, "select id, name from metric where service = 'api' and name = any($1)", pq.Array(names)); err != nil {
		return nil, fmt.Errorf("table metric: %w", err)
	}
	ids := map[string]string{}
	for _, row := range rows {
		ids[row.Name] = row.ID
	}
	return ids, nil
}

func (l loader) events(events []event) error {
	ids, err := l.metrics()
	if err != nil {
		return err
	}
	if len(events) > 0 {
		// From the oldest event's month to the next one.
		_, err := l.tx.ExecContext(l.ctx, "select ensure_event_partition(m) from generate_series(date_trunc('month', $1 at time zone 'UTC') at time zone 'UTC', $2, interval '1 month') m",
			l.now.Add(-events[0].before), l.now.AddDate(0, 1, 0))
		if err != nil {
			return fmt.Errorf("making partitions for events: %w", err)
		}
	}
	err = l.copy("event", []string{"id", "profile_id", "metric_id", "time", "recorded_at", "unique_id", "value", "currency", "properties"}, func(add func(...any) error) error {
		for _, e := range events {
			properties, err := json.Marshal(e.properties)
			if err != nil {
				return err
			}
			at := l.now.Add(-e.before)
			var value, currency any
			if e.value != 0 {
				value, currency = amount(e.value), "USD"
			}
			if err := add(e.id.String(), e.person.id, ids[e.metric], at, at, e.unique(at), value, currency, string(properties)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.copy("event_key", []string{"profile_id", "metric_id", "unique_id"}, func(add func(...any) error) error {
		for _, e := range events {
			if e.uniqueID != "" {
				if err := add(e.person.id, ids[e.metric], e.uniqueID); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// unique is the sender's unique id, else the time in whole seconds, as ingestion has it.
func (e event) unique(at time.Time) string {
	if e.uniqueID != "" {
		return e.uniqueID
	}
	return strconv.FormatInt(at.Unix(), 10)
}

func (l loader) purchases(events []event) error {
	type key struct{ profile, product string }
	type total struct {
		quantity int
		before   time.Duration
	}
	totals := map[key]total{}
	var order []key
	for _, e := range events { // in the order of time
		if e.productID == "" {
			continue
		}
		k := key{e.person.id, e.productID}
		t, ok := totals[k]
		if !ok {
			order = append(order, k)
		}
		totals[k] = total{t.quantity + e.quantity, e.before}
	}
	return l.copy("purchase", []string{"profile_id", "item_id", "quantity", "last_at"}, func(add func(...any) error) error {
		for _, k := range order {
			if err := add(k.profile, k.product, totals[k].quantity, l.now.Add(-totals[k].before)); err != nil {
				return err
			}
		}
		return nil
	})
}
