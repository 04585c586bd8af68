package api

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
)

// maxClientEvents is how many events one request of a client may have.
const maxClientEvents = 1000

// clientEvents takes in events of one profile.
func (a *api) clientEvents(w http.ResponseWriter, r *http.Request) error {
	if _, err := (parameters{company: true}).parse(r); err != nil {
		return err
	}
	if err := a.ingester.Overloaded(); err != nil {
		return err
	}
	raw, err := a.json(w, r, maxEventBody)
	if err != nil {
		return err
	}
	in := &reader{}
	events := decodeClientEvents(in, raw, a.now())
	if err := in.err(); err != nil {
		return err
	}
	// What is refused is the profile, and so all or nothing: accepted says as little of it as of single events.
	_, err = a.ingester.Events(r.Context(), events)
	return accepted(w, err)
}

func decodeClientEvents(in *reader, raw jsontext.Value, now time.Time) []ingest.Event {
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return nil
	}
	data.kind("event-bulk-create")
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return nil
	}
	backfill := attributes.flag("backfill")
	var of ingest.Change
	attributes.subject(&of)
	of.FromClient = true
	outer, ok := attributes.object("events", true)
	attributes.done()
	if !ok {
		return nil
	}
	list, given := outer.take("data")
	outer.done()
	if !given {
		in.report(outer.at("data"), "data is required.")
		return nil
	}
	items := in.items(outer.at("data"), list)
	if n := len(items); n == 0 && list.Kind() == '[' || n > maxClientEvents {
		in.report(outer.at("data"), "1 to %d events are expected, not %d.", maxClientEvents, n)
		return nil
	}
	events := make([]ingest.Event, 0, len(items))
	for i, item := range items {
		o, ok := in.open(outer.at("data")+"/"+itoa(i), item)
		if !ok {
			continue
		}
		o.kind("event")
		inner, ok := o.object("attributes", true)
		o.done()
		if !ok {
			continue
		}
		event := ingest.Event{}
		inner.happening(&event, now)
		inner.done()
		if err := ofClients(inner.pointer+"/metric/data/attributes", &event); err != nil {
			in.problems = append(in.problems, err.(*problem))
		}
		event.Backfill = event.Backfill || backfill
		event.Profile = of
		events = append(events, event)
	}
	return events
}
