package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
)

// Bounds of requests that write many things.
const (
	maxBulkBody   = 5 << 20
	maxBulkEvents = 1000 // over all profiles
	bulkBodies    = 16   // that are held at a time
	bulkPatience  = 5 * time.Second
)

// gate lets so many requests with large bodies in at a time: beyond them the answer is 503 before the body is read.
type gate chan struct{}

func (g gate) enter(ctx context.Context) (leave func(), err error) {
	timer := time.NewTimer(bulkPatience)
	defer timer.Stop()
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	case <-timer.C:
		return nil, ingest.ErrOverloaded
	case <-ctx.Done():
		return nil, ingest.ErrOverloaded
	}
}

// bulkJSON reads a large body. The caller leaves when it needs it no more.
func (a *api) bulkJSON(w http.ResponseWriter, r *http.Request) (raw jsontext.Value, leave func(), err error) {
	if leave, err = a.bulk.enter(r.Context()); err != nil {
		return nil, nil, err
	}
	if raw, err = a.json(w, r, maxBulkBody); err != nil {
		leave()
		return nil, nil, err
	}
	return raw, leave, nil
}

// manyEvents reads a request with events, or refuses it before its body is read. The caller leaves, as with bulkJSON.
func (a *api) manyEvents(w http.ResponseWriter, r *http.Request, p parameters) (raw jsontext.Value, leave func(), err error) {
	if _, err := p.parse(r); err != nil {
		return nil, nil, err
	}
	if err := a.ingester.Overloaded(); err != nil {
		return nil, nil, err
	}
	return a.bulkJSON(w, r)
}

func (a *api) createEvents(w http.ResponseWriter, r *http.Request) error {
	raw, leave, err := a.manyEvents(w, r, parameters{})
	if err != nil {
		return err
	}
	defer leave()
	in := a.reader()
	groups, places := decodeEvents(in, raw, a.now())
	if err := in.err(); err != nil {
		return err
	}
	err = a.ingester.Bulk(r.Context(), groups)
	var wrong *ingest.EventError
	switch {
	case errors.As(err, &wrong) && wrong.Event >= 0:
		return refusedEvent(places[wrong.Profile].events+"/"+itoa(wrong.Event)+"/attributes", wrong.Err)
	case errors.As(err, &wrong):
		return refusedSubject(places[wrong.Profile].profile, wrong.Err)
	case err != nil:
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// groupPlace is where a body has the parts of a group.
type groupPlace struct {
	profile string // the pointer of the profile's resource object
	events  string // of the array of events
}

func decodeEvents(in *reader, raw jsontext.Value, now time.Time) (groups []ingest.Group, places []groupPlace) {
	attributes, ok := in.job(raw, "event-bulk-create-job", nil)
	if !ok {
		return nil, nil
	}
	items, place := attributes.many("events-bulk-create", 1, maxBulkEvents)
	attributes.done()
	total := 0
	for i, item := range items {
		o, ok := in.open(place+"/"+itoa(i), item)
		if !ok {
			continue
		}
		o.kind("event-bulk-create")
		inner, ok := o.object("attributes", true)
		o.done()
		if !ok {
			continue
		}
		group, at := inner.group(now)
		if total += len(group.Events); total > maxBulkEvents {
			in.report(at.events, "At most %d events are allowed in one request.", maxBulkEvents)
			return nil, nil
		}
		groups, places = append(groups, group), append(places, at)
	}
	return groups, places
}

// group takes a profile and its events.
func (o *object) group(now time.Time) (group ingest.Group, at groupPlace) {
	backfill := o.flag("backfill")
	at.profile = o.subject(&group.Profile)
	items, place := o.many("events", 1, maxBulkEvents)
	at.events = place
	o.done()
	group.Events = make([]ingest.Event, len(items))
	for i, item := range items {
		one, ok := o.r.open(place+"/"+itoa(i), item)
		if !ok {
			continue
		}
		one.kind("event")
		attributes, ok := one.object("attributes", true)
		one.done()
		if !ok {
			continue
		}
		attributes.happening(&group.Events[i], now)
		attributes.done()
		group.Events[i].Backfill = group.Events[i].Backfill || backfill
	}
	return group, at
}

// job reads a body that asks for a job or the like of this type, and gives its attributes. relations takes the relationships; nil:
// there are none.
func (r *reader) job(raw jsontext.Value, kind string, relations func(*object)) (*object, bool) {
	top, _ := r.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return nil, false
	}
	data.kind(kind)
	attributes, ok := data.object("attributes", true)
	if relations != nil {
		if o, given := data.object("relationships", false); given {
			relations(o)
			o.done()
		}
	}
	data.done()
	return attributes, ok
}

// many takes a member whose data is an array of at least so many and at most so many, and gives the array's pointer.
func (o *object) many(name string, least, most int) (items []jsontext.Value, pointer string) {
	outer, ok := o.object(name, true)
	pointer = outer.at("data")
	if !ok {
		return nil, pointer
	}
	data, given := outer.take("data")
	outer.done()
	if !given {
		o.r.report(pointer, "data is required.")
		return nil, pointer
	}
	if items = o.r.items(pointer, data); data.Kind() == '[' && len(items) < least {
		o.r.report(pointer, "At least %d is needed.", least)
	}
	if len(items) > most {
		o.r.report(pointer, "At most %d are allowed, not %d.", most, len(items))
		return nil, pointer
	}
	return items, pointer
}
