package flow

import "github.com/legato-flow/legato/flow/plan"

var stockLevels = []string{"product", "variant"}

const maxStock = 1_000_000

var stockFields = []Field{
	{Name: "count", Type: "whole number", Required: true, Example: "5", Summary: "The stock at or below which it counts."},
	{Name: "level", Type: "word", Default: "product", Values: stockLevels, Summary: "Whether the stock of the product as a whole counts, or that of each variant."},
}

var lowInventoryTrigger = triggerKind{
	Spec: Spec{
		Kind:    plan.TriggerLowInventory,
		Summary: "The people enter who looked at an item that is running out.",
		Fields:  stockFields,
		Beside:  interestFields(stockAudiences),
		Later:   noCatalog,
		Example: "trigger:\n  low_inventory: {count: 5, level: variant}\n  audience: [added_to_cart]\n",
		words:   []string{"inventory", "low_stock", "stock"},
	},
	read: func(r *reader, value *node, beside map[string]*node) plan.Trigger {
		t := &plan.LowInventoryTrigger{Level: stockLevels[0]}
		t.Audience, t.Within, t.Filter = r.interest(beside, stockAudiences)
		found := r.settings(value, plan.TriggerLowInventory, "for example {count: 5}", stockFields)
		if n := found["count"]; n != nil {
			t.Count = r.count(n, "count", 0, maxStock)
		}
		if n := found["level"]; n != nil {
			t.Level = r.choice(n, "level", stockLevels...)
		}
		return plan.Trigger{LowInventory: t}
	},
}
