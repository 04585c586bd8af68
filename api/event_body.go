package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
)

// maxEventBody is the limit of a body with events.
const maxEventBody = 5 << 20

// eventForm is an event as a body has it.
type eventForm struct {
	ingest.Event
	profile string // the pointer of the profile's resource object
}

func (a *api) eventBody(w http.ResponseWriter, r *http.Request) (*eventForm, error) {
	raw, err := a.json(w, r, maxEventBody)
	if err != nil {
		return nil, err
	}
	in := a.reader()
	event := decodeEvent(in, raw, a.now())
	return event, in.err()
}

func decodeEvent(in *reader, raw jsontext.Value, now time.Time) *eventForm {
	event := &eventForm{}
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return event
	}
	data.kind("event")
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return event
	}
	attributes.happening(&event.Event, now)
	event.profile = attributes.subject(&event.Profile)
	attributes.done()
	return event
}

// happening takes what is said of the event itself.
func (o *object) happening(event *ingest.Event, now time.Time) {
	raw := o.members["properties"]
	properties, ok := o.properties("properties", true)
	event.Value = o.number("value")
	event.Currency = o.checked("value_currency", ingest.ParseCurrency)
	if id := o.checked("unique_id", func(s string) (string, error) { return ingest.ParseKey(s, ingest.MaxKeyLength) }); id != nil {
		event.UniqueID = *id
	}
	o.checked("time", func(s string) (_ string, err error) {
		event.Time, err = ingest.ParseTime(s, now)
		return s, err
	})
	event.Backfill = o.flag("backfill")
	if ok {
		event.Properties = json.RawMessage(raw)
		if properties.named(event) {
			event.Properties = marshal(properties)
		}
	}
	o.metric(event)
}

// named takes what senders used to put among the properties: $value, $value_currency and $event_id, for those of the
// attributes value, value_currency and unique_id that are not given. One that could not be the attribute stays a property.
// It says whether there was any.
func (o *object) named(event *ingest.Event) bool {
	before := len(o.members)
	text := func(name string, check func(string) (string, error)) *string {
		raw := o.members[name]
		if raw.Kind() != '"' {
			return nil
		}
		good, err := check(unquote(raw))
		if err != nil {
			return nil
		}
		delete(o.members, name)
		return &good
	}
	if raw := o.members["$value"]; event.Value == nil && raw.Kind() == '0' {
		n := json.Number(raw)
		event.Value = &n
		delete(o.members, "$value")
	}
	if event.Currency == nil {
		event.Currency = text("$value_currency", ingest.ParseCurrency)
	}
	if event.UniqueID == "" {
		if id := text("$event_id", func(s string) (string, error) { return ingest.ParseKey(s, ingest.MaxKeyLength) }); id != nil {
			event.UniqueID = *id
		}
	}
	return len(o.members) < before
}

func marshal(o *object) json.RawMessage {
	b, err := json.Marshal(o.raws())
	if err != nil {
		panic(err) // parseJSON has read the same text
	}
	return b
}

func parseMetric(s string) (string, error) { return ingest.ParseKey(s, ingest.MaxMetricLength) }

// metric takes what happened.
func (o *object) metric(event *ingest.Event) {
	outer, ok := o.object("metric", true)
	if !ok {
		return
	}
	data, ok := outer.object("data", true)
	outer.done()
	if !ok {
		return
	}
	data.kind("metric")
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return
	}
	event.Metric = attributes.required("name", parseMetric)
	if service := attributes.checked("service", parseMetric); service != nil {
		event.Service = *service
	}
	attributes.done()
}

// subject takes whom it happened to, and gives the pointer of that. Unlike in requests that are about a profile,
// an identifier that is null says nothing: many senders of events write null for what they do not know.
func (o *object) subject(c *ingest.Change) (pointer string) {
	outer, ok := o.object("profile", true)
	if !ok {
		return outer.pointer
	}
	size := len(outer.members["data"])
	data, ok := outer.object("data", true)
	outer.done()
	if !ok {
		return data.pointer
	}
	if size > ingest.MaxProfileSize {
		o.r.report(data.pointer, "The profile must take at most %d bytes, not %d.", ingest.MaxProfileSize, size)
	}
	before := len(o.r.problems)
	data.kind("profile")
	c.ID = data.id()
	attributes, ok := data.object("attributes", true)
	if meta, given := data.object("meta", false); given { // events have it in the attributes, some other bodies here
		meta.patches(c)
	}
	data.done()
	if !ok {
		return data.pointer
	}
	attributes.profile(c, nullSaysNothing)
	if meta, ok := attributes.object("meta", false); ok {
		meta.patches(c)
	}
	attributes.done()
	if len(o.r.problems) == before && !c.Identified() {
		o.r.report(attributes.pointer, "The profile needs one of the identifiers id, email, phone_number, external_id or anonymous_id.")
	}
	return data.pointer
}
