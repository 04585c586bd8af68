package export_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/plan"
)

// settings draw what stands in a step of each kind.
var settings = map[string]func(t *rapid.T, s *plan.Step, p *plan.Plan){
	plan.KindWait: func(t *rapid.T, s *plan.Step, p *plan.Plan) { s.Wait = anyWait(t, p.Date()) },
	plan.KindWaitFor: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		s.WaitFor = &plan.WaitFor{For: rapid.SliceOfN(rapid.Custom(anyWatch), 1, 3).Draw(t, "for"), Timeout: anyLength().Draw(t, "timeout")}
	},
	plan.KindIf: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		s.If = &plan.If{}
		for range rapid.IntRange(1, 3).Draw(t, "branches") {
			s.If.Branches = append(s.If.Branches, plan.Branch{When: anyCondition().Draw(t, "when")})
		}
	},
	plan.KindSwitch: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		s.Switch = &plan.If{ElseName: maybe(t, anyName())}
		for range rapid.IntRange(1, 3).Draw(t, "branches") {
			s.Switch.Branches = append(s.Switch.Branches, plan.Branch{When: anyCondition().Draw(t, "when"), Name: maybe(t, anyName())})
		}
	},
	plan.KindSplit: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		s.Split = &plan.Split{}
		for _, weight := range anyWeights(t) {
			s.Split.Branches = append(s.Split.Branches, plan.Weighted{Weight: weight, Name: maybe(t, anyName())})
		}
	},
	plan.KindExperiment: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		x := &plan.Experiment{Winner: rapid.SampledFrom([]string{"opens", "clicks", "conversions"}).Draw(t, "winner"), Certainty: rapid.Bool().Draw(t, "certainty")}
		if x.Winner == "conversions" {
			x.Metric = anyName().Draw(t, "metric")
		}
		if rapid.Bool().Draw(t, "ends") {
			x.EndsAt = "2027-03-01T09:00:00+01:00"
		}
		channel := rapid.SampledFrom([]string{plan.ChannelEmail, plan.ChannelSMS, plan.ChannelPush}).Draw(t, "channel")
		for i, weight := range anyWeights(t) {
			v := plan.Variant{ID: fmt.Sprintf("v%d", i), Weight: weight}
			switch channel {
			case plan.ChannelEmail:
				v.Email = anyEmail(t)
			case plan.ChannelSMS:
				v.SMS = anySMS(t)
			default:
				v.Push = anyPush(t)
			}
			x.Variants = append(x.Variants, v)
		}
		s.Experiment = x
	},
	plan.KindEmail: func(t *rapid.T, s *plan.Step, _ *plan.Plan) { s.Email = anyEmail(t) },
	plan.KindSMS:   func(t *rapid.T, s *plan.Step, _ *plan.Plan) { s.SMS = anySMS(t) },
	plan.KindPush:  func(t *rapid.T, s *plan.Step, _ *plan.Plan) { s.Push = anyPush(t) },
	plan.KindWebhook: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		s.Webhook = &plan.Webhook{URL: "https://hooks.shop.example/a?b=c&d=%20", Body: maybe(t, anyText())}
		if rapid.Bool().Draw(t, "headers") {
			s.Webhook.Headers = map[string]string{"X-Shop": "Acme: 1", "Authorization": "Bearer 007"}
		}
	},
	plan.KindAlert: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		s.Alert = &plan.Alert{To: rapid.SampledFrom([][]string{{"a@shop.example"}, {"a@shop.example", "b@shop.example"}}).Draw(t, "to"), FromName: maybe(t, anyName())}
		if rapid.Bool().Draw(t, "template") {
			s.Alert.Template = "big-order"
		} else {
			s.Alert.Subject, s.Alert.Body = anyText().Draw(t, "subject"), anyText().Draw(t, "body")
		}
	},
	plan.KindUpdateProfile: anyUpdate,
	plan.KindList: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		s.List = &plan.ListChange{List: anyName().Draw(t, "list"), Remove: rapid.Bool().Draw(t, "remove")}
	},
	plan.KindTrack: func(t *rapid.T, s *plan.Step, _ *plan.Plan) {
		s.Track = &plan.Track{Metric: anyName().Draw(t, "metric"), Value: rapid.SampledFrom([]string{"", "event.value", "12.5"}).Draw(t, "value")}
		s.Track.Properties = anyAssignments(t, "properties", anyDatum)
	},
	plan.KindExit: func(t *rapid.T, s *plan.Step, _ *plan.Plan) { s.Exit = &plan.Exit{Reason: maybe(t, anyName())} },
}

