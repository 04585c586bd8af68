package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/legato-flow/legato/flow/definition"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

var actionDescription = &description{
	name: "flow-action", path: "/api/flow-actions",
	attributes: []string{"created", "updated", "definition", "definition.id", "definition.temporary_id", "definition.type", "definition.links", "definition.data"},
	filters: map[string]filterField{
		"id":          {filterText, []string{"any"}},
		"action_type": {filterText, []string{"any", "equals"}},
		"status":      {filterText, equality},
		"created":     {filterTime, moments},
		"updated":     {filterTime, moments},
	},
	sorts: []string{"action_type", "created", "id", "status", "updated"}, order: "created",
	size: 50, maxSize: 50,
}

var actionDetail = func() *description {
	d := *actionDescription
	d.includes = []string{"flow", "flow-messages"}
	return &d
}()

// flowAction is a step of the version of a flow that people enter now.
type flowAction struct {
	flow         *store.Flow
	plan         *plan.Plan
	step         *plan.Step
	names        *names
	kind, status string
}

func (x *flowAction) id() string { return definition.ActionID(x.flow.ID, x.step.ID) }

// field is what actions can be filtered and sorted by. An action is as old as its flow.
func (x *flowAction) field(name string) any {
	switch name {
	case "action_type":
		return x.kind
	case "status":
		return x.status
	case "created":
		return x.flow.CreatedAt
	case "updated":
		return x.flow.UpdatedAt
	default:
		return x.id()
	}
}

// placeOf is a row's place in an order, of rows that are at hand.
func placeOf(id string, value any) store.Position {
	text, ok := value.(string)
	if t, isTime := value.(time.Time); isTime {
		text, ok = t.UTC().Format(time.RFC3339Nano), true
	}
	if !ok {
		return store.Position{ID: id}
	}
	return store.Position{Value: &text, ID: id}
}

func (a *api) newActions(d *description) *resource[flowAction] {
	s := &resource[flowAction]{
		description: d,
		get:         a.flowAction,
		id:          (*flowAction).id,
		position:    func(x *flowAction, sort string) store.Position { return placeOf(x.id(), x.field(sort)) },
		attributes: func(x *flowAction) map[string]any {
			return map[string]any{"created": stamp(x.flow.CreatedAt), "updated": stamp(x.flow.UpdatedAt),
				"definition": definition.WriteAction(x.plan, x.step, x.names)}
		},
		related: []relation[flowAction]{actionFlow},
		included: func(ctx context.Context, a *api, q *query, rows []flowAction, all []*shown) ([]*shown, error) {
			return a.messagesOf(ctx, q, rows, all)
		},
	}
	if len(d.includes) > 0 {
		s.also = []*description{messageDescription}
	}
	return s
}

var actionFlow = relation[flowAction]{name: "flow", to: bareFlow, id: func(x *flowAction) string { return x.flow.ID }, load: loadFlows}

// bareFlow is a flow where another resource leads to it.
var bareFlow = func() *description {
	d := *flowDescription
	d.includes = nil
	return &d
}()

// flowActions are the actions of a flow, in the order of its plan.
func (a *api) flowActions(ctx context.Context, f *store.Flow, names *names) ([]flowAction, error) {
	p, err := a.store.Plan(ctx, f.Hash)
	if err != nil {
		return nil, err
	}
	all := make([]flowAction, len(p.Steps))
	for i := range p.Steps {
		all[i] = flowAction{flow: f, plan: p, step: &p.Steps[i], names: names}
		all[i].kind, all[i].status = definition.Type(p, &p.Steps[i], names)
	}
	return all, nil
}

// flowAction finds an action by its id, or returns ErrNotFound.
func (a *api) flowAction(ctx context.Context, id string) (flowAction, error) {
	flow, step, ok := definition.SplitID(id)
	if !ok {
		return flowAction{}, store.ErrNotFound
	}
	f, err := a.store.ListedFlow(ctx, flow)
	if err != nil {
		return flowAction{}, err
	}
	names, err := loadNames(ctx, a.store)
	if err != nil {
		return flowAction{}, err
	}
	all, err := a.flowActions(ctx, &f.Flow, names)
	if err != nil {
		return flowAction{}, err
	}
	for _, x := range all {
		if x.step.ID == step {
			return x, nil
		}
	}
	return flowAction{}, store.ErrNotFound
}

