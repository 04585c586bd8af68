package definition

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/flow/condition"
	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
)

// backInStockMetric is the metric of people who ask to be told, which with the delay for it makes the trigger.
const backInStockMetric = "Subscribed to Back in Stock"

const maxTriggers = 10

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// repeats are the recurrences of the API as plans name them.
var repeats = map[string]string{"never": plan.Once, "weekly": plan.Weekly, "monthly": plan.Monthly, "annually": plan.Yearly}

// audiences are what people did with an item, in the order of plans.
var audiences = []struct{ api, plan string }{
	{"viewed", plan.AudienceViewed}, {"added-to-cart", plan.AudienceCart}, {"checkout-started", plan.AudienceCheckout},
}

func (r *reader) triggers(p *plan.Plan, d *member.Object) {
	all := d.List("triggers", true)
	if len(all) == 0 && !d.Failed || len(all) > maxTriggers {
		d.Fail("triggers", "A flow has 1 to %d triggers, not %d.", maxTriggers, len(all))
		return
	}
	for i, raw := range all {
		o := r.Object(raw, d.At("triggers")+"/"+itoa(i), false)
		if o == nil {
			continue
		}
		var t plan.Trigger
		switch o.Choice("type", "list", "segment", "metric", "date", "price-drop", "low-inventory") {
		case "list":
			t.List = &plan.ListTrigger{List: r.list(o, "id")}
		case "segment":
			o.Fail("type", "segment is not available here: there are no segments yet.")
			o.Skip()
		case "metric":
			t.Metric = &plan.MetricTrigger{Metric: r.metric(o, "id"), Filter: r.filter(o, "trigger_filter", condition.Trigger)}
		case "date":
			if p.Date() != nil {
				o.Fail("type", "A flow has at most one date trigger.")
			}
			t.Date = r.dateTrigger(o)
		case "price-drop":
			t.PriceDrop = r.priceDrop(o)
		case "low-inventory":
			t.LowInventory = &plan.LowInventoryTrigger{
				Level: o.Choice("product_level", "product", "variant"), Count: o.Whole("inventory_count", 0),
				Audience: r.audience(o, true), Within: r.within(o), Filter: r.filter(o, "trigger_filter", condition.Trigger),
			}
		default:
			o.Skip()
		}
		o.Done()
		p.Triggers = append(p.Triggers, t)
	}
}

// list resolves the id of a list.
func (r *reader) list(o *member.Object, name string) string {
	id := o.Text(name, true)
	list, ok := r.Names.List(id)
	if id != "" && !ok {
		o.Fail(name, "There is no list with the id %q.", clip(id))
	}
	return list
}

// metric resolves the id of a metric.
func (r *reader) metric(o *member.Object, name string) string {
	id := o.Text(name, true)
	metric, ok := r.Names.Metric(id)
	if id != "" && !ok {
		o.Fail(name, "There is no metric with the id %q.", clip(id))
	}
	return metric
}

func (r *reader) dateTrigger(o *member.Object) *plan.DateTrigger {
	if kind := o.Choice("date_field_type", "profile-property", "custom-object"); kind == "custom-object" {
		o.Fail("date_field_type", "custom-object is not available here: there are no custom objects.")
		o.Skip()
		return &plan.DateTrigger{}
	}
	d := &plan.DateTrigger{
		Property: o.Text("date_profile_property", true), At: r.clock(o, "trigger_time", true), Timezone: r.zone(o),
		Weekdays: r.days(o, "trigger_days"), Repeat: plan.Monthly,
	}
	if standard(d.Property) {
		o.Fail("date_profile_property", "%s is not a custom property; a date trigger reads those only.", clip(d.Property))
	}
	if o.Has("recurrence_frequency") {
		d.Repeat = repeats[o.Choice("recurrence_frequency", "never", "weekly", "monthly", "annually")]
	}
	d.Days, d.Months = r.before(o, "timedelta_value_before_date", "timedelta_unit_before_date", true)
	return d
}

// before reads an offset: negative days or months. A negative number, which only this server takes, is after the date.
func (r *reader) before(o *member.Object, value, unit string, required bool) (days, months int) {
	n := 0
	if required || o.Has(value) {
		f := o.Number(value)
		if f != math.Trunc(f) || math.Abs(f) > maxDays {
			o.Fail(value, "%s must be a whole number of at most %d.", value, maxDays)
			return 0, 0
		}
		n = int(f)
	}
	in := "weeks"
	if o.Has(unit) {
		in = o.Choice(unit, "days", "weeks", "months")
	}
	switch in {
	case "months":
		months = -n
	case "weeks":
		days = -7 * n
	default:
		days = -n
	}
	if max(days, -days, 31*months, -31*months) > maxDays {
		o.Fail(value, "%s must be at most %d days.", value, maxDays)
	}
	return days, months
}