func anyWeights(t *rapid.T) []float64 {
	return rapid.SampledFrom([][]float64{{50, 50}, {80, 20}, {33.3, 33.3, 33.4}, {99.5, 0.5}, {25, 25, 25, 25}}).Draw(t, "weights")
}

var week = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func anyDays(t *rapid.T) []string {
	var days []string
	for _, day := range week {
		if rapid.IntRange(0, 2).Draw(t, day) == 0 {
			days = append(days, day)
		}
	}
	return days
}

func anyZone(t *rapid.T) string {
	return rapid.SampledFrom([]string{plan.PersonZone, "Europe/Berlin", "UTC"}).Draw(t, "zone")
}

func anyClock(t *rapid.T) string {
	return fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"))
}

// anyOffset draws days or months before or after a date, or none.
func anyOffset(t *rapid.T) (days, months int) {
	switch rapid.IntRange(0, 2).Draw(t, "offset") {
	case 0:
		return rapid.IntRange(-300, 300).Draw(t, "days"), 0
	case 1:
		return 0, rapid.IntRange(-12, 12).Draw(t, "months")
	}
	return 0, 0
}

func anyWait(t *rapid.T, date *plan.DateTrigger) *plan.Wait {
	w := &plan.Wait{}
	if date != nil && rapid.Bool().Draw(t, "until the date") {
		w.Date, w.At, w.Timezone, w.Weekdays = &plan.Offset{}, anyClock(t), anyZone(t), anyDays(t)
		w.Date.Days, w.Date.Months = anyOffset(t)
		return w
	}
	if rapid.Bool().Draw(t, "until") {
		w.At, w.Timezone = anyClock(t), anyZone(t)
	}
	if w.Weekdays = anyDays(t); len(w.Weekdays) > 0 && w.Timezone == "" {
		w.Timezone = anyZone(t)
	}
	whole := rapid.Bool().Draw(t, "days")
	if whole {
		w.Days = rapid.IntRange(1, 300).Draw(t, "days")
	}
	if w.Timezone == "" && !whole || w.At == "" && rapid.Bool().Draw(t, "and hours") {
		w.Duration = rapid.SampledFrom([]time.Duration{time.Second, 90 * time.Minute, 36 * time.Hour, time.Hour + time.Second}).Draw(t, "hours")
	}
	return w
}

func anyParameters(t *rapid.T) []plan.Parameter {
	if !rapid.Bool().Draw(t, "parameters") {
		return nil
	}
	return []plan.Parameter{{Name: "utm_source", Value: anyName().Draw(t, "value")}, {Name: "1", Value: "12"}, {Name: "true", Value: "false"}}
}

