package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/legato-flow/legato/flow/definition"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

var messageDescription = &description{
	name: "flow-message", path: "/api/flow-messages",
	attributes: []string{"channel", "created", "updated", "definition"},
	filters: map[string]filterField{
		"id":      {filterText, []string{"any"}},
		"name":    {filterText, parts},
		"created": {filterTime, moments},
		"updated": {filterTime, moments},
	},
	sorts: []string{"created", "id", "name", "updated"}, order: "created",
	size: 50, maxSize: 50,
}

var messageDetail = func() *description {
	d := *messageDescription
	d.includes = []string{"flow-action", "template"}
	return &d
}()

// flowMessage is what an action sends.
type flowMessage struct {
	definition.Message
	action flowAction
}

func (m *flowMessage) id() string { return m.ID }

func (m *flowMessage) field(name string) any {
	switch name {
	case "name":
		return m.Name
	case "created", "updated":
		return m.action.field(name)
	default:
		return m.ID
	}
}

func (x *flowAction) messages() []flowMessage {
	var all []flowMessage
	for _, m := range definition.Messages(x.plan, x.step, x.names) {
		all = append(all, flowMessage{m, *x})
	}
	return all
}

var messageAction = relation[flowMessage]{name: "flow-action", to: actionDescription, id: func(m *flowMessage) string { return m.action.id() }, load: loadActions}

func (a *api) newMessages(d *description) *resource[flowMessage] {
	s := &resource[flowMessage]{
		description: d,
		get:         a.flowMessage,
		id:          (*flowMessage).id,
		position:    func(m *flowMessage, sort string) store.Position { return placeOf(m.ID, m.field(sort)) },
		attributes: func(m *flowMessage) map[string]any {
			return map[string]any{"channel": m.Channel, "created": stamp(m.action.flow.CreatedAt), "updated": stamp(m.action.flow.UpdatedAt), "definition": m.Definition}
		},
		related: []relation[flowMessage]{messageAction},
		included: func(ctx context.Context, a *api, q *query, rows []flowMessage, all []*shown) ([]*shown, error) {
			return a.templatesOf(ctx, q, rows, all)
		},
	}
	if len(d.includes) > 0 {
		s.also = []*description{templateDescription}
	}
	return s
}

// flowMessage finds a message by its id, or returns ErrNotFound.
func (a *api) flowMessage(ctx context.Context, id string) (flowMessage, error) {
	flow, rest, _ := definition.SplitID(id)
	step, _, _ := definition.SplitID(rest)
	x, err := a.flowAction(ctx, definition.ActionID(flow, step))
	if err != nil {
		return flowMessage{}, err
	}
	for _, m := range x.messages() {
		if m.ID == id {
			return m, nil
		}
	}
	return flowMessage{}, store.ErrNotFound
}

func loadActions(ctx context.Context, a *api, q *query, ids []string) ([]*shown, error) {
	var rows []flowAction
	for _, id := range ids {
		x, err := a.flowAction(ctx, id)
		if err != nil {
			return nil, err
		}
		rows = append(rows, x)
	}
	doc, err := a.actions.show(ctx, a, &query{fields: q.fields}, rows)
	if err != nil {
		return nil, err
	}
	return doc.Data.([]*shown), nil
}

// templatesOf adds the relationship of messages to their templates, and gives these if they are asked for.
func (a *api) templatesOf(ctx context.Context, q *query, rows []flowMessage, all []*shown) ([]*shown, error) {
	var found []*shown
	var seen []string
	for i := range rows {
		if rows[i].Template == "" {
			continue
		}
		all[i].Relationships["template"] = related{Data: identifier{"template", rows[i].Template}, Links: all[i].links("template")}
		if !q.includes("template") || slices.Contains(seen, rows[i].Template) {
			continue
		}
		seen = append(seen, rows[i].Template)
		t, err := a.store.Template(ctx, rows[i].Template)
		if errors.Is(err, store.ErrNotFound) { // it vanished after the flow was applied
			continue
		}
		if err != nil {
			return nil, err
		}
		doc, err := a.templates.show(ctx, a, &query{fields: q.fields}, []store.Template{t})
		if err != nil {
			return nil, err
		}
		found = append(found, doc.Data.([]*shown)...)
	}
	return found, nil
}

