package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/store"
)

// resource is a type of the public API: what describes it, and how its rows are read and shown. Its collection
// and its single resources follow from that.
type resource[T any] struct {
	*description
	get        func(ctx context.Context, id string) (T, error)
	page       func(ctx context.Context, p store.Page) ([]T, bool, error)
	id         func(*T) string
	position   func(row *T, sort string) store.Position
	attributes func(*T) map[string]any
	linkless   bool // its rows cannot be got one by one

	extend   func(ctx context.Context, q *query, rows []T, shown []*shown) error                     // adds what was asked for additionally
	included func(ctx context.Context, a *api, q *query, rows []T, shown []*shown) ([]*shown, error) // adds relationships to many, and what they lead to
	also     []*description                                                                          // types that included gives
	related  []relation[T]
}

// relation leads from a row to one row of another type.
type relation[T any] struct {
	name string
	to   *description
	id   func(*T) string // empty: there is none
	load func(ctx context.Context, a *api, q *query, ids []string) ([]*shown, error)
}

// identifier names the row that is led to, or is nil.
func (rel relation[T]) identifier(row *T) any {
	if id := rel.id(row); id != "" {
		return identifier{rel.to.name, id}
	}
	return nil
}

// shown is a resource object of JSON:API.
type shown struct {
	Type          string             `json:"type"`
	ID            string             `json:"id"`
	Attributes    map[string]any     `json:"attributes,omitzero"` // nil: the type has none
	Relationships map[string]related `json:"relationships,omitempty"`
	Links         map[string]string  `json:"links,omitempty"`
}

type related struct {
	Data  any               `json:"data,omitempty"` // an identifier, or a list of them; nil: not looked up
	Links map[string]string `json:"links,omitempty"`
}

type identifier struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// document is an answer of JSON:API.
type document struct {
	Data     any               `json:"data"`
	Included []*shown          `json:"included,omitempty"`
	Links    map[string]string `json:"links,omitempty"`
}

// parameters that an answer with this resource takes.
func (s *resource[T]) parameters(listing bool) parameters {
	p := parameters{shapes: append([]*description{s.description}, s.also...), listing: listing}
	for _, rel := range s.related {
		p.shapes = append(p.shapes, rel.to)
	}
	return p
}

// list answers with a page of the collection.
func (s *resource[T]) list(a *api, w http.ResponseWriter, r *http.Request) error {
	q, err := s.parameters(true).parse(r)
	if err != nil {
		return err
	}
	rows, more, err := s.rows(r.Context(), q)
	if err != nil {
		return err
	}
	doc, err := s.show(r.Context(), a, q, rows)
	if err != nil {
		return err
	}
	doc.Links = s.pageLinks(a, r, q, rows, more)
	respond(w, http.StatusOK, doc)
	return nil
}

// identifiers answers with a page of the collection, of which it names the members only.
func (s *resource[T]) identifiers(a *api, w http.ResponseWriter, r *http.Request) error {
	q, err := parameters{shapes: []*description{s.bare()}, listing: true}.parse(r)
	if err != nil {
		return err
	}
	rows, more, err := s.rows(r.Context(), q)
	if err != nil {
		return err
	}
	respond(w, http.StatusOK, document{Data: s.identify(rows), Links: s.pageLinks(a, r, q, rows, more)})
	return nil
}

// bare is the description without what only whole resources have.
func (s *resource[T]) bare() *description {
	d := *s.description
	d.includes = nil
	return &d
}

func (s *resource[T]) identify(rows []T) []identifier {
	all := make([]identifier, len(rows))
	for i := range rows {
		all[i] = identifier{s.name, s.id(&rows[i])}
	}
	return all
}

func (s *resource[T]) rows(ctx context.Context, q *query) ([]T, bool, error) {
	rows, more, err := s.page(ctx, q.page)
	if errors.Is(err, store.ErrPosition) {
		err = invalidParameter("page[cursor]", "page[cursor] %s.", errCursor)
	}
	return rows, more, err
}

// one answers with the resource that the path names.
func (s *resource[T]) one(a *api, w http.ResponseWriter, r *http.Request) error {
	q, err := s.parameters(false).parse(r)
	if err != nil {
		return err
	}
	row, err := s.get(r.Context(), r.PathValue("id"))
	if errors.Is(err, store.ErrNotFound) {
		return s.missing(r.PathValue("id"))
	}
	if err != nil {
		return err
	}
	return s.answer(a, w, r, q, http.StatusOK, row)
}

func (s *resource[T]) missing(id string) *problem {
	p := newProblem(http.StatusNotFound, "There is no %s with the id %s.", s.name, shorten(id))
	p.Source = &source{Pointer: "/data/id"}
	return p
}

// answer writes one row.
func (s *resource[T]) answer(a *api, w http.ResponseWriter, r *http.Request, q *query, status int, row T) error {
	doc, err := s.show(r.Context(), a, q, []T{row})
	if err != nil {
		return err
	}
	only := doc.Data.([]*shown)[0]
	doc.Data, doc.Links = only, map[string]string{"self": only.Links["self"]}
	respond(w, status, doc)
	return nil
}

