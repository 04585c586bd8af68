package flow

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// What a price drop is counted in.
const (
	inPercent  = "percent"
	inCurrency = "currency"
)

const (
	usualWithin = 30  // days
	maxAmount   = 1e9 // of a currency
	noCatalog   = "changes of the catalog are not noticed yet"
)

var (
	dropAudiences  = []string{plan.AudienceViewed, plan.AudienceCheckout}
	stockAudiences = []string{plan.AudienceViewed, plan.AudienceCart, plan.AudienceCheckout}

	dropFields = []Field{
		{Name: inPercent, Type: "number", Example: "10", Summary: "By how many percent at least."},
		{Name: "amount", Type: "number", Example: "5", Summary: "Instead: by how much money at least."},
		{Name: inCurrency, Type: "text", Example: "USD", Summary: "With amount: the currency, as in ISO 4217."},
	}
)

var priceDropTrigger = triggerKind{
	Spec: Spec{
		Kind:    plan.TriggerPriceDrop,
		Summary: "The people enter who looked at an item whose price falls.",
		Fields:  dropFields,
		Beside:  interestFields(dropAudiences),
		Later:   noCatalog,
		Example: "trigger:\n  price_drop: {percent: 10}\n  within: 30d\n",
		words:   []string{"price", "pricedrop", "sale"},
	},
	read: func(r *reader, value *node, beside map[string]*node) plan.Trigger {
		t := &plan.PriceDropTrigger{Unit: inPercent}
		t.Audience, t.Within, t.Filter = r.interest(beside, dropAudiences)
		if found := r.settings(value, plan.TriggerPriceDrop, "for example {percent: 10}", dropFields); found != nil {
			r.drop(t, value, found)
		}
		return plan.Trigger{PriceDrop: t}
	},
}

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

func (r *reader) drop(t *plan.PriceDropTrigger, n *node, found map[string]*node) {
	percent, amount, currency := found[inPercent], found["amount"], found[inCurrency]
	switch {
	case percent != nil && amount != nil:
		r.fail(amount, "", "price_drop has percent or amount, not both")
	case percent != nil:
		t.Amount = r.amountOf(percent, inPercent, 100)
		if currency != nil {
			r.fail(currency, "", "currency goes with amount only")
		}
	case amount != nil:
		t.Unit, t.Amount = inCurrency, r.amountOf(amount, "amount", maxAmount)
		if currency == nil {
			r.fail(amount, "for example currency: USD", "amount needs a currency")
		} else if t.Currency = r.string(currency, inCurrency, maxName); t.Currency != "" && !currencyPattern.MatchString(t.Currency) {
			r.fail(currency, "for example USD", "currency must be three capital letters, not %s", quoted(t.Currency))
		}
	case len(found) == len(n.entries):
		r.fail(n, "for example percent: 10", "price_drop needs percent or amount")
	}
}

// settings reads the keys of a trigger's mapping, or gives nil when there is none.
func (r *reader) settings(n *node, what, hint string, fields []Field) map[string]*node {
	if n.shape == mapping {
		return r.fields(n, check{what: what, fields: fields})
	}
	if n.shape != unreadable {
		r.fail(n, hint, "%s must be a mapping, not %s", what, describe(n))
	}
	return nil
}

// amountOf reads a number that is more than 0.
func (r *reader) amountOf(n *node, what string, most float64) float64 {
	f, err := strconv.ParseFloat(n.text, 64)
	if n.shape != number || err != nil || f <= 0 || f > most {
		if n.shape != unreadable {
			r.fail(n, "", "%s must be a number, more than 0 and at most %s, not %s", what, strconv.FormatFloat(most, 'f', -1, 64), describe(n))
		}
		return 0
	}
	return f
}

// count reads a whole number.
func (r *reader) count(n *node, what string, least, most int) int {
	i, err := strconv.Atoi(n.text)
	if n.shape != number || err != nil || i < least || i > most {
		if n.shape != unreadable {
			r.fail(n, "", "%s must be a whole number from %d to %d, not %s", what, least, most, describe(n))
		}
		return 0
	}
	return i
}

// interestFields describe who is told of a change of an item.
func interestFields(audiences []string) []Field {
	return []Field{
		{Name: "audience", Type: "word", List: OrMore, Max: len(audiences), Values: audiences, Default: "all of them", Example: "[viewed]", Summary: "What the people did with the item."},
		{Name: "within", Type: "calendar", Default: "30d", Example: "14d", Summary: "How long ago at most, in days or weeks."},
		{Name: "filter", Type: "expression", Example: `event.price >= 20`, Summary: "Which items count. It sees the item as event."},
	}
}

// interest reads who is told of a change of an item.
func (r *reader) interest(beside map[string]*node, audiences []string) (audience []string, within int, filter string) {
	audience, within = slices.Clone(audiences), usualWithin
	if n := beside["audience"]; n != nil {
		audience = r.strings(n, "audience", len(audiences), func(item *node) string { return r.choice(item, "audience", audiences...) })
		if n.shape == list && len(n.items) == 0 {
			r.fail(n, "", "audience names nobody")
		}
		audience = inOrder(audience, audiences)
	}
	if n := beside["within"]; n != nil {
		s := r.offset(n, "within")
		if s.months > 0 {
			r.fail(n, "write days: 30d", "within has no months")
		}
		within = s.days
	}
	if n := beside["filter"]; n != nil {
		filter = r.condition(n, "the trigger's filter", expression.Trigger)
	}
	return audience, within, filter
}
