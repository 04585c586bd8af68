package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/lib/pq"
)

// Bounds of the calls that tell webhooks of events.
const (
	deliveryEvents = 100     // in one call
	deliveryBytes  = 1 << 20 // of their properties, unless a single event has more
	deliveriesOpen = 4       // calls of one webhook that wait at a time: what fails holds up only that much
)

// Delivery is a call that tells a webhook of events.
type Delivery struct {
	ID         string         `db:"id"` // the same for every attempt
	WebhookID  string         `db:"webhook_id"`
	Webhook    string         `db:"webhook"` // its name; only Deliveries reads it
	Events     types.JSONText `db:"events"`  // of DeliveredEvent
	QueuedAt   time.Time      `db:"queued_at"`
	CreatedAt  time.Time      `db:"created_at"`
	NextAt     *time.Time     `db:"next_at"` // when it is tried next, or an attempt is taken for lost
	Attempts   int            `db:"attempts"`
	Delivered  bool           `db:"delivered"`
	Status     *int           `db:"status"` // of the last answer
	Error      *string        `db:"error"`  // of the last attempt
	FinishedAt *time.Time     `db:"finished_at"`
	URL        string         `db:"endpoint_url"` // only ClaimDelivery reads it and the secret
	Secret     string         `db:"secret_key"`
}

// DeliveredEvent names an event of a Delivery.
type DeliveredEvent struct {
	ID    string    `json:"id"`
	Time  time.Time `json:"time"`
	Topic string    `json:"topic"`
}

// State is waiting, delivered or failed.
func (d *Delivery) State() string {
	switch {
	case d.FinishedAt == nil:
		return "waiting"
	case d.Delivered:
		return "delivered"
	default:
		return "failed"
	}
}

// Members gives the events of the delivery.
func (d *Delivery) Members() ([]DeliveredEvent, error) {
	var all []DeliveredEvent
	if err := json.Unmarshal(d.Events, &all); err != nil {
		return nil, fmt.Errorf("events of webhook delivery %s: %w", d.ID, err)
	}
	return all, nil
}

// FormDeliveries makes calls of what is queued, one for each webhook that has room for one.
func (s *Store) FormDeliveries(ctx context.Context, now time.Time) error {
	return s.Tx(ctx, func(tx *sqlx.Tx) error {
		var ready []string
		if err := tx.SelectContext(ctx, &ready, query("delivery_ready"), deliveriesOpen); err != nil {
			return fmt.Errorf("finding webhooks to call: %w", err)
		}
		for _, id := range ready {
			delivery, err := uuid.NewV7()
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, query("delivery_form"), id, delivery, deliveryEvents, deliveryBytes, now); err != nil {
				return fmt.Errorf("forming a call of webhook %s: %w", id, err)
			}
		}
		return nil
	})
}

// ClaimDelivery gives the call that is due first, which nobody else gets before lease has passed. ErrNotFound: none is.
func (s *Store) ClaimDelivery(ctx context.Context, now time.Time, lease time.Duration) (Delivery, error) {
	var d Delivery
	err := s.DB.GetContext(ctx, &d, query("delivery_claim"), now, now.Add(lease))
	if errors.Is(err, sql.ErrNoRows) {
		return d, ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("taking a call of a webhook: %w", err)
	}
	return d, nil
}

// DeliveryEvents reads those of the events that are still there, by id.
func (s *Store) DeliveryEvents(ctx context.Context, members []DeliveredEvent) (map[string]*Event, error) {
	ids, at := make([]string, len(members)), make([]time.Time, len(members))
	for i, m := range members {
		ids[i], at[i] = m.ID, m.Time
	}
	var rows []Event
	if err := s.DB.SelectContext(ctx, &rows, query("delivery_events"), pq.Array(ids), times(at)); err != nil {
		return nil, fmt.Errorf("reading events for a webhook: %w", err)
	}
	found := make(map[string]*Event, len(rows))
	for i := range rows {
		found[rows[i].ID] = &rows[i]
	}
	return found, nil
}

// DeliveryDone notes that the call was taken; status is 0 if there was nothing left to call for.
func (s *Store) DeliveryDone(ctx context.Context, d *Delivery, status int, now time.Time) error {
	return s.Tx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, query("delivery_done"), d.ID, now, known(status)); err != nil {
			return fmt.Errorf("noting webhook delivery %s: %w", d.ID, err)
		}
		if _, err := tx.ExecContext(ctx, query("delivery_taken"), d.WebhookID); err != nil {
			return fmt.Errorf("noting that webhook %s works: %w", d.WebhookID, err)
		}
		return nil
	})
}

func known(status int) *int {
	if status == 0 {
		return nil
	}
	return &status
}

// DeliveryFailure is why a call was not taken.
type DeliveryFailure struct {
	Status        int       // of the answer; 0: there was none
	Reason        string    // for people
	Again         time.Time // when to try again; zero: never
	DisableBefore time.Time // a webhook that has failed since this or longer is disabled
	DisableReason string
}

// DeliveryFailed notes that the call was not taken, and says whether the webhook was disabled for that.
func (s *Store) DeliveryFailed(ctx context.Context, d *Delivery, f DeliveryFailure, now time.Time) (disabled bool, err error) {
	err = s.Tx(ctx, func(tx *sqlx.Tx) error {
		name, at := "delivery_failed", now
		if !f.Again.IsZero() {
			name, at = "delivery_again", f.Again
		}
		if _, err := tx.ExecContext(ctx, query(name), d.ID, at, known(f.Status), f.Reason); err != nil {
			return fmt.Errorf("noting webhook delivery %s: %w", d.ID, err)
		}
		err := tx.GetContext(ctx, &disabled, query("delivery_failing"), d.WebhookID, now, f.DisableBefore, f.DisableReason)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // disabled or removed meanwhile
		}
		if err != nil {
			return fmt.Errorf("noting that webhook %s fails: %w", d.WebhookID, err)
		}
		if disabled {
			return dropDeliveries(ctx, tx, d.WebhookID, now)
		}
		return nil
	})
	return disabled, err
}

// dropDeliveries gives up what a webhook has not been told.
func dropDeliveries(ctx context.Context, tx *sqlx.Tx, webhook string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, query("webhook_queue_drop"), webhook); err != nil {
		return fmt.Errorf("emptying the queue of webhook %s: %w", webhook, err)
	}
	if _, err := tx.ExecContext(ctx, query("delivery_drop"), webhook, now, "the webhook was disabled"); err != nil {
		return fmt.Errorf("giving up the calls of webhook %s: %w", webhook, err)
	}
	return nil
}

// PurgeDeliveries removes from the log what was finished before a time, and what was queued for webhooks that are gone.
func (s *Store) PurgeDeliveries(ctx context.Context, before time.Time) error {
	if _, err := s.DB.ExecContext(ctx, query("delivery_purge"), before); err != nil {
		return fmt.Errorf("shortening the log of webhook deliveries: %w", err)
	}
	if _, err := s.DB.ExecContext(ctx, query("delivery_orphans")); err != nil {
		return fmt.Errorf("emptying the queues of removed webhooks: %w", err)
	}
	return nil
}

// Deliveries gives the latest calls, of the webhook with the id or name and in the state that are given; empty is any.
func (s *Store) Deliveries(ctx context.Context, webhook, state string, limit int) ([]Delivery, error) {
	var all []Delivery
	if err := s.DB.SelectContext(ctx, &all, query("delivery_list"), webhook, state, limit); err != nil {
		return nil, fmt.Errorf("listing webhook deliveries: %w", err)
	}
	return all, nil
}
