package activities

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/legato-flow/legato/channel"
	"github.com/legato-flow/legato/channel/webhook"
	"github.com/legato-flow/legato/store"
)

// How calls of webhooks are repeated. A first attempt that fails is repeated after retryFirst, each further one after
// twice as long, up to retryMost, until the events are giveUp old. A webhook that has taken nothing for disableAfter is
// disabled.
const (
	deliveryLease = time.Minute // more than a call may take: whoever has been silent for so long is dead
	retryFirst    = 30 * time.Second
	retryMost     = time.Hour
	giveUp        = 24 * time.Hour
	disableAfter  = 72 * time.Hour
	purgeEvery    = time.Hour
)

// MaxDelivery is the most bytes that a call may post: a single event may have 5 MB.
const MaxDelivery = 8 << 20

// Deliveries tells webhooks of events. It is safe for concurrent use.
type Deliveries struct {
	Store *store.Store
	Calls Webhooks
	Now   func() time.Time // must be real, as receivers compare it with theirs
	Base  string           // the public URL of the server, for links
	Keep  time.Duration    // how long the log of what is finished is kept
	Log   *slog.Logger

	mu     sync.Mutex
	purged time.Time
}

// Deliver makes calls of what is queued, and makes the one that is due first. It says whether there was one.
func (v *Deliveries) Deliver(ctx context.Context) (bool, error) {
	now := v.Now()
	if err := v.purge(ctx, now); err != nil {
		return false, err
	}
	if err := v.Store.FormDeliveries(ctx, now); err != nil {
		return false, err
	}
	d, err := v.Store.ClaimDelivery(ctx, now, deliveryLease)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// What has begun is finished although the worker stops, as its outcome would be unknown otherwise.
	return true, v.attempt(context.WithoutCancel(ctx), &d)
}

func (v *Deliveries) purge(ctx context.Context, now time.Time) error {
	v.mu.Lock()
	due := now.Sub(v.purged) >= purgeEvery
	if due {
		v.purged = now
	}
	v.mu.Unlock()
	if !due {
		return nil
	}
	return v.Store.PurgeDeliveries(ctx, now.Add(-v.Keep))
}

// attempt makes a call and notes what came of it.
func (v *Deliveries) attempt(ctx context.Context, d *store.Delivery) error {
	// What has waited behind others is tried once, however old it is.
	if age := v.Now().Sub(d.QueuedAt); d.Attempts > 1 && age > giveUp {
		return v.failed(ctx, d, webhook.Response{}, fmt.Errorf("given up: the first event is older than %s", giveUp))
	}
	request, err := v.request(ctx, d)
	if err != nil {
		return err
	}
	if request == nil { // all events are gone
		return v.Store.DeliveryDone(ctx, d, 0, v.Now())
	}
	response, err := v.Calls.Deliver(ctx, *request, func(context.Context) error { return nil })
	if err != nil {
		return v.failed(ctx, d, response, err)
	}
	return v.Store.DeliveryDone(ctx, d, response.Status, v.Now())
}

// failed notes that a call was not taken, and when to make it again.
func (v *Deliveries) failed(ctx context.Context, d *store.Delivery, response webhook.Response, cause error) error {
	now := v.Now()
	f := store.DeliveryFailure{Status: response.Status, Reason: cause.Error(), DisableBefore: now.Add(-disableAfter),
		DisableReason: fmt.Sprintf("no call was taken for %s; the last: %s", disableAfter, cause)}
	var later *channel.LaterError
	if errors.As(cause, &later) {
		f.Again = now.Add(max(backoff(d.Attempts), min(later.After, retryMost)))
	}
	disabled, err := v.Store.DeliveryFailed(ctx, d, f, now)
	if err != nil {
		return err
	}
	log := v.Log.With(slog.String("webhook", d.WebhookID), slog.String("delivery", d.ID), slog.Int("attempt", d.Attempts), slog.Any("error", cause))
	switch {
	case disabled:
		log.ErrorContext(ctx, "a webhook is disabled, as it has failed for too long")
	case f.Again.IsZero():
		log.WarnContext(ctx, "a call of a webhook failed for good")
	default:
		log.InfoContext(ctx, "a call of a webhook failed, to be made again", slog.Time("at", f.Again))
	}
	return nil
}

// backoff is how long to wait after so many attempts, with a quarter more or less so that not all come back at once.
func backoff(attempts int) time.Duration {
	pause := retryMost
	if attempts < 8 {
		pause = min(retryFirst<<(attempts-1), retryMost)
	}
	return pause*3/4 + rand.N(pause/2)
}

// told is one event in the body of a call, in the form that receivers of the public API's webhooks know.
type told struct {
	ExternalID string         `json:"external_id"` // the event's id: the same whenever it is told
	Topic      string         `json:"topic"`
	Payload    map[string]any `json:"payload"` // as GET /api/events/{id} answers
}

// request makes the call, or nil if none of its events is there any more.
func (v *Deliveries) request(ctx context.Context, d *store.Delivery) (*webhook.Request, error) {
	members, err := d.Members()
	if err != nil {
		return nil, err
	}
	events, err := v.Store.DeliveryEvents(ctx, members)
	if err != nil {
		return nil, err
	}
	data := make([]told, 0, len(members))
	for _, m := range members {
		if e := events[m.ID]; e != nil {
			data = append(data, told{ExternalID: e.ID, Topic: m.Topic, Payload: v.payload(e)})
		}
	}
	if len(data) == 0 {
		return nil, nil
	}
	stamp := strconv.FormatInt(v.Now().Unix(), 10)
	body, err := json.Marshal(map[string]any{"data": data, "meta": map[string]any{
		"webhook_id": d.WebhookID, "delivery_id": d.ID, "attempt": d.Attempts, "timestamp": stamp,
	}})
	if err != nil {
		return nil, fmt.Errorf("the body of webhook delivery %s: %w", d.ID, err)
	}
	return &webhook.Request{Key: d.ID, URL: d.URL, Secret: []byte(d.Secret), Body: body, Headers: map[string]string{
		"Klaviyo-Webhook-Id": d.WebhookID, "Klaviyo-Timestamp": stamp, "Klaviyo-Signature": signature(d.Secret, body, stamp),
	}}, nil
}

// signature is the hex HMAC-SHA256 of body and timestamp, as receivers of the public API's webhooks check it.
func signature(secret string, body []byte, stamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body)
	_, _ = mac.Write([]byte(stamp))
	return hex.EncodeToString(mac.Sum(nil))
}

func (v *Deliveries) payload(e *store.Event) map[string]any {
	to := func(kind, id string) map[string]any {
		self := v.Base + "/api/events/" + e.ID
		return map[string]any{"data": map[string]any{"type": kind, "id": id}, "links": map[string]any{"self": self + "/relationships/" + kind, "related": self + "/" + kind}}
	}
	self := map[string]any{"self": v.Base + "/api/events/" + e.ID}
	return map[string]any{"data": map[string]any{
		"type": "event", "id": e.ID, "attributes": e.Attributes(), "links": self,
		"relationships": map[string]any{"profile": to("profile", e.ProfileID), "metric": to("metric", e.MetricID)},
	}, "links": self}
}
