package definition

import (
	"github.com/legato-flow/legato/flow/condition"
	"github.com/legato-flow/legato/flow/plan"
)

// writer shows one plan.
type writer struct {
	plan    *plan.Plan
	names   Names
	context condition.Context
}

func newWriter(p *plan.Plan, names Names) *writer {
	w := &writer{plan: p, names: names, context: condition.Context{Names: names}}
	if len(p.Triggers) > 0 {
		switch t := p.Triggers[0]; {
		case t.Metric != nil:
			w.context.MetricID, _ = names.MetricID(t.Metric.Metric)
		case t.PriceDrop != nil:
			w.context.EventKind = "price-drop-property"
		case t.LowInventory != nil:
			w.context.EventKind = "low-inventory-property"
		}
	}
	return w
}

// Write shows a plan as the definition of the API.
func Write(p *plan.Plan, names Names) map[string]any {
	w := newWriter(p, names)
	triggers, actions := []any{}, []any{}
	entry := w.link(p.Entry)
	for i := range p.Triggers {
		triggers = append(triggers, w.trigger(&p.Triggers[i]))
		if p.Triggers[i].BackInStock != nil && len(p.Triggers) == 1 {
			id := "back-in-stock-delay"
			for p.Step(id) != nil {
				id += "-"
			}
			actions = append(actions, map[string]any{"id": ActionID(p.Flow, id), "type": "back-in-stock-delay", "links": map[string]any{"next": entry}})
			entry = ActionID(p.Flow, id)
		}
	}
	for i := range p.Steps {
		actions = append(actions, w.whole(&p.Steps[i]))
	}
	return map[string]any{
		"triggers": triggers, "profile_filter": w.filter(p.Filter), "actions": actions, "entry_action_id": entry,
		"reentry_criteria": reentry(p.Reentry),
	}
}

// WriteAction shows one step as the definition of an action.
func WriteAction(p *plan.Plan, s *plan.Step, names Names) map[string]any {
	return newWriter(p, names).whole(s)
}

// Type is the type of the action that a step is, and its status where it has one.
func Type(p *plan.Plan, s *plan.Step, names Names) (kind, state string) {
	a := newWriter(p, names).whole(s)
	kind, _ = a["type"].(string)
	if data, ok := a["data"].(map[string]any); ok {
		state, _ = data["status"].(string)
	}
	return kind, state
}

// whole shows a step with its links.
func (w *writer) whole(s *plan.Step) map[string]any {
	a := map[string]any{"id": ActionID(w.plan.Flow, s.ID)}
	if kind, data, links := w.split(s); kind != "" && s.Filter == "" && s.Status == "" {
		a["type"], a["data"] = kind, data
		if links == nil {
			a["links"] = nil
		} else {
			a["links"] = links
		}
		return a
	}
	kind, data := w.action(s)
	if kind == "" {
		kind, data = "step", map[string]any{"kind": s.Kind, "step": raw(s), "status": status(s)}
	}
	a["type"], a["data"], a["links"] = kind, data, map[string]any{"next": w.link(s.Next)}
	return a
}

// action shows what a step without branches does, or nothing where the API has no words for it.
func (w *writer) action(s *plan.Step) (kind string, data map[string]any) {
	message := func(m map[string]any) map[string]any { return map[string]any{"status": status(s), "message": m} }
	switch {
	case s.Email != nil:
		return "send-email", message(w.email(s, s.Email))
	case s.SMS != nil:
		return "send-sms", message(w.sms(s, s.SMS))
	case s.Push != nil:
		return "send-mobile-push", message(w.push(s, s.Push))
	case s.Experiment != nil:
		return w.experiment(s)
	case s.Filter != "": // the others have no place for one
		return "", nil
	case s.Wait != nil && s.Status == "":
		return wait(s.Wait)
	case s.Webhook != nil:
		return "send-webhook", message(w.webhook(s))
	case s.Alert != nil && s.Alert.Body == "":
		return "send-internal-alert", message(w.alert(s))
	case s.UpdateProfile != nil:
		if all := operations(s.UpdateProfile); all != nil {
			return "update-profile", map[string]any{"status": status(s), "profile_operations": all}
		}
	case s.List != nil:
		return "list-update", map[string]any{"status": status(s), "name": s.Name, "list_id": w.listID(s.List.List), "on_execution": !s.List.Remove}
	case s.Track != nil:
		if configuration := service(s.Track); configuration != nil {
			return "internal-service", map[string]any{"status": status(s), "service_configuration": configuration}
		}
	}
	return "", nil
}

func status(s *plan.Step) string { return or(s.Status, plan.Live) }

func (w *writer) link(step string) any {
	if step == "" {
		return nil
	}
	return ActionID(w.plan.Flow, step)
}

// filter shows an expression; none and that of a path for nobody are null.
func (w *writer) filter(source string) any {
	if source == "" || source == nobody {
		return nil
	}
	return condition.Decompile(source, w.context)
}

// metricID is null for a metric of which there is no event yet.
func (w *writer) metricID(name string) any {
	if id, ok := w.names.MetricID(name); ok {
		return id
	}
	return nil
}

// listID gives what the plan names where there is no such list yet.
func (w *writer) listID(name string) any {
	if id, ok := w.names.ListID(name); ok {
		return id
	}
	return name
}

// triggerOf is how a trigger-split names the flow's trigger.
func (w *writer) triggerOf() (kind, id string) {
	if len(w.plan.Triggers) == 0 {
		return "metric", ""
	}
	t := w.trigger(&w.plan.Triggers[0])
	kind, _ = t["type"].(string)
	id, _ = t["id"].(string)
	return kind, id
}
