package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

const (
	maxImportProfiles = 10_000
	maxImportLists    = 10
)

var importJobDescription = &description{
	name: "profile-bulk-import-job", path: "/api/profile-bulk-import-jobs",
	attributes: []string{"status", "created_at", "total_count", "completed_count", "failed_count", "completed_at", "expires_at", "started_at"},
	filters:    map[string]filterField{"status": {filterText, choice}},
	sorts:      []string{"created_at"}, order: "-created_at",
	size: 20, maxSize: 100,
}

// importJobDetail is a job by itself, which can be asked for more than a job in a collection.
var importJobDetail = func() *description {
	d := *importJobDescription
	d.includes = []string{"lists"}
	return &d
}()

var importErrorDescription = &description{
	name: "import-error", path: importJobDescription.path,
	attributes: []string{"code", "title", "detail", "source", "source.pointer", "original_payload"},
	order:      "id", size: 20, maxSize: 100,
}

func newImportJobs(s *store.Store, d *description) *resource[store.Job] {
	r := &resource[store.Job]{
		description: d,
		get:         func(ctx context.Context, id string) (store.Job, error) { return s.Job(ctx, store.JobImport, id) },
		page: func(ctx context.Context, p store.Page) ([]store.Job, bool, error) {
			return s.Jobs(ctx, store.JobImport, p)
		},
		id:       func(j *store.Job) string { return j.ID },
		position: (*store.Job).Position,
		attributes: func(j *store.Job) map[string]any {
			return map[string]any{"status": j.Status, "created_at": stamp(j.CreatedAt), "total_count": j.Total, "completed_count": j.Completed,
				"failed_count": j.Failed, "started_at": stampOrNull(j.StartedAt), "completed_at": stampOrNull(j.CompletedAt), "expires_at": stamp(j.ExpiresAt)}
		},
		included: relateImportJobs,
	}
	if len(d.includes) > 0 {
		r.also = []*description{bareList}
	}
	return r
}

func relateImportJobs(ctx context.Context, a *api, q *query, rows []store.Job, all []*shown) ([]*shown, error) {
	for i, x := range all {
		x.Relationships = map[string]related{
			"lists":         {Data: identifiers("list", rows[i].ListIDs), Links: x.links("lists")},
			"profiles":      {Links: x.links("profiles")},
			"import-errors": {Links: map[string]string{"related": x.Links["self"] + "/import-errors"}},
		}
	}
	if !q.includes("lists") {
		return nil, nil
	}
	return listsOfJob(ctx, a, q, &rows[0])
}

// listsOfJob gives those lists of a job that are there still.
func listsOfJob(ctx context.Context, a *api, q *query, j *store.Job) ([]*shown, error) {
	rows := []store.List{}
	for _, id := range j.ListIDs {
		l, err := a.store.List(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, l)
	}
	doc, err := a.lists.show(ctx, a, &query{fields: q.fields}, rows)
	if err != nil {
		return nil, err
	}
	return doc.Data.([]*shown), nil
}

// importJob reads the job that the path names.
func (a *api) importJob(r *http.Request) (store.Job, error) {
	j, err := a.store.Job(r.Context(), store.JobImport, r.PathValue("id"))
	if errors.Is(err, store.ErrNotFound) {
		return j, a.importJobs.missing(r.PathValue("id"))
	}
	return j, err
}

func listsOfImportJob(whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		p := parameters{}
		if whole {
			p.shapes = []*description{bareList}
		}
		q, err := p.parse(r)
		if err != nil {
			return err
		}
		j, err := a.importJob(r)
		if err != nil {
			return err
		}
		lists, err := listsOfJob(r.Context(), a, q, &j)
		if err != nil {
			return err
		}
		doc := document{Data: lists, Links: map[string]string{"self": a.base + r.URL.Path}}
		if !whole {
			doc.Data = identifiersOf(lists)
		}
		respond(w, http.StatusOK, doc)
		return nil
	}
}

// profilesOfImportJob answers with those whom a job created or updated.
func profilesOfImportJob(whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		j, err := a.importJob(r)
		if err != nil {
			return err
		}
		d := *profileDescription
		d.includes, d.filters, d.sorts, d.order = nil, nil, nil, "id"
		of := newProfiles(a.store, a.secret, a.now, &d)
		of.page = func(ctx context.Context, p store.Page) ([]store.Profile, bool, error) {
			p.Where = append(p.Where, store.Condition{Field: "job", Operator: "equals", Value: j.ID})
			return a.store.Profiles(ctx, p)
		}
		if whole {
			return of.list(a, w, r)
		}
		return of.identifiers(a, w, r)
	}
}

