package flow

import (
	"slices"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

// triggerKind is a kind of trigger: its spec and what reads it.
type triggerKind struct {
	Spec
	reentry string // the default
	read    func(r *reader, value *node, beside map[string]*node) plan.Trigger
}

var (
	triggerKinds  []triggerKind
	laterTriggers = []string{"segment", "price_drop", "low_inventory", "back_in_stock"}
)

// Triggers are the kinds of trigger.
func Triggers() []Spec {
	specs := make([]Spec, len(triggerKinds))
	for i, kind := range triggerKinds {
		specs[i] = kind.Spec
	}
	return specs
}

func init() { triggerKinds = []triggerKind{metricTrigger, listTrigger, dateTrigger} }

// trigger reads what makes people enter, and the default of reentry that goes with it.
func (r *reader) trigger(n *node) (trigger plan.Trigger, reentry string) {
	if n.shape == unreadable {
		return trigger, ""
	}
	if n.shape != mapping {
		r.fail(n, `for example metric: Added to Cart`, "the trigger must be a mapping, not %s", n.shape)
		return trigger, ""
	}
	known := make([]string, len(triggerKinds))
	for i, kind := range triggerKinds {
		known[i] = kind.Kind
	}

	var kind *triggerKind
	var value *node
	for _, e := range n.entries {
		if slices.Contains(laterTriggers, e.key.text) {
			r.fail(e.key, "", "trigger %s is not available yet", e.key.text)
			return trigger, ""
		}
		i := slices.Index(known, e.key.text)
		if i < 0 {
			continue
		}
		if kind != nil {
			r.fail(e.key, "make a flow for each", "a flow has one trigger, and %s is there already", kind.Kind)
			return trigger, ""
		}
		kind, value = &triggerKinds[i], e.value
	}
	if kind == nil {
		for _, e := range n.entries {
			if word := meant(e.key.text, Triggers()); word != "" {
				r.fail(e.key, "", "unknown trigger %s: did you mean %s?", quoted(e.key.text), word)
				return trigger, ""
			}
		}
		r.fail(n, "", "the trigger needs %s", oneOf(known))
		return trigger, ""
	}

	allowed := append([]Field{{Name: kind.Kind, Required: true}}, kind.Beside...)
	beside := r.fields(n, check{what: "a " + kind.Kind + " trigger", fields: allowed, hints: triggerHints(kind.Kind)})
	return kind.read(r, value, beside), kind.reentry
}

func triggerHints(kind string) map[string]string {
	hints := map[string]string{"reentry": "reentry stands beside trigger, not in it"}
	if kind != "metric" {
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