// relate answers with the row that a relation leads to: whole, or its identifier only.
func (s *resource[T]) relate(rel relation[T], whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		p := parameters{}
		if whole {
			p.shapes = []*description{rel.to}
		}
		q, err := p.parse(r)
		if err != nil {
			return err
		}
		row, err := s.get(r.Context(), r.PathValue("id"))
		if errors.Is(err, store.ErrNotFound) {
			return s.missing(r.PathValue("id"))
		}
		if err != nil {
			return err
		}
		if !whole {
			links := map[string]string{"self": s.relationLinks(a, &row, rel)["self"]}
			respond(w, http.StatusOK, document{Data: rel.identifier(&row), Links: links})
			return nil
		}
		links := map[string]string{"self": a.base + r.URL.Path}
		if rel.id(&row) == "" {
			respond(w, http.StatusOK, document{Links: links})
			return nil
		}
		found, err := rel.load(r.Context(), a, q, []string{rel.id(&row)})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return store.ErrNotFound
		}
		respond(w, http.StatusOK, document{Data: found[0], Links: links})
		return nil
	}
}

// show turns rows into resource objects with what they include.
func (s *resource[T]) show(ctx context.Context, a *api, q *query, rows []T) (document, error) {
	all := make([]*shown, len(rows))
	for i := range rows {
		id := s.id(&rows[i])
		all[i] = &shown{Type: s.name, ID: id}
		if s.attributes != nil {
			all[i].Attributes = s.attributes(&rows[i])
		}
		if !s.linkless {
			all[i].Links = map[string]string{"self": a.base + s.path + "/" + url.PathEscape(id)}
		}
		for _, rel := range s.related {
			if all[i].Relationships == nil {
				all[i].Relationships = map[string]related{}
			}
			all[i].Relationships[rel.name] = related{Data: rel.identifier(&rows[i]), Links: s.relationLinks(a, &rows[i], rel)}
		}
	}
	if s.extend != nil {
		if err := s.extend(ctx, q, rows, all); err != nil {
			return document{}, err
		}
	}
	doc := document{Data: all}
	if s.included != nil {
		var err error
		if doc.Included, err = s.included(ctx, a, q, rows, all); err != nil {
			return document{}, err
		}
	}
	for _, x := range all {
		x.thin(q)
	}
	for _, rel := range s.related {
		if !slices.Contains(q.include, rel.name) {
			continue
		}
		var ids []string
		for i := range rows {
			if id := rel.id(&rows[i]); id != "" {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		found, err := rel.load(ctx, a, q, slices.Compact(ids))
		if err != nil {
			return document{}, err
		}
		doc.Included = append(doc.Included, found...)
	}
	return doc, nil
}

func (s *resource[T]) relationLinks(a *api, row *T, rel relation[T]) map[string]string {
	return linksOf(a.base+s.path+"/"+url.PathEscape(s.id(row)), rel.name)
}

// links are those of a relationship.
func (x *shown) links(relation string) map[string]string { return linksOf(x.Links["self"], relation) }

// linksOf gives the links of a relationship of the resource that is at self.
func linksOf(self, relation string) map[string]string {
	return map[string]string{"self": self + "/relationships/" + relation, "related": self + "/" + relation}
}

// identifiersOf names resources.
func identifiersOf(found []*shown) []identifier {
	all := make([]identifier, len(found))
	for i, x := range found {
		all[i] = identifier{x.Type, x.ID}
	}
	return all
}

// pageLinks lead to this page and its neighbours. A neighbour that is not there has no link.
func (s *resource[T]) pageLinks(a *api, r *http.Request, q *query, rows []T, more bool) map[string]string {
	self := a.base + r.URL.Path
	links := map[string]string{"self": self}
	if r.URL.RawQuery != "" {
		links["self"] += "?" + r.URL.RawQuery
	}
	if len(rows) == 0 {
		return links
	}
	to := func(row *T, before bool) string {
		values := url.Values{}
		for name, v := range q.text {
			values[name] = v
		}
		values.Set("page[cursor]", newCursor(q.sort(), s.position(row, q.page.Sort), before))
		return self + "?" + values.Encode()
	}
	if more || q.page.Backward {
		links["next"] = to(&rows[len(rows)-1], false)
	}
	if q.page.From != nil && (more || !q.page.Backward) {
		links["prev"] = to(&rows[0], true)
	}
	return links
}

// thin leaves only the attributes that the request's sparse fields name. A dot leads into an attribute.
func (x *shown) thin(q *query) {
	fields, asked := q.fields[x.Type]
	if !asked || x.Attributes == nil {
		return
	}
	thinned := map[string]any{}
	for _, field := range fields {
		whole := slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(field, f+".") })
		if !whole {
			pick(thinned, x.Attributes, strings.Split(field, "."))
		}
	}
	x.Attributes = thinned
}

// pick copies what a path leads to, as far as there are objects on the way.
func pick(into, from map[string]any, path []string) {
	name := path[0]
	value, ok := from[name]
	if !ok {
		return
	}
	inner, isObject := value.(map[string]any)
	if len(path) == 1 || !isObject {
		into[name] = value
		return
	}
	part, ok := into[name].(map[string]any)
	if !ok {
		part = map[string]any{}
		into[name] = part
	}
	pick(part, inner, path[1:])
}

func stamp(t time.Time) string { return store.Stamp(t) }
