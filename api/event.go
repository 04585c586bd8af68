package api

import (
	"errors"
	"net/http"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

var eventDescription = &description{
	name: "event", path: "/api/events",
	attributes: []string{"timestamp", "event_properties", "datetime", "uuid"},
	includes:   []string{"metric", "profile"},
	filters: map[string]filterField{
		"metric_id":  {filterText, equality},
		"profile_id": {filterText, equality},
		"metric":     {filterText, presence},
		"profile":    {filterText, presence},
		"datetime":   {filterTime, ranges},
		"timestamp":  {filterSeconds, ranges},
	},
	sorts: []string{"datetime", "timestamp"}, order: "-datetime",
	size: 200, maxSize: 1000,
}

var (
	eventProfile = relation[store.Event]{name: "profile", to: relatedProfile, load: loadProfiles,
		id: func(e *store.Event) string { return e.ProfileID }}
	eventMetric = relation[store.Event]{name: "metric", to: metricDescription, load: loadMetrics,
		id: func(e *store.Event) string { return e.MetricID }}
)

func newEvents(s *store.Store) *resource[store.Event] {
	return &resource[store.Event]{
		description: eventDescription,
		get:         s.Event,
		page:        s.Events,
		id:          func(e *store.Event) string { return e.ID },
		position:    (*store.Event).Position,
		attributes:  (*store.Event).Attributes,
		related:     []relation[store.Event]{eventProfile, eventMetric},
	}
}

// oneEvent reads a request with an event, or refuses it before its body is read. The caller leaves when it needs the event
// no more.
func (a *api) oneEvent(w http.ResponseWriter, r *http.Request, p parameters) (event *eventForm, leave func(), err error) {
	if _, err := p.parse(r); err != nil {
		return nil, nil, err
	}
	if err := a.ingester.Overloaded(); err != nil {
		return nil, nil, err
	}
	if leave, err = a.bodies.take(r, maxEventBody); err != nil {
		return nil, nil, err
	}
	if event, err = a.eventBody(w, r); err != nil {
		leave()
		return nil, nil, err
	}
	return event, leave, nil
}

func (a *api) createEvent(w http.ResponseWriter, r *http.Request) error {
	event, leave, err := a.oneEvent(w, r, parameters{})
	if err != nil {
		return err
	}
	defer leave()
	result, err := a.ingester.Event(r.Context(), event.Event)
	if err != nil {
		return err
	}
	if errors.Is(result.Err, ingest.ErrTooManyMetrics) {
		return refusedEvent("/data/attributes", result.Err)
	}
	if result.Err != nil {
		return refusedSubject(event.profile, result.Err)
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// refusedEvent puts what ingest found wrong with an event, and not with its profile, at its place in the event's attributes.
func refusedEvent(attributes string, err error) *problem {
	if errors.Is(err, ingest.ErrTooManyMetrics) {
		return invalid(attributes+"/metric/data/attributes/name", "There is no metric of this name and service, and as many others as there may be (LEGATO_MAX_METRICS).")
	}
	return invalid(attributes+"/unique_id", "An earlier event of this request has the same unique_id, profile and metric.")
}
