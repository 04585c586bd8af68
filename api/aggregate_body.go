package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// dimensions by which events can be grouped and filtered, as the public API has them: what the sender of the message
// wrote into the event's properties, and the currency.
var dimensions = []string{
	"$campaign_channel", "$flow", "$flow_channel", "$message", "$message_send_cohort", "$usage_amount", store.DimensionCurrency,
	"$variation", "$variation_send_cohort", "Bot Click", "Bounce Type", "Campaign Name", "Client Canonical", "Client Name", "Client Type",
	"Email Domain", "Failure Source", "Failure Type", "From Number", "From Phone Region", "Inbox Provider", "List", "Message Format",
	"Message Name", "Message Type", "Method", "Segment Count", "Subject", "To Number", "To Phone Region", "URL", "form_id",
}

var (
	measurements = []string{"count", "sum_value", "unique"}
	intervals    = []string{string(clock.Day), string(clock.Hour), string(clock.Month), string(clock.Week)}
)

const (
	aggregatePage     = 500
	maxAggregatePage  = 1000
	maxDimensions     = 5
	maxFilterElements = 20
)

// aggregateForm is a question as a body has it.
type aggregateForm struct {
	query        store.Aggregate
	measurements []string
	interval     clock.Interval
	zone         *time.Location
	starts       []time.Time // of the intervals
	fields       []string    // attributes wanted; nil is all
	cursor       string
}

func decodeAggregate(in *reader, raw jsontext.Value) *aggregateForm {
	f := &aggregateForm{interval: clock.Day, zone: time.UTC}
	o, ok := in.job(raw, aggregateDescription.name, nil)
	if !ok {
		return f
	}
	f.query.MetricID = o.required("metric_id", parseID)
	f.measurements = o.choices("measurements", true, measurements)
	f.query.Unique, f.query.Total = slices.Contains(f.measurements, "unique"), slices.Contains(f.measurements, "sum_value")
	if s := o.checked("interval", oneOf(intervals)); s != nil {
		f.interval = clock.Interval(*s)
	}
	o.checked("timezone", func(s string) (string, error) {
		zone, err := parseZone(s)
		if err == nil {
			f.zone = zone
		}
		return s, err
	})
	f.query.By = o.choices("by", false, dimensions)
	if len(f.query.By) > maxDimensions {
		in.report(o.at("by"), "At most %d dimensions are allowed, not %d.", maxDimensions, len(f.query.By))
	}
	f.fields = o.choices("return_fields", false, aggregateDescription.attributes)
	o.checked("sort", func(s string) (string, error) {
		f.query.Sort, f.query.Descending = strings.CutPrefix(s, "-")
		if err := known(f.query.Sort, append(slices.Clone(f.query.By), measurements...)); err != nil {
			return "", fmt.Errorf("%w: a measurement or one of by, with - before it for the reverse order", err)
		}
		return s, nil
	})
	if cursor := o.checked("page_cursor", func(s string) (string, error) { return s, nil }); cursor != nil {
		f.cursor = *cursor
	}
	f.query.Size = o.whole("page_size", aggregatePage, maxAggregatePage)
	since, until := f.filters(o)
	o.done()
	if len(in.problems) > 0 {
		return f
	}
	f.divide(since, until)
	return f
}

// filters takes the conditions, among them when events are to have happened.
func (f *aggregateForm) filters(o *object) (since, until time.Time) {
	raw, given := o.take("filter")
	if !given {
		o.r.report(o.at("filter"), "filter is required: it must say from when on with greater-or-equal(datetime,…) and until when with less-than(datetime,…).")
		return
	}
	items := o.r.items(o.at("filter"), raw)
	if len(items) > maxFilterElements {
		o.r.report(o.at("filter"), "At most %d filters are allowed, not %d.", maxFilterElements, len(items))
		return
	}
	before := len(o.r.problems)
	for i, item := range items {
		at := o.at("filter") + "/" + itoa(i)
		if item.Kind() != '"' {
			o.r.report(at, "A filter must be a string, not %s.", kindName(item))
			continue
		}
		comparisons, err := parseFilterOn(unquote(item), "._-$ ")
		if err != nil {
			o.r.report(at, "The filter %s.", err)
		}
		for _, c := range comparisons {
			if err := f.filter(c, &since, &until); err != nil {
				o.r.report(at, "The filter %s.", err)
			}
		}
	}
	switch {
	case len(o.r.problems) > before:
	case since.IsZero() || until.IsZero():
		o.r.report(o.at("filter"), "filter must have both greater-or-equal(datetime,…) and less-than(datetime,…).")
	case !since.Before(until):
		o.r.report(o.at("filter"), "The time must end after it begins: from %s until %s.", stamp(since), stamp(until))
	case until.After(since.In(f.zone).AddDate(1, 0, 0)):
		o.r.report(o.at("filter"), "At most one year can be aggregated at a time, not %s until %s.", stamp(since), stamp(until))
	}
	return since, until
}

