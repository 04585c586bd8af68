package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

var listDescription = &description{
	name: "list", path: "/api/lists",
	attributes: []string{"name", "created", "updated", "opt_in_process"},
	filters: map[string]filterField{
		"id":      {filterText, choice},
		"name":    {filterText, choice},
		"created": {filterTime, []string{"greater-than"}},
		"updated": {filterTime, []string{"greater-than"}},
	},
	sorts: []string{"created", "id", "name", "updated"}, order: "-created",
	size: 10, maxSize: 10,
}

// listDetail is a list by itself, which can be asked for more than a list in a collection.
var listDetail = func() *description {
	d := *listDescription
	d.additional = []string{"profile_count"}
	return &d
}()

// bareList is a list where another resource leads to it.
var bareList = func() *description {
	d := *listDescription
	d.filters, d.sorts = nil, nil
	return &d
}()

func newLists(s *store.Store, d *description) *resource[store.List] {
	return &resource[store.List]{
		description: d,
		get:         s.List,
		page:        s.Lists,
		id:          func(l *store.List) string { return l.ID },
		position:    (*store.List).Position,
		attributes: func(l *store.List) map[string]any {
			return map[string]any{"name": l.Name, "created": stamp(l.CreatedAt), "updated": stamp(l.UpdatedAt), "opt_in_process": l.OptInProcess}
		},
		extend: func(ctx context.Context, q *query, rows []store.List, all []*shown) error {
			for _, x := range all {
				if !q.wants("list", "profile_count") {
					continue
				}
				n, err := s.ListSize(ctx, x.ID)
				if err != nil {
					return err
				}
				x.Attributes["profile_count"] = n
			}
			return nil
		},
	}
}

// maxListBody is the limit of a body that creates a list or changes its members.
const maxListBody = 256 << 10

func (a *api) createList(w http.ResponseWriter, r *http.Request) error {
	q, raw, err := a.request(w, r, a.lists.parameters(false), maxListBody)
	if err != nil {
		return err
	}
	in := &reader{}
	name, process := decodeList(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	l, err := a.ingester.CreateList(r.Context(), name, process)
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.base+listDescription.path+"/"+l.ID)
	return a.lists.answer(a, w, r, q, http.StatusCreated, l)
}

func decodeList(in *reader, raw jsontext.Value) (name, process string) {
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return
	}
	data.kind("list")
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return
	}
	name = attributes.required("name", func(s string) (string, error) { return ingest.ParseKey(s, ingest.MaxListNameLength) })
	process = ingest.SingleOptIn
	if p := attributes.checked("opt_in_process", parseOptIn); p != nil {
		process = *p
	}
	attributes.done()
	return name, process
}

func parseOptIn(s string) (string, error) {
	if s != ingest.SingleOptIn && s != ingest.DoubleOptIn {
		return "", errors.New("must be single_opt_in or double_opt_in")
	}
	return s, nil
}

func (a *api) joinList(w http.ResponseWriter, r *http.Request) error {
	return a.changeMembers(w, r, a.ingester.JoinList)
}

func (a *api) leaveList(w http.ResponseWriter, r *http.Request) error {
	return a.changeMembers(w, r, a.ingester.LeaveList)
}

func (a *api) changeMembers(w http.ResponseWriter, r *http.Request, change func(ctx context.Context, list string, profiles []string) error) error {
	_, raw, err := a.request(w, r, parameters{}, maxListBody)
	if err != nil {
		return err
	}
	in := &reader{}
	ids := decodeMembers(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	err = change(r.Context(), r.PathValue("id"), ids)
	var unknown *ingest.UnknownProfilesError
	switch {
	case errors.Is(err, ingest.ErrUnknownList):
		return a.lists.missing(r.PathValue("id"))
	case errors.As(err, &unknown):
		p := newProblem(http.StatusNotFound, "No profiles have these ids: %s.", strings.Join(unknown.IDs[:min(len(unknown.IDs), 20)], ", "))
		p.Source = &source{Pointer: "/data"}
		return p
	case err != nil:
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

const maxMembers = 1000

func decodeMembers(in *reader, raw jsontext.Value) (ids []string) {
	top, _ := in.open("", raw)
	data, given := top.take("data")
	if !given {
		in.report("/data", "data is required.")
		return nil
	}
	top.done()
	items := in.items("/data", data)
	if len(items) > maxMembers {
		in.report("/data", "At most %d profiles are allowed, not %d.", maxMembers, len(items))
		return nil
	}
	for i, item := range items {
		o, ok := in.open("/data/"+itoa(i), item)
		if !ok {
			continue
		}
		o.kind("profile")
		ids = append(ids, o.required("id", parseID))
		o.done()
	}
	return ids
}
