package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// WebhookChannel is what Postgres notifies when a webhook is to be told of an event.
const WebhookChannel = "legato_webhooks"

// MaxWebhooks is how many webhooks there may be: every event is written once more for each that wants it.
const MaxWebhooks = 20

// ErrTooManyWebhooks is returned for one more than MaxWebhooks.
var ErrTooManyWebhooks = fmt.Errorf("there may be at most %d webhooks", MaxWebhooks)

// Webhook is an address that is told of events.
type Webhook struct {
	ID             string         `db:"id"`
	Name           string         `db:"name"`
	Description    *string        `db:"description"`
	URL            string         `db:"endpoint_url"`
	Secret         string         `db:"secret_key"` // signs the calls
	Enabled        bool           `db:"enabled"`
	FailingSince   *time.Time     `db:"failing_since"`   // when calls began to fail, with none taken since
	DisabledReason *string        `db:"disabled_reason"` // why it was disabled, if nobody asked for it
	CreatedAt      time.Time      `db:"created_at"`
	UpdatedAt      time.Time      `db:"updated_at"`
	Topics         pq.StringArray `db:"topics"`
}

// Topic is a kind of event that a webhook can be told of.
type Topic struct {
	ID string `db:"topic"`
}

// ownTopics are the topics of what Legato itself reports, before the first such event. The prefix is the one that
// receivers of the public API's webhooks know.
var ownTopics = []string{"event:klaviyo.received_email", "event:klaviyo.unsubscribed_from_email_marketing"}

// Topics gives all topics in the order of their ids: one for every metric.
func (s *Store) Topics(ctx context.Context) ([]Topic, error) {
	var all []Topic
	if err := s.DB.SelectContext(ctx, &all, query("webhook_topic_list"), pq.Array(ownTopics)); err != nil {
		return nil, fmt.Errorf("listing webhook topics: %w", err)
	}
	return all, nil
}

// Webhooks gives all webhooks, the oldest first.
func (s *Store) Webhooks(ctx context.Context) ([]Webhook, error) {
	var all []Webhook
	if err := s.DB.SelectContext(ctx, &all, query("webhook_select")+"\norder by created_at, id"); err != nil {
		return nil, fmt.Errorf("listing webhooks: %w", err)
	}
	return all, nil
}

// Webhook reads one, or returns ErrNotFound.
func (s *Store) Webhook(ctx context.Context, id string) (Webhook, error) {
	return selectOne[Webhook](ctx, s, "webhook", id, query("webhook_select")+"\nwhere id = $1")
}

// CreateWebhook stores a webhook, or returns ErrTooManyWebhooks.
func (s *Store) CreateWebhook(ctx context.Context, w Webhook) error {
	return s.Tx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, query("webhook_alone")); err != nil {
			return fmt.Errorf("waiting to add a webhook: %w", err)
		}
		var n int
		if err := tx.GetContext(ctx, &n, query("webhook_count")); err != nil {
			return fmt.Errorf("counting webhooks: %w", err)
		}
		if n >= MaxWebhooks {
			return ErrTooManyWebhooks
		}
		_, err := tx.ExecContext(ctx, query("webhook_insert"), w.ID, w.Name, w.Description, w.URL, w.Secret, w.Enabled, w.CreatedAt)
		if err != nil {
			return fmt.Errorf("adding webhook %q: %w", w.Name, err)
		}
		return setTopics(ctx, tx, &w)
	})
}

func setTopics(ctx context.Context, tx *sqlx.Tx, w *Webhook) error {
	if _, err := tx.ExecContext(ctx, query("webhook_topics_delete"), w.ID); err != nil {
		return fmt.Errorf("setting the topics of webhook %s: %w", w.ID, err)
	}
	if _, err := tx.ExecContext(ctx, query("webhook_topics_insert"), w.ID, w.Topics); err != nil {
		return fmt.Errorf("setting the topics of webhook %s: %w", w.ID, err)
	}
	return nil
}

// ChangeWebhook gives the webhook to change and keeps what change leaves of it, or returns ErrNotFound. Enabling one
// forgets that it failed; disabling one drops what it has not been told.
func (s *Store) ChangeWebhook(ctx context.Context, id string, now time.Time, change func(w *Webhook) error) (w Webhook, err error) {
	err = s.Tx(ctx, func(tx *sqlx.Tx) error {
		var found []Webhook
		if err := tx.SelectContext(ctx, &found, query("webhook_select")+"\nwhere id = $1 for update", id); err != nil {
			return fmt.Errorf("reading webhook %s: %w", id, err)
		}
		if len(found) == 0 {
			return ErrNotFound
		}
		w = found[0]
		enabled := w.Enabled
		if err := change(&w); err != nil {
			return err
		}
		w.UpdatedAt = now
		if w.Enabled && !enabled {
			w.FailingSince, w.DisabledReason = nil, nil
		}
		_, err := tx.ExecContext(ctx, query("webhook_update"), w.ID, w.Name, w.Description, w.URL, w.Secret, w.Enabled, w.FailingSince, w.DisabledReason, now)
		if err != nil {
			return fmt.Errorf("changing webhook %s: %w", id, err)
		}
		if !w.Enabled && enabled {
			if err := dropDeliveries(ctx, tx, id, now); err != nil {
				return err
			}
		}
		return setTopics(ctx, tx, &w)
	})
	return w, err
}

// DeleteWebhook removes a webhook with what it has not been told and its log, or returns ErrNotFound.
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	return s.Tx(ctx, func(tx *sqlx.Tx) error {
		result, err := tx.ExecContext(ctx, query("webhook_delete"), id)
		if err != nil {
			return fmt.Errorf("removing webhook %s: %w", id, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		if _, err := tx.ExecContext(ctx, query("webhook_queue_drop"), id); err != nil {
			return fmt.Errorf("removing webhook %s: %w", id, err)
		}
		return nil
	})
}
