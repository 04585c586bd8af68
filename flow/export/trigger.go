package export

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/legato-flow/legato/flow/plan"
)

// trigger writes a trigger.
func trigger(t *plan.Trigger) (o object, err error) {
	switch {
	case t.Metric != nil:
		o.add("metric", t.Metric.Metric)
		o.add("filter", optional(t.Metric.Filter))
		err = o.length("late", t.Metric.Late)
	case t.List != nil:
		o.add("list", t.List.List)
	case t.Segment != nil:
		o.add("segment", t.Segment.Segment)
	case t.Date != nil:
		o, err = dateTrigger(t.Date)
	case t.PriceDrop != nil:
		d := t.PriceDrop
		var by object
		switch d.Unit {
		case "percent":
			by.add("percent", d.Amount)
		default:
			by.add("amount", d.Amount)
			by.add("currency", optional(d.Currency))
		}
		o.add("price_drop", by)
		o.audience(d.Audience, d.Within, d.Filter)
	case t.LowInventory != nil:
		low := t.LowInventory
		o.add("low_inventory", object{{"count", float64(low.Count)}, {"level", low.Level}})
		o.audience(low.Audience, low.Within, low.Filter)
	case t.BackInStock != nil:
		var b object
		b.add("threshold", count(t.BackInStock.Threshold))
		b.add("per_unit", count(t.BackInStock.PerUnit))
		err = b.length("pause", t.BackInStock.Pause)
		o = append(o, pair{"back_in_stock", b}) // also with nothing in it
	default:
		err = fmt.Errorf("it has no kind")
	}
	return o, err
}

func dateTrigger(d *plan.DateTrigger) (object, error) {
	o := object{{"date", property(d.Property)}}
	err := o.offset(d.Days, d.Months)
	o.add("at", d.At)
	o.add("timezone", d.Timezone)
	o.add("repeat", d.Repeat)
	o.add("on", texts(d.Weekdays))
	return o, err
}

func (o *object) audience(who []string, within int, filter string) {
	o.add("audience", texts(who))
	if within > 0 {
		o.add("within", strconv.Itoa(within)+"d")
	}
	o.add("filter", optional(filter))
}

// count leaves 0 out, which stands for the default.
func count(n int) any {
	if n == 0 {
		return nil
	}
	return float64(n)
}

var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// property writes a custom property as an expression names it.
func property(s string) string {
	if name.MatchString(s) {
		return "person." + s
	}
	return "person[" + quotedName(s) + "]"
}

// quotedName puts a name in the quotes that it does not contain itself.
func quotedName(s string) string {
	for _, r := range s {
		if r == '"' {
			return "'" + s + "'"
		}
	}
	return `"` + s + `"`
}