func anyEmail(t *rapid.T) *plan.Email {
	return &plan.Email{Template: rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9_-]{0,9}`).Filter(func(s string) bool { return s != "" }).Draw(t, "template"),
		From: rapid.SampledFrom([]string{"", "a@shop.example"}).Draw(t, "from"), FromName: maybe(t, anyName()), CC: rapid.SampledFrom([]string{"", "c@shop.example"}).Draw(t, "cc"),
		Subject: maybe(t, anyText()), Preview: maybe(t, anyText()), Transactional: rapid.Bool().Draw(t, "transactional"), Tracking: rapid.Bool().Draw(t, "tracking"), Parameters: anyParameters(t)}
}

func anySMS(t *rapid.T) *plan.SMS {
	m := &plan.SMS{Body: anyText().Draw(t, "body"), Image: rapid.SampledFrom([]string{"", "https://shop.example/a.png"}).Draw(t, "image"), Transactional: rapid.Bool().Draw(t, "transactional")}
	if rapid.Bool().Draw(t, "options") {
		m.Options = map[string]bool{"shorten_links": rapid.Bool().Draw(t, "shorten"), "add_info_link": true}
	}
	m.Tracking, m.Parameters = rapid.Bool().Draw(t, "tracking"), anyParameters(t)
	return m
}

func anyPush(t *rapid.T) *plan.Push {
	m := &plan.Push{Title: maybe(t, anyText()), Body: anyText().Draw(t, "body"), Sound: rapid.Bool().Draw(t, "sound"),
		Badge: rapid.SampledFrom([]string{"", "increment", "12", "person.unread"}).Draw(t, "badge"), Open: rapid.SampledFrom([]string{"", "home"}).Draw(t, "open"), Silent: rapid.Bool().Draw(t, "silent")}
	if rapid.Bool().Draw(t, "values") {
		m.Values = map[string]string{"a b": anyText().Draw(t, "value"), "no": "yes"}
	}
	return m
}

// anyDatum draws what may stand wherever there is a value.
func anyDatum(t *rapid.T, a *plan.Assignment) {
	item := rapid.OneOf(rapid.Map(anyText(), func(s string) any { return s }),
		rapid.SampledFrom([]any{true, false, 0.0, -1.5, 3.0, 1e15, 1e-7, 0.1}))
	switch rapid.IntRange(0, 3).Draw(t, "kind of value") {
	case 0:
		a.Expression = rapid.SampledFrom([]string{"event.value", `person["Favorite Color"]`, `lower(event.Brand)`}).Draw(t, "expression")
	case 1:
		a.Value = rapid.SliceOfN(item, 0, 3).Draw(t, "list")
	default:
		a.Value = item.Draw(t, "item")
	}
}

func anyValue(t *rapid.T, a *plan.Assignment) {
	if rapid.IntRange(0, 3).Draw(t, "a date") == 0 {
		a.Value, a.Date = "2026-05-01", true
	} else {
		anyDatum(t, a)
	}
	a.Create = rapid.IntRange(0, 3).Draw(t, "create") == 0
}

func anyItem(t *rapid.T, a *plan.Assignment) {
	for anyDatum(t, a); ; anyDatum(t, a) {
		if _, list := a.Value.([]any); !list {
			return
		}
		*a = plan.Assignment{Property: a.Property}
	}
}

func anyAmount(t *rapid.T, a *plan.Assignment) {
	a.Value = rapid.SampledFrom([]any{1.0, -2.5, nil}).Draw(t, "amount")
	if a.Value == nil {
		a.Expression = "event.value"
	}
}

func anyAssignments(t *rapid.T, part string, value func(*rapid.T, *plan.Assignment)) []plan.Assignment {
	var all []plan.Assignment
	names := rapid.SliceOfNDistinct(anyName(), 0, 3, rapid.ID[string]).Draw(t, part)
	for _, name := range names {
		a := plan.Assignment{Property: part + " " + name} // each property once in a step
		if part == "properties" {
			a.Property = name
		}
		value(t, &a)
		all = append(all, a)
	}
	return all
}

func anyUpdate(t *rapid.T, s *plan.Step, _ *plan.Plan) {
	u := &plan.UpdateProfile{Set: anyAssignments(t, "set", anyValue), Increment: anyAssignments(t, "increment", anyAmount),
		Append: anyAssignments(t, "append", anyItem), Remove: anyAssignments(t, "remove", anyItem)}
	if rapid.Bool().Draw(t, "unset") || len(u.Set)+len(u.Increment)+len(u.Append)+len(u.Remove) == 0 {
		u.Unset = []string{"old", "12", "Old: one"}
	}
	s.UpdateProfile = u
}

// anyTriggers draws triggers of which no two are the same, and at most one is a date.
func anyTriggers(t *rapid.T) []plan.Trigger {
	var all []plan.Trigger
	kinds := flow.Triggers()
	for i := range rapid.IntRange(1, 3).Draw(t, "triggers") {
		kind := rapid.SampledFrom(kinds).Draw(t, "trigger").Kind
		p := plan.Plan{Triggers: all}
		if kind == plan.TriggerDate && p.Date() != nil || p.TriggerOf(kind, "") != nil {
			kind = plan.TriggerMetric
		}
		draw, ok := triggers[kind]
		if !ok {
			t.Fatalf("draw triggers of kind %s, too", kind)
		}
		trigger := draw(t)
		if trigger.Metric != nil {
			trigger.Metric.Metric = fmt.Sprintf("%d %s", i, trigger.Metric.Metric)
		}
		all = append(all, trigger)
	}
	return all
}

var triggers = map[string]func(t *rapid.T) plan.Trigger{
	plan.TriggerMetric: func(t *rapid.T) plan.Trigger {
		m := &plan.MetricTrigger{Metric: anyName().Draw(t, "metric"), Filter: maybe(t, anyTrigger())}
		if rapid.Bool().Draw(t, "late") {
			m.Late = anyLength().Draw(t, "late")
		}
		return plan.Trigger{Metric: m}
	},
	plan.TriggerList: func(t *rapid.T) plan.Trigger {
		return plan.Trigger{List: &plan.ListTrigger{List: anyName().Draw(t, "list")}}
	},
	plan.TriggerSegment: func(t *rapid.T) plan.Trigger {
		return plan.Trigger{Segment: &plan.SegmentTrigger{Segment: anyName().Draw(t, "segment")}}
	},
	plan.TriggerDate: func(t *rapid.T) plan.Trigger {
		d := &plan.DateTrigger{Property: rapid.SampledFrom([]string{"birthday", "Next delivery", `a "b"`}).Draw(t, "property"), At: anyClock(t), Timezone: anyZone(t),
			Repeat: rapid.SampledFrom([]string{plan.Once, plan.Weekly, plan.Monthly, plan.Yearly}).Draw(t, "repeat"), Weekdays: anyDays(t)}
		d.Days, d.Months = anyOffset(t)
		return plan.Trigger{Date: d}
	},
	plan.TriggerPriceDrop: func(t *rapid.T) plan.Trigger {
		d := &plan.PriceDropTrigger{Amount: 10, Unit: "percent", Audience: []string{plan.AudienceViewed}, Within: rapid.IntRange(1, 30).Draw(t, "within"), Filter: maybe(t, anyTrigger())}
		if rapid.Bool().Draw(t, "amount") {
			d.Amount, d.Unit, d.Currency = 5.5, "currency", "USD"
		}
		return plan.Trigger{PriceDrop: d}
	},
	plan.TriggerLowInventory: func(t *rapid.T) plan.Trigger {
		return plan.Trigger{LowInventory: &plan.LowInventoryTrigger{Level: rapid.SampledFrom([]string{"product", "variant"}).Draw(t, "level"),
			Count: rapid.IntRange(0, 9).Draw(t, "count"), Audience: []string{plan.AudienceViewed, plan.AudienceCart}, Within: 7, Filter: maybe(t, anyTrigger())}}
	},
	plan.TriggerBackInStock: func(t *rapid.T) plan.Trigger {
		b := &plan.BackInStockTrigger{Threshold: rapid.IntRange(0, 3).Draw(t, "threshold"), PerUnit: rapid.IntRange(0, 3).Draw(t, "per unit")}
		if rapid.Bool().Draw(t, "pause") {
			b.Pause = anyLength().Draw(t, "pause")
		}
		return plan.Trigger{BackInStock: b}
	},
}
