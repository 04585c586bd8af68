package api

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/jmoiron/sqlx"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/definition"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

var flowDescription = &description{
	name: "flow", path: "/api/flows",
	attributes: []string{"name", "status", "archived", "created", "updated", "trigger_type"},
	includes:   []string{"flow-actions"},
	filters: map[string]filterField{
		"id":           {filterText, []string{"any"}},
		"name":         {filterText, parts},
		"status":       {filterText, equality},
		"archived":     {filterFlag, equality},
		"created":      {filterTime, moments},
		"updated":      {filterTime, moments},
		"trigger_type": {filterText, equality},
	},
	sorts: []string{"created", "id", "name", "status", "trigger_type", "updated"}, order: "-created",
	size: 50, maxSize: 50,
}

// flowDetail is a flow by itself, which can be asked for its definition.
var flowDetail = func() *description {
	d := *flowDescription
	d.additional = []string{"definition", "definition.triggers", "definition.profile_filter", "definition.actions", "definition.entry_action_id", "definition.reentry_criteria"}
	return &d
}()

func newFlows(s *store.Store, d *description) *resource[store.ListedFlow] {
	return &resource[store.ListedFlow]{
		description: d,
		get:         s.ListedFlow,
		page:        s.ListFlows,
		id:          func(f *store.ListedFlow) string { return f.ID },
		position:    (*store.ListedFlow).Position,
		also:        []*description{actionDescription},
		attributes: func(f *store.ListedFlow) map[string]any {
			return map[string]any{"name": f.Name, "status": f.Status, "archived": f.Archived, "created": stamp(f.CreatedAt),
				"updated": stamp(f.UpdatedAt), "trigger_type": f.TriggerType}
		},
		extend: func(ctx context.Context, q *query, rows []store.ListedFlow, all []*shown) error {
			if !q.wants("flow", "definition") || len(rows) == 0 {
				return nil
			}
			names, err := loadNames(ctx, s)
			if err != nil {
				return err
			}
			for i := range rows {
				p, err := s.Plan(ctx, rows[i].Hash)
				if err != nil {
					return err
				}
				all[i].Attributes["definition"] = definition.Write(p, names)
			}
			return nil
		},
		included: func(ctx context.Context, a *api, q *query, rows []store.ListedFlow, all []*shown) ([]*shown, error) {
			return a.actionsOf(ctx, q, rows, all)
		},
	}
}

// actionsOf adds the relationship of flows to their actions, and gives these if they are asked for.
func (a *api) actionsOf(ctx context.Context, q *query, rows []store.ListedFlow, all []*shown) ([]*shown, error) {
	names, err := loadNames(ctx, a.store)
	if err != nil {
		return nil, err
	}
	var found []*shown
	for i := range rows {
		relationship := related{Links: all[i].links("flow-actions")}
		actions, err := a.flowActions(ctx, &rows[i].Flow, names)
		if err != nil {
			return nil, err
		}
		relationship.Data = a.actions.identify(actions)
		all[i].Relationships = map[string]related{"flow-actions": relationship}
		if q.includes("flow-actions") {
			doc, err := a.actions.show(ctx, a, &query{fields: q.fields}, actions)
			if err != nil {
				return nil, err
			}
			found = append(found, doc.Data.([]*shown)...)
		}
	}
	return found, nil
}

