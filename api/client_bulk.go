package api

import (
	"errors"
	"net/http"

	"github.com/legato-flow/legato/ingest"
)

// clientEvents takes in events of one profile, all or none.
func (a *api) clientEvents(w http.ResponseWriter, r *http.Request) error {
	raw, leave, err := a.manyEvents(w, r, parameters{company: true})
	if err != nil {
		return err
	}
	defer leave()
	in := a.reader()
	attributes, ok := in.job(raw, "event-bulk-create", nil)
	if !ok {
		return in.err()
	}
	group, place := attributes.group(a.now())
	for i := range group.Events {
		var own *problem
		if errors.As(ofClients(place.events+"/"+itoa(i)+"/attributes/metric/data/attributes", &group.Events[i]), &own) {
			in.problems = append(in.problems, own)
		}
	}
	if err := in.err(); err != nil {
		return err
	}
	group.Profile.FromClient = true
	err = a.ingester.Bulk(r.Context(), []ingest.Group{group})
	var wrong *ingest.EventError
	if errors.As(err, &wrong) && wrong.Event >= 0 {
		return refusedEvent(place.events+"/"+itoa(wrong.Event)+"/attributes", wrong.Err)
	}
	return accepted(w, err)
}
