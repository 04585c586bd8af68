package flow

import (
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// trigger checks one trigger of a plan.
func (c *checker) trigger(field string, t *plan.Trigger) {
	kinds := 0
	for _, there := range []bool{t.Metric != nil, t.List != nil, t.Segment != nil, t.Date != nil, t.PriceDrop != nil, t.LowInventory != nil, t.BackInStock != nil} {
		if there {
			kinds++
		}
	}
	if kinds != 1 {
		c.fail("", field, "a trigger has one kind, not %d", kinds)
		return
	}
	field += "." + t.Kind()
	switch {
	case t.Metric != nil:
		c.line("", field+".metric", t.Metric.Metric, maxName, true)
		c.condition("", field+".filter", t.Metric.Filter, expression.Trigger)
		if t.Metric.Late != 0 {
			c.length("", field+".late", t.Metric.Late)
		}
	case t.List != nil:
		c.line("", field+".list", t.List.List, maxName, true)
	case t.Segment != nil:
		c.line("", field+".segment", t.Segment.Segment, maxName, true)
	case t.Date != nil:
		c.dateTrigger(field, t.Date)
	case t.PriceDrop != nil:
		c.priceDrop(field, t.PriceDrop)
	case t.LowInventory != nil:
		c.word("", field+".level", t.LowInventory.Level, stockLevels)
		c.between(field+".count", t.LowInventory.Count, 0, maxStock)
		c.interest(field, t.LowInventory.Audience, stockAudiences, t.LowInventory.Within, t.LowInventory.Filter)
	case t.BackInStock != nil:
		c.between(field+".threshold", t.BackInStock.Threshold, 0, maxStock)
		c.between(field+".per_unit", t.BackInStock.PerUnit, 0, maxStock)
		if t.BackInStock.Pause != 0 {
			c.length("", field+".pause", t.BackInStock.Pause)
		}
	}
}

func (c *checker) dateTrigger(field string, t *plan.DateTrigger) {
	c.line("", field+".property", t.Property, maxName, true)
	if standardAttribute(t.Property) {
		c.fail("", field+".property", "%s is not a custom property; a date trigger reads those only", t.Property)
	}
	c.offset("", field, t.Days, t.Months)
	c.clock("", field+".at", t.At, true)
	c.zone("", field+".timezone", t.Timezone)
	c.word("", field+".repeat", t.Repeat, repeats)
	c.weekdays("", field+".weekdays", t.Weekdays)
}

func (c *checker) priceDrop(field string, t *plan.PriceDropTrigger) {
	most := float64(maxAmount)
	c.word("", field+".unit", t.Unit, []string{inPercent, inCurrency})
	if t.Unit == inPercent {
		most = 100
	}
	if !(t.Amount > 0 && t.Amount <= most) {
		c.fail("", field+".amount", "amount must be more than 0 and at most %v, not %v", most, t.Amount)
	}
	if t.Unit == inCurrency && !currencyPattern.MatchString(t.Currency) {
		c.fail("", field+".currency", "currency must be three capital letters, not %s", quoted(t.Currency))
	}
	c.interest(field, t.Audience, dropAudiences, t.Within, t.Filter)
}

func (c *checker) interest(field string, audience, possible []string, within int, filter string) {
	if len(audience) == 0 || len(audience) > len(possible) {
		c.fail("", field+".audience", "audience has %d entries; possible are 1 to %d", len(audience), len(possible))
	}
	for _, word := range audience[:min(len(audience), len(possible))] {
		c.word("", field+".audience", word, possible)
	}
	c.between(field+".within", within, 1, 400)
	c.condition("", field+".filter", filter, expression.Trigger)
}

func (c *checker) between(field string, i, least, most int) {
	if i < least || i > most {
		c.fail("", field, "%s must be from %d to %d, not %d", lastOf(field), least, most, i)
	}
}