func (r *reader) priceDrop(o *member.Object) *plan.PriceDropTrigger {
	t := &plan.PriceDropTrigger{Unit: "currency", Audience: r.audience(o, false), Within: r.within(o), Filter: r.filter(o, "trigger_filter", condition.Trigger)}
	t.Amount = o.Number("price_drop_amount_value")
	if o.Has("price_drop_amount_unit") {
		t.Unit = o.Choice("price_drop_amount_unit", "currency", "percent")
	}
	currency := "usd"
	if o.Has("currency_type") {
		currency = o.Choice("currency_type", "usd")
	}
	if t.Unit == "currency" {
		t.Currency = strings.ToUpper(currency)
	}
	if most := map[string]float64{"currency": 1e9, "percent": 100}[t.Unit]; !o.Failed && (t.Amount <= 0 || t.Amount > most) {
		o.Fail("price_drop_amount_value", "price_drop_amount_value must be more than 0 and at most %v.", most)
	}
	return t
}

func (r *reader) audience(o *member.Object, cart bool) []string {
	given := o.Texts("audience")
	var all []string
	for _, a := range audiences {
		if slices.Contains(given, a.api) && (cart || a.plan != plan.AudienceCart) {
			all = append(all, a.plan)
			given = slices.DeleteFunc(given, func(s string) bool { return s == a.api })
		}
	}
	if len(given) > 0 {
		o.Fail("audience", "%q is no audience of this trigger.", clip(given[0]))
	}
	return all
}

func (r *reader) within(o *member.Object) int {
	if !o.Has("timeframe_days") {
		return 30
	}
	days := o.Whole("timeframe_days", 1)
	if days > maxDays {
		o.Fail("timeframe_days", "timeframe_days must be from 1 to %d.", maxDays)
	}
	return days
}

// clock reads a time of day in whole minutes, which plans keep.
func (r *reader) clock(o *member.Object, name string, required bool) string {
	s := o.Text(name, required)
	if s == "" {
		return ""
	}
	t, err := time.Parse(time.TimeOnly, s)
	if err != nil || t.Second() != 0 {
		o.Fail(name, "%s must be a time of day in whole minutes, such as 09:00:00, not %q.", name, clip(s))
	}
	return t.Format(plan.Clock)
}

// zone reads whose clock counts.
func (r *reader) zone(o *member.Object) string {
	s := o.Text("timezone", false)
	if s == "" || s == "profile" {
		return plan.PersonZone
	}
	if _, err := time.LoadLocation(s); err != nil || s == "Local" || len(s) > 100 {
		o.Fail("timezone", "timezone must be profile or the name of a zone such as Europe/Berlin, not %q.", clip(s))
	}
	return s
}

// days reads weekdays, in the order of the week. All of them are as good as none.
func (r *reader) days(o *member.Object, name string) []string {
	if raw := o.Take(name, false); raw == nil {
		return nil
	} else {
		o.Put(name, raw)
	}
	var all []string
	given := o.Texts(name)
	for _, day := range given {
		if !slices.Contains(weekdays, day) {
			o.Fail(name, "%q is no weekday such as monday.", clip(day))
			return nil
		}
	}
	for _, day := range weekdays {
		if slices.Contains(given, day) {
			all = append(all, day)
		}
	}
	if len(all) == len(weekdays) {
		return nil
	}
	return all
}

// reentry reads whether people may enter again. Without it members of lists may not, others may.
func (r *reader) reentry(p *plan.Plan, d *member.Object) {
	p.Reentry.Mode = plan.Always
	if !slices.ContainsFunc(p.Triggers, func(t plan.Trigger) bool { return t.List == nil && t.Segment == nil }) {
		p.Reentry.Mode = plan.Never
	}
	o := d.Object("reentry_criteria", false)
	if o == nil {
		return
	}
	n := o.Whole("duration", 0)
	unit := map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}[o.Choice("unit", "day", "hour", "week", "alltime")]
	switch {
	case n == 0:
		p.Reentry.Mode = plan.Always
	case unit == 0 && n == 1:
		p.Reentry.Mode = plan.Never
	case unit == 0:
		o.Fail("duration", "With alltime, duration is 0 for always or 1 for never.")
	case time.Duration(n) > maxDays*24*time.Hour/unit:
		o.Fail("duration", "duration must be at most %d days.", maxDays)
	default:
		p.Reentry = plan.Reentry{Mode: plan.After, After: time.Duration(n) * unit}
	}
	o.Done()
}

