package ingest

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// OwnService is the service of the metrics that Legato itself reports.
const OwnService = "legato"

// unsubscribed names the metric of an unsubscription, by channel.
var unsubscribed = map[string]string{"email": "Unsubscribed from Email Marketing"}

// Unsubscribe suppresses the profile on a channel ("email") because it asked for it, and stores the event that
// says so. A second time changes nothing. An unknown profile is ErrUnknownProfile.
func (g *Ingester) Unsubscribe(ctx context.Context, profile, channel string) error {
	metric, ok := unsubscribed[channel]
	if !ok {
		return &InvalidError{Field: "channel", Message: "nobody can unsubscribe from " + channel}
	}
	received := g.now()
	if err := g.ensureMonth(ctx, received); err != nil {
		return err
	}
	return g.attempt(ctx, func(tx *sqlx.Tx) error {
		event := Event{Metric: metric, Service: OwnService, Profile: Change{ID: profile}}
		// Metrics before profiles, as everywhere: writers that lock in one order do not deadlock.
		if _, _, err := g.metricIDs(ctx, tx, []metricName{{metric, OwnService}}, received); err != nil {
			return err
		}
		entries, refusals, err := g.resolve(ctx, tx, []*Change{&event.Profile}, upsert, false)
		if err != nil {
			return err
		}
		if refusals[0] != nil {
			return refusals[0]
		}
		said := []store.Consent{{ProfileID: entries[0].after.ID, Channel: channel, Purpose: "marketing", Consent: store.Unsubscribed, At: received, Method: "PREFERENCE_PAGE"}}
		if _, err := g.store.WriteConsent(ctx, tx, said, received); err != nil {
			return err
		}
		fresh, err := g.store.Suppress(ctx, tx, store.Suppression{ProfileID: entries[0].after.ID, Channel: channel, Reason: "UNSUBSCRIBE", At: received})
		if err != nil || !fresh {
			return err
		}
		results, _, err := g.storeEvents(ctx, tx, []Event{event}, received)
		if err == nil && results[0].Err != nil {
			err = results[0].Err
		}
		return err
	})
}
