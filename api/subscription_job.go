package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

const (
	maxSubscribed     = 1000
	maxUnsubscribed   = 100
	maxTokens         = 10 // devices of one profile in one request
	maxSubscribedBody = 2 << 20
)

func (a *api) subscribeProfiles(w http.ResponseWriter, r *http.Request) error {
	return a.changeConsent(w, r, subscriptionForm{kind: "profile-subscription-bulk-create-job", consent: store.Subscribed, most: maxSubscribed}, a.ingester.Subscribe)
}

func (a *api) unsubscribeProfiles(w http.ResponseWriter, r *http.Request) error {
	return a.changeConsent(w, r, subscriptionForm{kind: "profile-subscription-bulk-delete-job", consent: store.Unsubscribed, most: maxUnsubscribed}, a.ingester.UnsubscribeAll)
}

// subscriptionForm says what a body about consent may hold.
type subscriptionForm struct {
	kind    string
	consent string // what everybody says
	most    int    // profiles

	now        time.Time
	historical bool
}

const subscriptionProfiles = "/data/attributes/profiles/data"

func (a *api) changeConsent(w http.ResponseWriter, r *http.Request, form subscriptionForm, change func(context.Context, []ingest.Subscription, ingest.SubscribeOptions) error) error {
	_, raw, err := a.request(w, r, parameters{}, maxSubscribedBody)
	if err != nil {
		return err
	}
	in := &reader{}
	form.now = a.now()
	people, options := form.decode(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	err = change(r.Context(), people, options)
	var wrong *ingest.EventError
	switch {
	case errors.Is(err, ingest.ErrUnknownList):
		return unknownList(options.List)
	case errors.Is(err, ingest.ErrDoubleOptIn):
		return invalid("/data/relationships/list/data/id", "The list asks for double opt-in, and confirmation messages are not implemented yet. Subscribe people who have confirmed with historical_import, or use a list with single opt-in.")
	case errors.As(err, &wrong):
		return refusedSubject(subscriptionProfiles+"/"+itoa(wrong.Profile), wrong.Err)
	case err != nil:
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (f subscriptionForm) decode(in *reader, raw jsontext.Value) (people []ingest.Subscription, options ingest.SubscribeOptions) {
	attributes, ok := in.job(raw, f.kind, func(o *object) { options.List = o.toOne("list") })
	if !ok {
		return nil, options
	}
	if f.consent == store.Subscribed {
		if source := attributes.checked("custom_source", func(s string) (string, error) { return ingest.ParseText(s, ingest.MaxTextLength) }); source != nil {
			options.Source = *source
		}
		f.historical = attributes.flag("historical_import")
		options.Historical = f.historical
	}
	items, place := attributes.many("profiles", 1, f.most)
	attributes.done()
	people = make([]ingest.Subscription, len(items))
	for i, item := range items {
		if o, ok := in.open(place+"/"+itoa(i), item); ok {
			f.person(o, &people[i])
		}
	}
	return people, options
}

func (f subscriptionForm) person(o *object, p *ingest.Subscription) {
	o.kind("profile")
	if f.consent == store.Subscribed {
		p.Profile.ID = o.id()
	}
	attributes, ok := o.object("attributes", true)
	o.done()
	if !ok {
		return
	}
	p.Profile.Attributes = map[string]*string{}
	for _, name := range []string{"email", "phone_number"} {
		if value := attributes.checked(name, func(s string) (string, error) { return ingest.ParseAttribute(name, s) }); value != nil {
			p.Profile.Attributes[name] = value
		}
	}
	if f.consent == store.Subscribed {
		born := attributes.checked("age_gated_date_of_birth", parseDate)
		if born != nil { // kept as a property that flows can ask for
			p.Profile.Properties = map[string]json.RawMessage{"age_gated_date_of_birth": json.RawMessage(`"` + *born + `"`)}
		}
	}
	if channels, ok := attributes.object("subscriptions", true); ok {
		f.channels(channels, p)
	}
	attributes.done()
	if len(o.r.problems) == 0 && !p.Profile.Identified() {
		o.r.report(attributes.pointer, "The profile needs an identifier: an email address or a phone number.")
	}
}

func parseDate(s string) (string, error) {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", errors.New("must be a date such as 1990-05-10")
	}
	return s, nil
}

// channelPurposes are what can be agreed to, by the name of the channel in a body.
var channelPurposes = []struct {
	name     string
	purposes []string
	address  string // the attribute that messages go to
}{
	{"email", []string{"marketing", "open_tracking"}, "email"},
	{"sms", []string{"marketing", "transactional"}, "phone_number"},
	{"whatsapp", []string{"marketing", "transactional"}, "phone_number"},
	{"push", []string{"marketing"}, ""},
}

func (f subscriptionForm) channels(o *object, p *ingest.Subscription) {
	for _, channel := range channelPurposes {
		inner, ok := o.object(channel.name, false)
		if !ok {
			continue
		}
		before := len(p.Channels)
		for _, purpose := range channel.purposes {
			if x, ok := inner.object(purpose, channel.name == "push"); ok {
				p.Channels = append(p.Channels, ingest.ChannelConsent{Channel: channel.name, Purpose: purpose, At: f.said(x, purpose)})
			}
		}
		if channel.name == "push" {
			f.devices(inner, p)
		}
		inner.done()
		if len(p.Channels) > before && channel.address != "" && p.Profile.ID == "" && p.Profile.Attributes[channel.address] == nil {
			o.r.report(inner.pointer, "The channel %s needs the profile's %s.", channel.name, channel.address)
		}
	}
	o.done()
	if len(o.r.problems) == 0 && len(p.Channels) == 0 {
		o.r.report(o.pointer, "At least one channel is needed.")
	}
}

// said takes the consent to a purpose, and gives when it was given: zero is now.
func (f subscriptionForm) said(o *object, purpose string) (at time.Time) {
	o.required("consent", oneOf([]string{f.consent}))
	if f.consent == store.Subscribed && purpose != "open_tracking" {
		given := o.checked("consented_at", func(s string) (_ string, err error) {
			if _, err = ingest.ParseInstant(s); err != nil {
				return s, err
			}
			if at, err = ingest.ParseTime(s, f.now); err != nil || at.After(f.now) {
				err = errors.New("must be in the past, from 1990 on")
			}
			return s, err
		})
		switch {
		case given != nil && !f.historical:
			o.r.report(o.at("consented_at"), "consented_at is for imports of history: set historical_import.")
		case given == nil && f.historical && len(o.r.problems) == 0:
			o.r.report(o.at("consented_at"), "consented_at is required with historical_import.")
		}
	}
	o.done()
	return at
}

// devices takes the push tokens that are to be registered or removed, and the id of somebody who has nothing else.
func (f subscriptionForm) devices(o *object, p *ingest.Subscription) {
	if f.consent == store.Subscribed {
		if id := o.checked("anonymous_id", func(s string) (string, error) { return ingest.ParseAttribute("anonymous_id", s) }); id != nil {
			p.Profile.Attributes["anonymous_id"] = id
		}
	}
	raw, given := o.take("tokens")
	if !given || raw.Kind() == 'n' {
		return
	}
	items := o.r.items(o.at("tokens"), raw)
	if len(items) > maxTokens {
		o.r.report(o.at("tokens"), "At most %d are allowed, not %d.", maxTokens, len(items))
		return
	}
	for i, item := range items {
		if device, ok := o.r.open(o.at("tokens")+"/"+itoa(i), item); ok {
			p.Tokens = append(p.Tokens, device.pushToken())
			device.done()
		}
	}
}