func (a *api) importErrors(w http.ResponseWriter, r *http.Request) error {
	j, err := a.importJob(r)
	if err != nil {
		return err
	}
	of := &resource[store.JobError]{
		description: importErrorDescription,
		page: func(ctx context.Context, p store.Page) ([]store.JobError, bool, error) {
			return a.store.JobErrors(ctx, j.ID, p)
		},
		id:       func(e *store.JobError) string { return e.ID },
		position: func(e *store.JobError, _ string) store.Position { return store.Position{Value: &e.ID, ID: e.ID} },
		attributes: func(e *store.JobError) map[string]any {
			return map[string]any{"code": e.Code, "title": e.Title, "detail": e.Detail, "source": map[string]any{"pointer": e.Pointer}, "original_payload": e.Payload}
		},
		linkless: true,
	}
	return of.list(a, w, r)
}

func (a *api) importProfiles(w http.ResponseWriter, r *http.Request) error {
	q, err := a.importJobs.parameters(false).parse(r)
	if err != nil {
		return err
	}
	raw, leave, err := a.bulkJSON(w, r)
	if err != nil {
		return err
	}
	defer leave()
	in := a.reader()
	items, faults, lists := decodeImport(in, raw)
	if err := in.err(); err != nil {
		return err
	}
	j, err := a.ingester.ImportProfiles(r.Context(), items, faults, lists)
	if errors.Is(err, ingest.ErrUnknownList) {
		p := newProblem(http.StatusNotFound, "One of the lists does not exist.")
		p.Source = &source{Pointer: "/data/relationships/lists/data"}
		return p
	}
	if err != nil {
		return err
	}
	return a.importJobs.answer(a, w, r, q, http.StatusAccepted, j)
}

// decodeImport reads a request for an import. What is wrong with one of the profiles is a fault of that one.
func decodeImport(in *reader, raw jsontext.Value) (items []ingest.JobItem, faults []ingest.JobFault, lists []string) {
	attributes, ok := in.job(raw, "profile-bulk-import-job", func(o *object) { lists = o.identifiers("lists", "list", maxImportLists) })
	if !ok {
		return nil, nil, nil
	}
	profiles, place := attributes.many("profiles", 1, maxImportProfiles)
	attributes.done()
	for i, profile := range profiles {
		pointer := place + "/" + itoa(i)
		one := &reader{exchange: in.exchange}
		item := ingest.JobItem{Position: i, Payload: []byte(profile)}
		if len(profile) > ingest.MaxProfileSize {
			one.report(pointer, "A profile must take at most %d bytes, not %d.", ingest.MaxProfileSize, len(profile))
			item.Payload = nil
		} else {
			one.imported(&item.Change, pointer, profile)
		}
		if len(one.problems) == 0 {
			items = append(items, item)
			continue
		}
		first := one.problems[0]
		fault := ingest.JobFault{Position: i, Code: first.Code, Title: first.Title, Detail: first.Detail, Pointer: first.Source.Pointer}
		if profile.Kind() == '{' {
			fault.Payload = item.Payload
		}
		faults = append(faults, fault)
	}
	return items, faults, lists
}

// imported reads a profile of an import.
func (r *reader) imported(c *ingest.Change, pointer string, raw jsontext.Value) {
	o, ok := r.open(pointer, raw)
	if !ok {
		return
	}
	o.kind("profile")
	c.ID = o.id()
	attributes, _ := o.object("attributes", true)
	attributes.profile(c, nullSaysNothing)
	attributes.done()
	if meta, ok := o.object("meta", false); ok {
		meta.patches(c)
	}
	o.done()
	if len(r.problems) == 0 && !c.Identified() {
		r.report(attributes.pointer, "The profile needs one of the identifiers id, email, phone_number, external_id or anonymous_id.")
	}
}

// identifiers takes a relationship to at most so many resources of a type.
func (o *object) identifiers(name, kind string, most int) (ids []string) {
	outer, ok := o.object(name, false)
	if !ok {
		return nil
	}
	data, given := outer.take("data")
	outer.done()
	if !given || data.Kind() == 'n' {
		return nil
	}
	items := o.r.items(outer.at("data"), data)
	if len(items) > most {
		o.r.report(outer.at("data"), "At most %d are allowed, not %d.", most, len(items))
		return nil
	}
	for i, item := range items {
		ids = append(ids, o.r.identifier(outer.at("data")+"/"+itoa(i), item, kind))
	}
	return ids
}

// identifier reads a resource identifier.
func (r *reader) identifier(pointer string, raw jsontext.Value, kind string) string {
	o, ok := r.open(pointer, raw)
	if !ok {
		return ""
	}
	o.kind(kind)
	id := o.required("id", parseID)
	o.done()
	return id
}
