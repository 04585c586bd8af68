package flow

import (
	"reflect"
	"slices"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

// maxTriggers bounds the triggers of one flow.
const maxTriggers = 10

// triggerKind is a kind of trigger: its spec and what reads it.
type triggerKind struct {
	Spec
	read func(r *reader, value *node, beside map[string]*node) plan.Trigger
}

var triggerKinds = []triggerKind{
	metricTrigger, listTrigger, segmentTrigger, dateTrigger, priceDropTrigger, lowInventoryTrigger, backInStockTrigger,
}

// Triggers are the kinds of trigger.
func Triggers() []Spec {
	specs := make([]Spec, len(triggerKinds))
	for i, kind := range triggerKinds {
		specs[i] = kind.Spec
	}
	return specs
}

// triggers reads one trigger, or the list of several, and gives the places of them as well.
func (r *reader) triggers(one, several *node) (all []plan.Trigger, at []*node) {
	items := []*node{one}
	switch {
	case one == nil && several == nil:
		return nil, nil
	case several == nil:
	case several.shape != list:
		if several.shape != unreadable {
			r.fail(several, "put a dash before each trigger: - metric: Added to Cart", "triggers must be a list, not %s", describe(several))
		}
		return nil, nil
	case len(several.items) == 0 || len(several.items) > maxTriggers:
		r.fail(several, "", "triggers has %d entries; possible are 1 to %d", len(several.items), maxTriggers)
		return nil, nil
	default:
		items = several.items
	}
	date := false
	for _, item := range items {
		before := r.problems.Count(IsError)
		trigger := r.trigger(item)
		if trigger.Kind() == "" || r.problems.Count(IsError) > before {
			continue
		}
		switch same := slices.IndexFunc(all, func(t plan.Trigger) bool { return reflect.DeepEqual(t, trigger) }); {
		case same >= 0:
			r.fail(item, "", "this trigger is there already, on line %d", at[same].line)
		case date && trigger.Date != nil:
			r.fail(item, "make a flow for each", "a flow has at most one date trigger")
		}
		date = date || trigger.Date != nil
		all, at = append(all, trigger), append(at, item)
	}
	return all, at
}

// usualReentry is the mode of reentry where nothing is written.
func usualReentry(triggers []plan.Trigger) string {
	members := func(t plan.Trigger) bool { return t.List != nil || t.Segment != nil }
	if len(triggers) > 0 && !slices.ContainsFunc(triggers, func(t plan.Trigger) bool { return !members(t) }) {
		return plan.Never
	}
	return plan.Always
}

// bringsEvent says whether a person who enters by the trigger has an event, which may be an item of the catalog.
func bringsEvent(t plan.Trigger) bool {
	return t.Metric != nil || t.PriceDrop != nil || t.LowInventory != nil || t.BackInStock != nil
}

// trigger reads what makes people enter.
func (r *reader) trigger(n *node) (trigger plan.Trigger) {
	if n.shape == unreadable {
		return trigger
	}
	if n.shape != mapping {
		hint := `for example metric: Added to Cart`
		if n.shape == list {
			hint = "several triggers stand behind triggers:"
		}
		r.fail(n, hint, "the trigger must be a mapping, not %s", n.shape)
		return trigger
	}
	known := kindsOf(Triggers())
	var kind *triggerKind
	var value *node
	for _, e := range n.entries {
		i := slices.Index(known, e.key.text)
		if i < 0 {
			continue
		}
		if kind != nil {
			r.fail(e.key, "several triggers are a list, behind triggers:", "a trigger has one kind, and %s is there already", kind.Kind)
			return trigger
		}
		kind, value = &triggerKinds[i], e.value
	}
	if kind == nil {
		for _, e := range n.entries {
			if word := meant(e.key.text, Triggers()); word != "" {
				r.fail(e.key, "", "unknown trigger %s: did you mean %s?", quoted(e.key.text), word)
				return trigger
			}
		}
		r.fail(n, "", "the trigger needs %s", oneOf(known))
		return trigger
	}

	allowed := append([]Field{{Name: kind.Kind, Required: true}}, kind.Beside...)
	beside := r.fields(n, check{what: "a " + kind.Kind + " trigger", fields: allowed, hints: triggerHints(kind.Kind)})
	return kind.read(r, value, beside)
}

func triggerHints(kind string) map[string]string {
	hints := map[string]string{"reentry": "reentry stands beside trigger, not in it"}
	if kind == plan.TriggerList || kind == plan.TriggerSegment || kind == plan.TriggerDate {
		hints["filter"] = "only a metric has a trigger filter; a filter beside trigger asks about the person"
	}
	return hints
}

// meant finds the kind that somebody had in mind, or "".
func meant(word string, specs []Spec) string {
	word = strings.ToLower(word)
	kinds := make([]string, len(specs))
	for i, spec := range specs {
		if kinds[i] = spec.Kind; slices.Contains(spec.words, word) {
			return spec.Kind
		}
	}
	return nearest(word, kinds)
}