// backInStock makes the trigger of the metric and the delay after it, of which it takes the place.
func (r *reader) backInStock(p *plan.Plan) {
	at := r.places[r.stock]
	switch t := p.Triggers[0]; {
	case len(p.Triggers) > 1 || t.Metric == nil || t.Metric.Metric != backInStockMetric:
		r.Fail(at, "A back-in-stock-delay needs a trigger of the metric %q.", backInStockMetric)
	case t.Metric.Filter != "":
		r.Fail(r.pointer+"/triggers/0/trigger_filter", "A trigger filter is not available with a back-in-stock-delay.")
	case p.Entry != r.stock:
		r.Fail(at, "A back-in-stock-delay stands right after the trigger: entry_action_id must be its id.")
	case r.stocked == "":
		r.Fail(at, "After the back-in-stock-delay there must be an action.")
	default:
		for i := range p.Steps {
			if slices.Contains(p.Steps[i].Successors(), r.stock) {
				r.Fail(r.places[p.Steps[i].ID], "No link can lead back to the back-in-stock-delay.")
				return
			}
		}
		p.Triggers[0], p.Entry = plan.Trigger{BackInStock: &plan.BackInStockTrigger{}}, r.stocked
	}
}

// standard says whether a name belongs to what every profile has.
func standard(name string) bool {
	return strings.HasPrefix(name, "$") || slices.Contains([]string{
		"id", "email", "phone_number", "external_id", "anonymous_id", "first_name", "last_name", "organization", "locale",
		"title", "image", "location", "created", "updated", "last_event_date", "properties", "subscriptions", "predictive_analytics",
	}, name)
}

// trigger shows a trigger.
func (w *writer) trigger(t *plan.Trigger) map[string]any {
	switch {
	case t.Metric != nil:
		return map[string]any{"type": "metric", "id": w.metricID(t.Metric.Metric), "trigger_filter": w.filter(t.Metric.Filter)}
	case t.List != nil:
		return map[string]any{"type": "list", "id": w.listID(t.List.List)}
	case t.Segment != nil:
		return map[string]any{"type": "segment", "id": t.Segment.Segment}
	case t.Date != nil:
		value, unit := offset(t.Date.Days, t.Date.Months)
		return map[string]any{
			"type": "date", "date_field_type": "profile-property", "date_profile_property": t.Date.Property,
			"timedelta_value_before_date": value, "timedelta_unit_before_date": unit,
			"recurrence_frequency": keyOf(repeats, t.Date.Repeat), "timezone": zone(t.Date.Timezone),
			"trigger_time": clock(t.Date.At), "trigger_days": list(t.Date.Weekdays),
		}
	case t.PriceDrop != nil:
		return map[string]any{
			"type": "price-drop", "price_drop_amount_value": t.PriceDrop.Amount, "price_drop_amount_unit": t.PriceDrop.Unit,
			"currency_type": strings.ToLower(or(t.PriceDrop.Currency, "USD")), "audience": audience(t.PriceDrop.Audience),
			"timeframe_days": t.PriceDrop.Within, "trigger_filter": w.filter(t.PriceDrop.Filter),
		}
	case t.LowInventory != nil:
		return map[string]any{
			"type": "low-inventory", "product_level": t.LowInventory.Level, "inventory_count": t.LowInventory.Count,
			"audience": audience(t.LowInventory.Audience), "timeframe_days": t.LowInventory.Within,
			"trigger_filter": w.filter(t.LowInventory.Filter),
		}
	}
	return map[string]any{"type": "metric", "id": w.metricID(backInStockMetric), "trigger_filter": nil}
}

func audience(all []string) []string {
	var out []string
	for _, a := range audiences {
		if slices.Contains(all, a.plan) {
			out = append(out, a.api)
		}
	}
	return out
}

// offset shows days or months before a date.
func offset(days, months int) (value int, unit string) {
	if months != 0 {
		return -months, "months"
	}
	return -days, "days"
}

func reentry(r plan.Reentry) map[string]any {
	switch r.Mode {
	case plan.Never:
		return map[string]any{"unit": "alltime", "duration": 1}
	case plan.After:
		for _, unit := range []struct {
			name   string
			length time.Duration
		}{{"week", 7 * 24 * time.Hour}, {"day", 24 * time.Hour}} {
			if r.After%unit.length == 0 {
				return map[string]any{"unit": unit.name, "duration": int(r.After / unit.length)}
			}
		}
		return map[string]any{"unit": "hour", "duration": int((r.After + time.Hour - 1) / time.Hour)} // no unit is shorter
	}
	return map[string]any{"unit": "alltime", "duration": 0}
}

func zone(s string) string {
	if s == plan.PersonZone || s == "" {
		return "profile"
	}
	return s
}

// clock shows a time of day; "" is null.
func clock(at string) any {
	if at == "" {
		return nil
	}
	return at + ":00"
}

// list shows an empty list as null.
func list(all []string) any {
	if len(all) == 0 {
		return nil
	}
	return all
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func keyOf(names map[string]string, word string) string {
	for key, w := range names {
		if w == word {
			return key
		}
	}
	panic(fmt.Sprintf("definition: no key for %q", word))
}
