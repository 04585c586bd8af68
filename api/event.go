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

// makeRoom lets a request with an event in, or refuses it before its body is read.
func (a *api) makeRoom(r *http.Request) (leave func(), err error) {
	if err := a.ingester.Overloaded(); err != nil {
		return nil, err
	}
	return a.bodies.take(r, maxEventBody)
}

func (a *api) createEvent(w http.ResponseWriter, r *http.Request) error {
	if _, err := (parameters{}).parse(r); err != nil {
		return err
	}
	leave, err := a.makeRoom(r)
	if err != nil {
		return err
	}
	defer leave()
	event, err := a.eventBody(w, r)
	if err != nil {
		return err
	}
	result, err := a.ingester.Event(r.Context(), event.Event)
	if err != nil {
		return err
	}
	if result.Err != nil {
		return refused(event.profile+"/attributes", event.profile, result.Err)
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
