package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
)

// Subscription is what one person agrees to, or says no to.
type Subscription struct {
	Profile  Change
	Channels []ChannelConsent
	Tokens   []store.PushToken // to be registered, or removed
}

// ChannelConsent is one channel and purpose of a Subscription.
type ChannelConsent struct {
	Channel, Purpose string
	At               time.Time // zero: now
}

// SubscribeOptions are for all people of a call.
type SubscribeOptions struct {
	List       string // that they join or leave; "": none
	Source     string // kept with the consent
	Historical bool   // given long ago: nothing follows from it
}

// ErrDoubleOptIn: the list wants everybody to confirm, for which no messages are sent yet.
var ErrDoubleOptIn = errors.New("the list asks for double opt-in")

// Metrics that consent is reported under, by channel, for marketing.
var (
	subscribedMetrics   = map[string]string{"email": "Subscribed to Email Marketing", "sms": "Consented to Receive SMS"}
	unsubscribedMetrics = map[string]string{"email": unsubscribed["email"], "sms": "Unsubscribed from SMS"}
)

const (
	joinedMetric = "Subscribed to List"
	leftMetric   = "Unsubscribed from List"
)

// liftedReasons are suppressions that end when somebody subscribes. Bounces and addresses that do not exist stay.
var liftedReasons = []string{"UNSUBSCRIBE", "SPAM_COMPLAINT", "USER_SUPPRESSED"}

// Subscribe records that people agreed to be messaged, in one transaction: all or, with an *EventError, none. They join
// the list and enter its flows. An unknown list is ErrUnknownList, one with double opt-in ErrDoubleOptIn.
func (g *Ingester) Subscribe(ctx context.Context, people []Subscription, o SubscribeOptions) error {
	return g.consent(ctx, people, o, []string{subscribedMetrics["email"], subscribedMetrics["sms"], joinedMetric}, func(tx *sqlx.Tx, c *consenting) error {
		if c.list.OptInProcess == DoubleOptIn && !o.Historical {
			return ErrDoubleOptIn
		}
		fresh, err := c.write(ctx, tx, people, store.Subscribed, o.Source)
		if err != nil {
			return err
		}
		for channel, profiles := range c.marketing(people) {
			if _, err := g.store.Unsuppress(ctx, tx, profiles, channel, liftedReasons...); err != nil {
				return err
			}
		}
		for i, p := range people {
			for _, t := range p.Tokens {
				t.ID, t.ProfileID, t.CreatedAt = ulid.MustNewDefault(c.now).String(), c.profiles[i], c.now
				if len(t.Metadata) == 0 {
					t.Metadata = emptyObject
				}
				if _, err := g.store.UpsertPushToken(ctx, tx, t); err != nil {
					return err
				}
			}
		}
		c.report(fresh, subscribedMetrics)
		if o.List == "" {
			return nil
		}
		if err := g.store.UnsuppressOnList(ctx, tx, o.List, c.each); err != nil {
			return err
		}
		var joined []string
		if o.Historical {
			joined, err = g.store.JoinListQuietly(ctx, tx, o.List, c.each, c.now)
		} else {
			joined, err = g.store.JoinList(ctx, tx, o.List, c.each, c.now, 0)
		}
		c.reportList(joined, joinedMetric)
		return err
	})
}

// UnsubscribeAll records that people want no messages any more. With a list, its members leave it and get no more mail
// as such; everybody else is unsubscribed from everything on the channels, as without a list.
func (g *Ingester) UnsubscribeAll(ctx context.Context, people []Subscription, o SubscribeOptions) error {
	return g.consent(ctx, people, o, []string{unsubscribedMetrics["email"], unsubscribedMetrics["sms"], leftMetric}, func(tx *sqlx.Tx, c *consenting) error {
		var members []string
		var err error
		if o.List != "" {
			if members, err = g.store.MembersAmong(ctx, tx, o.List, c.each); err != nil {
				return err
			}
			if err := g.store.LeaveList(ctx, tx, o.List, members); err != nil {
				return err
			}
			if err := g.store.SuppressOnList(ctx, tx, o.List, members, c.now); err != nil {
				return err
			}
			c.reportList(members, leftMetric)
		}
		rest := &consenting{g: g, now: c.now}
		var others []Subscription
		for i, p := range people {
			if !slices.Contains(members, c.profiles[i]) {
				others, rest.profiles = append(others, p), append(rest.profiles, c.profiles[i])
			}
			for _, t := range p.Tokens {
				if _, err := g.store.UnregisterPushToken(ctx, tx, t.Token, t.Vendor, c.profiles[i]); err != nil {
					return err
				}
			}
		}
		fresh, err := rest.write(ctx, tx, others, store.Unsubscribed, o.Source)
		if err != nil {
			return err
		}
		for channel, profiles := range rest.marketing(others) {
			if _, err := g.store.SuppressAll(ctx, tx, profiles, channel, "UNSUBSCRIBE", c.now); err != nil {
				return err
			}
		}
		c.report(fresh, unsubscribedMetrics)
		return nil
	})
}