// loadFlows is for relations that lead to flows.
func loadFlows(ctx context.Context, a *api, q *query, ids []string) ([]*shown, error) {
	var all []*shown
	for _, id := range ids {
		f, err := a.store.ListedFlow(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		doc, err := a.flows.show(ctx, a, &query{fields: q.fields}, []store.ListedFlow{f})
		if err != nil {
			return nil, err
		}
		all = append(all, doc.Data.([]*shown)...)
	}
	return all, nil
}

func (a *api) createFlow(w http.ResponseWriter, r *http.Request) error {
	q, raw, err := a.request(w, r, a.flowDetail.parameters(false), maxFlowBody)
	if err != nil {
		return err
	}
	names, err := loadNames(r.Context(), a.store)
	if err != nil {
		return err
	}
	in := &reader{}
	p := decodeFlow(in, raw, names, a.liquid)
	if err := in.err(); err != nil {
		return err
	}
	err = a.store.Tx(r.Context(), func(tx *sqlx.Tx) error {
		p.Flow, err = a.newFlowID(r.Context(), tx)
		if err != nil {
			return err
		}
		return a.store.ApplyFlow(r.Context(), tx, p, plan.Draft)
	})
	if err != nil {
		return err
	}
	f, err := a.store.ListedFlow(r.Context(), p.Flow)
	if err != nil {
		return err
	}
	w.Header().Set("Location", a.base+flowDescription.path+"/"+f.ID)
	return a.flowDetail.answer(a, w, r, q, http.StatusCreated, f)
}

// newFlowID makes an id that no flow has had: 6 random small letters and digits.
func (a *api) newFlowID(ctx context.Context, tx *sqlx.Tx) (string, error) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	for {
		var b [6]byte
		_, _ = rand.Read(b[:]) // never fails
		for i := range b {
			b[i] = letters[int(b[i])%len(letters)]
		}
		taken, err := a.store.FlowTaken(ctx, tx, string(b[:]))
		if err != nil || !taken {
			return string(b[:]), err
		}
	}
}

// updateFlow sets the status of a flow and of every action in it.
func (a *api) updateFlow(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	q, raw, err := a.request(w, r, parameters{shapes: []*description{a.flows.bare()}}, maxFlowBody)
	if err != nil {
		return err
	}
	in := &reader{}
	status := decodeStatus(in, raw, id)
	if err := in.err(); err != nil {
		return err
	}
	err = a.changeFlow(r.Context(), id, func(p *plan.Plan, state *string) (*plan.Plan, error) {
		changed := *p
		changed.Steps = append([]plan.Step{}, p.Steps...)
		for i := range changed.Steps {
			if s := &changed.Steps[i]; s.Acts() {
				s.Status = map[string]string{plan.Draft: plan.Draft, plan.Manual: plan.Manual}[status]
			}
		}
		*state = status
		return &changed, nil
	}, "/data/attributes/status")
	if err != nil {
		return err
	}
	f, err := a.store.ListedFlow(r.Context(), id)
	if err != nil {
		return err
	}
	return a.flows.answer(a, w, r, q, http.StatusOK, f)
}

// changeFlow makes a new version of a flow, for people who enter from now on. Others cannot change it meanwhile.
func (a *api) changeFlow(ctx context.Context, id string, change func(p *plan.Plan, status *string) (*plan.Plan, error), pointer string) error {
	return a.store.Tx(ctx, func(tx *sqlx.Tx) error {
		err := a.store.HoldFlow(ctx, tx, id)
		if errors.Is(err, store.ErrNotFound) {
			return a.flows.missing(id)
		}
		if err != nil {
			return err
		}
		f, err := a.store.Flow(ctx, id)
		if err != nil {
			return err
		}
		if f.Archived {
			return newProblem(http.StatusConflict, "The flow %s is archived. Apply its definition again to bring it back.", shorten(id))
		}
		p, err := a.store.Plan(ctx, f.Hash)
		if err != nil {
			return err
		}
		status := f.Status
		if p, err = change(p, &status); err != nil {
			return err
		}
		var wrong problems
		for _, finding := range flow.CheckPlan(p, status, a.liquid) {
			if finding.Severity == flow.IsError && len(wrong) < maxProblems {
				wrong = append(wrong, invalid(pointer, "%s.", finding))
			}
		}
		if len(wrong) > 0 {
			return wrong
		}
		return a.store.ApplyFlow(ctx, tx, p, status)
	})
}

// deleteFlow takes a flow away and everybody inside out of it.
func (a *api) deleteFlow(w http.ResponseWriter, r *http.Request) error {
	if _, err := (parameters{}).parse(r); err != nil {
		return err
	}
	id := r.PathValue("id")
	err := a.store.Tx(r.Context(), func(tx *sqlx.Tx) error { return a.store.DeleteFlow(r.Context(), tx, id) })
	if errors.Is(err, store.ErrNotFound) {
		return a.flows.missing(id)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
