package plan

import "time"

// Trigger is what makes a person enter. Exactly one of the fields is set.
type Trigger struct {
	Metric       *MetricTrigger       `json:"metric,omitempty"`
	List         *ListTrigger         `json:"list,omitempty"`
	Segment      *SegmentTrigger      `json:"segment,omitempty"`
	Date         *DateTrigger         `json:"date,omitempty"`
	PriceDrop    *PriceDropTrigger    `json:"price_drop,omitempty"`
	LowInventory *LowInventoryTrigger `json:"low_inventory,omitempty"`
	BackInStock  *BackInStockTrigger  `json:"back_in_stock,omitempty"`
}

// Trigger kinds, as they are written in a flow.
const (
	TriggerMetric       = "metric"
	TriggerList         = "list"
	TriggerSegment      = "segment"
	TriggerDate         = "date"
	TriggerPriceDrop    = "price_drop"
	TriggerLowInventory = "low_inventory"
	TriggerBackInStock  = "back_in_stock"
)

// Kind names the field that is set, or is "".
func (t *Trigger) Kind() string {
	switch {
	case t.Metric != nil:
		return TriggerMetric
	case t.List != nil:
		return TriggerList
	case t.Segment != nil:
		return TriggerSegment
	case t.Date != nil:
		return TriggerDate
	case t.PriceDrop != nil:
		return TriggerPriceDrop
	case t.LowInventory != nil:
		return TriggerLowInventory
	case t.BackInStock != nil:
		return TriggerBackInStock
	}
	return ""
}

// Key is what the trigger waits for: the metric's name, the list's or segment's, the date property; "" for a
// trigger on the catalog as a whole.
func (t *Trigger) Key() string {
	switch {
	case t.Metric != nil:
		return t.Metric.Metric
	case t.List != nil:
		return t.List.List
	case t.Segment != nil:
		return t.Segment.Segment
	case t.Date != nil:
		return t.Date.Property
	}
	return ""
}

// Date gives the plan's date trigger, or nil. A plan has at most one.
func (p *Plan) Date() *DateTrigger {
	for _, t := range p.Triggers {
		if t.Date != nil {
			return t.Date
		}
	}
	return nil
}

// TriggerOf gives the first trigger of the kind and key, or nil. An empty key matches any.
func (p *Plan) TriggerOf(kind, key string) *Trigger {
	for i := range p.Triggers {
		if t := &p.Triggers[i]; t.Kind() == kind && (key == "" || t.Key() == key) {
			return t
		}
	}
	return nil
}

// MetricTrigger enters a person for each new event of the metric that passes the filter.
type MetricTrigger struct {
	Metric string        `json:"metric"`
	Filter string        `json:"filter,omitempty"` // an expression that sees the event only
	Late   time.Duration `json:"late,omitempty"`   // how late an event may be recorded and still trigger, nanoseconds; 0 is the worker's setting
}

// ListTrigger enters a person who becomes a member of the list, named by id or by name.
type ListTrigger struct {
	List string `json:"list"`
}

// SegmentTrigger enters a person who becomes a member of the segment, named by id or by name.
type SegmentTrigger struct {
	Segment string `json:"segment"`
}

// Audiences of a trigger on the catalog: who did what with the item.
const (
	AudienceViewed   = "viewed"
	AudienceCart     = "added_to_cart"
	AudienceCheckout = "checkout_started"
)

// PriceDropTrigger enters the people who looked at an item whose price fell.
type PriceDropTrigger struct {
	Amount   float64  `json:"amount"`             // by how much at least
	Unit     string   `json:"unit"`               // percent | currency
	Currency string   `json:"currency,omitempty"` // ISO 4217, with unit currency
	Audience []string `json:"audience"`           // viewed, checkout_started
	Within   int      `json:"within"`             // days
	Filter   string   `json:"filter,omitempty"`   // an expression that sees the item as event
}

// LowInventoryTrigger enters the people who looked at an item that is running out.
type LowInventoryTrigger struct {
	Level    string   `json:"level"`            // product | variant
	Count    int      `json:"count"`            // at or below
	Audience []string `json:"audience"`         // viewed, added_to_cart, checkout_started
	Within   int      `json:"within"`           // days
	Filter   string   `json:"filter,omitempty"` // an expression that sees the item as event
}

// BackInStockTrigger enters the people who asked to be told when a variant is there again, oldest first.
type BackInStockTrigger struct {
	Threshold int           `json:"threshold,omitempty"` // stock at or above which it counts as back; 0 is 1
	PerUnit   int           `json:"per_unit,omitempty"`  // people to tell per unit in stock; 0 is 1
	Pause     time.Duration `json:"pause,omitempty"`     // between batches, nanoseconds
}

// Repeat values of a DateTrigger.
const (
	Once    = "once"
	Weekly  = "weekly"
	Monthly = "monthly"
	Yearly  = "yearly"
)

// DateTrigger enters a person at a clock time on, before or after the date that a profile property holds.
// Only the calendar date as written counts; a time of day in the stored value is ignored. In a common year a
// yearly 29 February falls on 28 February, and a monthly day that a month lacks on that month's last day.
type DateTrigger struct {
	Property string `json:"property"`         // "birthday": a custom property of the profile
	Days     int    `json:"days,omitempty"`   // offset: negative before the date, positive after it
	Months   int    `json:"months,omitempty"` // offset in calendar months, likewise
	At       string `json:"at"`               // "15:04" wall clock
	Timezone string `json:"timezone"`         // "person" or an IANA name
	Repeat   string `json:"repeat"`           // once | weekly | monthly | yearly

	// Weekdays on which the moment may fall, "monday" …: it moves on to the next of them. Empty is every day.
	Weekdays []string `json:"weekdays,omitempty"`
}
