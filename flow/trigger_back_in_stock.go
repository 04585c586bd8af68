package flow

import "github.com/legato-flow/legato/flow/plan"

var backFields = []Field{
	{Name: "threshold", Type: "whole number", Default: "1", Example: "3", Summary: "The stock from which on it counts as back."},
	{Name: "per_unit", Type: "whole number", Default: "1", Example: "5", Summary: "How many people are told for each unit in stock."},
	{Name: "pause", Type: "duration", Default: "none", Example: "1h", Summary: "How long between one batch of people and the next."},
}

var backInStockTrigger = triggerKind{
	Spec: Spec{
		Kind:    plan.TriggerBackInStock,
		Summary: "The people enter who asked to be told when a variant is there again, those who asked first before the others.",
		Fields:  backFields,
		Later:   noCatalog,
		Example: "trigger:\n  back_in_stock: {per_unit: 5, pause: 1h}\n",
		words:   []string{"restock", "restocked", "waitlist"},
	},
	read: func(r *reader, value *node, _ map[string]*node) plan.Trigger {
		t := &plan.BackInStockTrigger{}
		found := r.settings(value, plan.TriggerBackInStock, "{} is enough", backFields)
		if n := found["threshold"]; n != nil {
			t.Threshold = r.count(n, "threshold", 1, maxStock)
		}
		if n := found["per_unit"]; n != nil {
			t.PerUnit = r.count(n, "per_unit", 1, maxStock)
		}
		if n := found["pause"]; n != nil {
			t.Pause = r.holdFor(n, "pause")
		}
		return plan.Trigger{BackInStock: t}
	},
}
