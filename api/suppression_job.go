package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

const maxSuppressed = 100

func suppressionDescription(name string) *description {
	return &description{
		name: name, path: "/api/" + name + "s",
		attributes: []string{"status", "created_at", "total_count", "completed_count", "completed_at", "skipped_count"},
		filters:    map[string]filterField{"status": {filterText, equality}, "list_id": {filterText, equality}, "segment_id": {filterText, equality}},
		sorts:      []string{"created"}, order: "-created",
		size: 100,
	}
}

// suppressionJobs are jobs that suppress profiles, or lift that.
func newSuppressionJobs(s *store.Store, kind, name string) *resource[store.Job] {
	d := suppressionDescription(name)
	return &resource[store.Job]{
		description: d,
		get:         func(ctx context.Context, id string) (store.Job, error) { return s.Job(ctx, kind, id) },
		page: func(ctx context.Context, p store.Page) ([]store.Job, bool, error) {
			return s.Jobs(ctx, kind, p)
		},
		id:       func(j *store.Job) string { return j.ID },
		position: (*store.Job).Position,
		attributes: func(j *store.Job) map[string]any {
			return map[string]any{"status": j.Status, "created_at": stamp(j.CreatedAt), "total_count": j.Total, "completed_count": j.Completed,
				"completed_at": stampOrNull(j.CompletedAt), "skipped_count": j.Skipped}
		},
		included: func(_ context.Context, a *api, _ *query, rows []store.Job, all []*shown) ([]*shown, error) {
			for i, x := range all {
				x.Relationships = map[string]related{
					"lists":    {Data: identifiers("list", rows[i].ListIDs), Links: x.links("lists")},
					"segments": {Data: []identifier{}, Links: x.links("segments")},
				}
			}
			return nil, nil
		},
	}
}

func stampOrNull(t *time.Time) any {
	if t == nil {
		return nil
	}
	return stamp(*t)
}

// beginSuppression takes requests for jobs of a kind.
func beginSuppression(kind string, jobs func(*api) *resource[store.Job]) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		s := jobs(a)
		q, raw, err := a.request(w, r, s.parameters(false), maxListBody)
		if err != nil {
			return err
		}
		in := &reader{}
		emails, list := decodeSuppression(in, raw, s.name)
		if err := in.err(); err != nil {
			return err
		}
		var j store.Job
		if list != "" {
			j, err = a.ingester.SuppressMembers(r.Context(), kind, list)
		} else {
			j, err = a.ingester.SuppressProfiles(r.Context(), kind, emails)
		}
		if errors.Is(err, ingest.ErrUnknownList) {
			return unknownList(list)
		}
		if err != nil {
			return err
		}
		return s.answer(a, w, r, q, http.StatusAccepted, j)
	}
}

// unknownList is the answer to a relationship to a list that is not there.
func unknownList(id string) *problem {
	p := newProblem(http.StatusNotFound, "There is no list with the id %s.", shorten(id))
	p.Source = &source{Pointer: "/data/relationships/list/data/id"}
	return p
}

func decodeSuppression(in *reader, raw jsontext.Value, kind string) (emails []string, list string) {
	segment := ""
	attributes, ok := in.job(raw, kind, func(o *object) {
		list, segment = o.toOne("list"), o.toOne("segment")
	})
	if !ok {
		return nil, ""
	}
	if given, there := attributes.members["profiles"]; there && given.Kind() != 'n' {
		items, place := attributes.many("profiles", 0, maxSuppressed)
		for i, item := range items {
			emails = append(emails, in.address(place+"/"+itoa(i), item))
		}
	} else {
		attributes.take("profiles")
	}
	attributes.done()
	given := 0
	for _, one := range []bool{len(emails) > 0, list != "", segment != ""} {
		if one {
			given++
		}
	}
	switch {
	case len(in.problems) > 0:
	case given != 1:
		in.report("/data", "Exactly one of profiles, a list and a segment is needed.")
	case segment != "":
		in.problems = append(in.problems, newProblem(http.StatusNotFound, "There is no segment with the id %s.", shorten(segment)))
		in.problems[0].Source = &source{Pointer: "/data/relationships/segment/data/id"}
	}
	return emails, list
}

// address reads a profile that has nothing but an email address.
func (r *reader) address(pointer string, raw jsontext.Value) (email string) {
	o, ok := r.open(pointer, raw)
	if !ok {
		return ""
	}
	o.kind("profile")
	if attributes, ok := o.object("attributes", true); ok {
		email = attributes.required("email", ingest.ParseEmail)
		attributes.done()
	}
	o.done()
	return email
}

// toOne takes a relationship to one resource, whose type has the relationship's name.
func (o *object) toOne(name string) string {
	outer, ok := o.object(name, false)
	if !ok {
		return ""
	}
	data, given := outer.take("data")
	outer.done()
	if !given || data.Kind() == 'n' {
		return ""
	}
	return o.r.identifier(outer.at("data"), data, name)
}