// messagesOfAction answers with the messages of the action that the path names: whole, or their identifiers only.
func messagesOfAction(whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		x, err := a.flowAction(r.Context(), r.PathValue("id"))
		if errors.Is(err, store.ErrNotFound) {
			return a.actions.missing(r.PathValue("id"))
		}
		if err != nil {
			return err
		}
		all := x.messages()
		of := *a.messages
		of.page = func(_ context.Context, p store.Page) ([]flowMessage, bool, error) {
			return pageOf(all, p, (*flowMessage).id, (*flowMessage).field)
		}
		if whole {
			return of.list(a, w, r)
		}
		return of.identifiers(a, w, r)
	}
}

var templateDescription = &description{
	name: "template", path: "/api/templates",
	attributes: []string{"name", "editor_type", "html", "text", "amp", "created", "updated"},
}

// newTemplates shows templates where messages lead to them. A template here is its source: front matter and Liquid.
func newTemplates(s *store.Store) *resource[store.Template] {
	return &resource[store.Template]{
		description: templateDescription,
		get:         s.Template,
		id:          func(t *store.Template) string { return t.ID },
		attributes: func(t *store.Template) map[string]any {
			return map[string]any{"name": t.ID, "editor_type": "CODE", "html": t.Source, "text": nil, "amp": nil,
				"created": stamp(t.UpdatedAt), "updated": stamp(t.UpdatedAt)}
		},
	}
}

// templateOfMessage answers with the template of a message: whole, or its identifier only.
func templateOfMessage(whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		p := parameters{}
		if whole {
			p.shapes = []*description{templateDescription}
		}
		q, err := p.parse(r)
		if err != nil {
			return err
		}
		m, err := a.flowMessage(r.Context(), r.PathValue("id"))
		if errors.Is(err, store.ErrNotFound) {
			return a.messages.missing(r.PathValue("id"))
		}
		if err != nil {
			return err
		}
		if !whole {
			var to any
			if m.Template != "" {
				to = identifier{"template", m.Template}
			}
			respond(w, http.StatusOK, document{Data: to, Links: map[string]string{"self": a.base + r.URL.Path}})
			return nil
		}
		t, err := a.store.Template(r.Context(), m.Template)
		if errors.Is(err, store.ErrNotFound) {
			return newProblem(http.StatusNotFound, "The message %s has no template.", shorten(m.ID))
		}
		if err != nil {
			return err
		}
		return a.templates.answer(a, w, r, q, http.StatusOK, t)
	}
}

// triggered answers with the flows that the metric or list of the path triggers.
func triggered(kind string, whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		p := parameters{}
		if whole {
			p.shapes = []*description{bareFlow}
		}
		q, err := p.parse(r)
		if err != nil {
			return err
		}
		keys, err := a.triggerKeys(r.Context(), kind, r.PathValue("id"))
		if err != nil {
			return err
		}
		rows, err := a.store.FlowsTriggered(r.Context(), kind, keys...)
		if err != nil {
			return err
		}
		doc := document{Data: a.flows.identify(rows)}
		if whole {
			if doc, err = a.flows.show(r.Context(), a, q, rows); err != nil {
				return err
			}
		}
		doc.Links = map[string]string{"self": a.base + r.URL.Path}
		respond(w, http.StatusOK, doc)
		return nil
	}
}

// triggerKeys are the names by which triggers may know a metric or list.
func (a *api) triggerKeys(ctx context.Context, kind, id string) ([]string, error) {
	if kind == plan.TriggerMetric {
		m, err := a.store.Metric(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			err = a.metrics.missing(id)
		}
		return []string{m.Name}, err
	}
	l, err := a.store.List(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = a.lists.missing(id)
	}
	return []string{l.ID, l.Name}, err
}