// actionsOfFlow answers with the actions of the flow that the path names: whole, or their identifiers only.
func actionsOfFlow(whole bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		f, err := a.store.ListedFlow(r.Context(), r.PathValue("id"))
		if errors.Is(err, store.ErrNotFound) {
			return a.flows.missing(r.PathValue("id"))
		}
		if err != nil {
			return err
		}
		names, err := loadNames(r.Context(), a.store)
		if err != nil {
			return err
		}
		all, err := a.flowActions(r.Context(), &f.Flow, names)
		if err != nil {
			return err
		}
		of := *a.actions
		of.page = func(_ context.Context, p store.Page) ([]flowAction, bool, error) {
			return pageOf(all, p, (*flowAction).id, (*flowAction).field)
		}
		if whole {
			return of.list(a, w, r)
		}
		return of.identifiers(a, w, r)
	}
}

// messagesOf adds the relationship of actions to their messages, and gives these if they are asked for.
func (a *api) messagesOf(ctx context.Context, q *query, rows []flowAction, all []*shown) ([]*shown, error) {
	var found []*shown
	for i := range rows {
		messages := rows[i].messages()
		all[i].Relationships["flow-messages"] = related{Data: a.messages.identify(messages), Links: all[i].links("flow-messages")}
		if q.includes("flow-messages") {
			doc, err := a.messages.show(ctx, a, &query{fields: q.fields}, messages)
			if err != nil {
				return nil, err
			}
			found = append(found, doc.Data.([]*shown)...)
		}
	}
	return found, nil
}

// updateAction puts another definition in the place of an action, for people who enter from now on.
func (a *api) updateAction(w http.ResponseWriter, r *http.Request) error {
	q, err := parameters{shapes: []*description{actionDescription}}.parse(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	flow, step, ok := definition.SplitID(id)
	if !ok {
		return a.actions.missing(id)
	}
	raw, err := a.json(w, r, maxFlowBody)
	if err != nil {
		return err
	}
	names, err := loadNames(r.Context(), a.store)
	if err != nil {
		return err
	}
	in := &reader{}
	attributes := in.update(raw, "flow-action", id)
	if attributes == nil {
		return in.err()
	}
	body, given := attributes.take("definition")
	pointer := attributes.at("definition")
	if !given {
		in.report(pointer, "definition is required.")
	}
	attributes.done()
	if err := in.err(); err != nil {
		return err
	}
	err = a.changeFlow(r.Context(), flow, func(p *plan.Plan, _ *string) (*plan.Plan, error) {
		if p.Step(step) == nil {
			return nil, a.actions.missing(id)
		}
		changed, wrong := definition.ReadAction(json.RawMessage(body), pointer, p, step, definition.Options{Flow: flow, Names: names, Liquid: a.liquid})
		in.reportAll(wrong)
		return changed, in.err()
	}, pointer)
	if err != nil {
		return err
	}
	x, err := a.flowAction(r.Context(), id)
	if err != nil {
		return err
	}
	return a.actions.answer(a, w, r, q, http.StatusOK, x)
}

// deleteAction takes an action out of a flow. What led to it leads to what came after it.
func (a *api) deleteAction(w http.ResponseWriter, r *http.Request) error {
	if _, err := (parameters{}).parse(r); err != nil {
		return err
	}
	id := r.PathValue("id")
	flow, step, ok := definition.SplitID(id)
	if !ok {
		return a.actions.missing(id)
	}
	err := a.changeFlow(r.Context(), flow, func(p *plan.Plan, _ *string) (*plan.Plan, error) {
		if p.Step(step) == nil {
			return nil, a.actions.missing(id)
		}
		changed, err := definition.RemoveAction(p, step)
		if err != nil {
			return nil, newProblem(http.StatusConflict, "The action cannot be deleted: %s", err)
		}
		return changed, nil
	}, "/data/id")
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