func (f *aggregateForm) filter(c comparison, since, until *time.Time) error {
	if c.field != "datetime" {
		if err := known(c.field, dimensions); err != nil {
			return fmt.Errorf("has a field that %w, or datetime", err)
		}
		allowed := []string{"any", "contains", "ends-with", "equals", "starts-with"}
		if !slices.Contains(allowed, c.operator) {
			return fmt.Errorf("has %s for %s, which takes %s", c.operator, c.field, strings.Join(allowed, ", "))
		}
		for i := range c.values { // true and 12 are compared as the text of what an event has
			c.values[i].quoted = true
		}
		value, err := filterField{kind: filterText}.value(c)
		if err != nil {
			return fmt.Errorf("has a value for %s that %w", c.field, err)
		}
		f.query.Where = append(f.query.Where, store.Condition{Field: c.field, Operator: c.operator, Value: value})
		return nil
	}
	edge := map[string]*time.Time{"greater-or-equal": since, "less-than": until}[c.operator]
	if edge == nil {
		return fmt.Errorf("has %s for datetime, which takes greater-or-equal and less-than", c.operator)
	}
	if c.list {
		return errors.New("has a list of times")
	}
	if !edge.IsZero() {
		return fmt.Errorf("has %s(datetime,…) twice", c.operator)
	}
	t, err := c.values[0].instantIn(f.zone)
	if err != nil {
		return fmt.Errorf("has a value for datetime that %w", err)
	}
	if t.Year() < 1970 || t.Year() > 2200 {
		return fmt.Errorf("has a time outside of the years 1970 to 2200")
	}
	*edge = t
	return nil
}

// divide cuts the time into intervals.
func (f *aggregateForm) divide(since, until time.Time) {
	f.starts = clock.Buckets(f.interval, since, until, f.zone)
	f.query.Since = slices.Clone(f.starts)
	f.query.Since[0] = since
	f.query.Until = append(slices.Clone(f.starts[1:]), until)
	f.query.Size = min(f.query.Size, max(1, maxCells/len(f.starts)))
}

func parseZone(s string) (*time.Location, error) {
	zone := clock.Zone(s)
	if zone.String() != s {
		return nil, errors.New(`must be a time zone of the IANA database, such as "America/New_York"`)
	}
	return zone, nil
}

// known says that a name is none of those allowed, if so.
func known(name string, allowed []string) error {
	if strings.HasPrefix(name, "$attributed_") {
		return fmt.Errorf("is %s, which is not available: events are not attributed to messages yet", shorten(name))
	}
	if !slices.Contains(allowed, name) {
		return fmt.Errorf("is %q, which is not one of %s", shorten(name), strings.Join(allowed, ", "))
	}
	return nil
}

// choices takes a member that is an array of names, each one allowed and given once. Null and absent give nil.
func (o *object) choices(name string, required bool, allowed []string) []string {
	raw, given := o.take(name)
	if !given || raw.Kind() == 'n' {
		if required {
			o.r.report(o.at(name), "%s is required: it must name some of %s.", name, strings.Join(allowed, ", "))
		}
		return nil
	}
	all := []string{}
	items := o.r.items(o.at(name), raw)
	if required && raw.Kind() == '[' && len(items) == 0 {
		o.r.report(o.at(name), "%s must name some of %s.", name, strings.Join(allowed, ", "))
	}
	for i, item := range items {
		at := o.at(name) + "/" + itoa(i)
		if item.Kind() != '"' {
			o.r.report(at, "The element must be a string, not %s.", kindName(item))
			continue
		}
		s := unquote(item)
		if err := known(s, allowed); err != nil {
			o.r.report(at, "The element %s.", err)
		} else if slices.Contains(all, s) {
			o.r.report(at, "%s is named twice.", s)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// whole takes a member that is a whole number from 1 to most, or null.
func (o *object) whole(name string, otherwise, most int) int {
	n := o.number(name)
	if n == nil {
		return otherwise
	}
	i, err := n.Int64()
	if err != nil || i < 1 || i > int64(most) {
		o.r.report(o.at(name), "%s must be a whole number from 1 to %d.", name, most)
		return otherwise
	}
	return int(i)
}
