package api

import (
	"net/http"

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
	if result.Err != nil {
		return refusedSubject(event.profile, result.Err)
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