// consenting is a transaction about consent.
type consenting struct {
	g          *Ingester
	now        time.Time
	list       store.List // if there is one
	historical bool
	profiles   []string // of the people
	each       []string // the same, each once and in order
	events     []Event
}

// consent finds the people and the list, lets do say what becomes of them, and stores the events that tell of it.
func (g *Ingester) consent(ctx context.Context, people []Subscription, o SubscribeOptions, metrics []string, do func(*sqlx.Tx, *consenting) error) error {
	now := g.now()
	var list store.List
	var err error
	if o.List != "" {
		if list, err = g.store.List(ctx, o.List); errors.Is(err, store.ErrNotFound) {
			return ErrUnknownList
		} else if err != nil {
			return err
		}
	}
	months := []time.Time{now}
	for _, p := range people {
		for _, c := range p.Channels {
			if !c.At.IsZero() {
				months = append(months, c.At)
			}
		}
	}
	for _, at := range months {
		if err := g.ensureMonth(ctx, at); err != nil {
			return err
		}
	}
	return g.attempt(ctx, func(tx *sqlx.Tx) error {
		// Metrics before profiles, as everywhere: writers that lock in one order do not deadlock.
		names, changes := make([]metricName, len(metrics)), make([]*Change, len(people))
		for i, name := range metrics {
			names[i] = metricName{name, OwnService}
		}
		if _, _, err := g.metricIDs(ctx, tx, names, now); err != nil {
			return err
		}
		if o.List != "" {
			if err := g.hold(ctx, tx, o.List); err != nil {
				return err
			}
		}
		for i := range people {
			changes[i] = &people[i].Profile
		}
		entries, refusals, err := g.resolve(ctx, tx, changes, upsert, false)
		if err != nil {
			return err
		}
		c := &consenting{g: g, now: now, list: list, historical: o.Historical}
		for i, e := range entries {
			if refusals[i] != nil {
				return &EventError{Profile: i, Event: -1, Err: refusals[i]}
			}
			c.profiles = append(c.profiles, e.after.ID)
		}
		c.each = slices.Compact(slices.Sorted(slices.Values(c.profiles)))
		if err := do(tx, c); err != nil || len(c.events) == 0 {
			return err
		}
		results, _, err := g.storeEvents(ctx, tx, c.events, now)
		for _, r := range results {
			if err == nil && r.Err != nil {
				err = r.Err
			}
		}
		return err
	})
}

// write records what the people said, and gives what is new of it. Of what one person says twice the last counts.
func (c *consenting) write(ctx context.Context, tx *sqlx.Tx, people []Subscription, what, source string) ([]store.Consent, error) {
	last := map[[3]string]store.Consent{}
	for i, p := range people {
		for _, x := range p.Channels {
			at := x.At
			if at.IsZero() {
				at = c.now
			}
			last[[3]string{c.profiles[i], x.Channel, x.Purpose}] = store.Consent{ProfileID: c.profiles[i], Channel: x.Channel, Purpose: x.Purpose,
				Consent: what, At: at, Method: "API", MethodDetail: source}
		}
	}
	all := make([]store.Consent, 0, len(last))
	for _, x := range last {
		all = append(all, x)
	}
	fresh, err := c.g.store.WriteConsent(ctx, tx, all, c.now)
	for i, x := range fresh {
		fresh[i].At = last[[3]string{x.ProfileID, x.Channel, x.Purpose}].At
	}
	return fresh, err
}

// marketing gives the people by the channels on which it is about marketing: that is what suppressions are for.
func (c *consenting) marketing(people []Subscription) map[string][]string {
	by := map[string][]string{}
	for i, p := range people {
		for _, x := range p.Channels {
			if x.Purpose == "marketing" {
				by[x.Channel] = append(by[x.Channel], c.profiles[i])
			}
		}
	}
	return by
}

// report has an event for everybody to whom it is new, of the channel's metric.
func (c *consenting) report(fresh []store.Consent, metrics map[string]string) {
	for _, x := range fresh {
		if metric := metrics[x.Channel]; metric != "" && x.Purpose == "marketing" {
			c.events = append(c.events, Event{Metric: metric, Service: OwnService, Profile: Change{ID: x.ProfileID}, Time: x.At, Backfill: c.historical})
		}
	}
}

// reportList has an event for everybody who joined or left the list.
func (c *consenting) reportList(profiles []string, metric string) {
	properties, err := json.Marshal(map[string]string{"List": c.list.Name})
	if err != nil {
		panic(fmt.Sprintf("ingest: a list's name as JSON: %v", err)) // a string
	}
	for _, id := range profiles {
		c.events = append(c.events, Event{Metric: metric, Service: OwnService, Profile: Change{ID: id}, Properties: properties, Time: c.now, Backfill: c.historical,
			UniqueID: c.list.ID + "/" + c.now.Format(time.RFC3339Nano)})
	}
}
