package definition

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
)

// Winners of the API as plans name them.
var (
	emailWinners = map[string]string{"unique-opens": "opens", "unique-clicks": "clicks", "unique-placed-orders": "conversions"}
	pushWinners  = map[string]string{"open-rate": "opens", "click-rate": "clicks"}
)

// orders is the metric of placed orders.
const orders = "Placed Order"

// experiment reads variants of a message. What all of them share stands in the main action.
func (r *reader) experiment(data *member.Object, s *plan.Step, winners map[string]string, kinds ...string) {
	s.Status = r.status(data)
	s.Kind, s.Experiment = plan.KindExperiment, &plan.Experiment{Winner: "opens"}
	if raw := data.Take("experiment_status", false); raw != nil {
		data.Put("experiment_status", raw)
		data.Choice("experiment_status", "draft", "live", "completed")
	}
	var common plan.Step
	var kind string
	if main := data.Object("main_action", true); main != nil {
		_, kind, common = r.variant(main, kinds)
		s.Name, s.Filter, s.Cap, s.QuietHours = common.Name, common.Filter, common.Cap, common.QuietHours
	}
	o := data.Object("current_experiment", true)
	if o == nil {
		return
	}
	o.Take("id", false)
	o.Take("started", false)
	o.Text("name", false)
	if raw := o.Take("winner_metric", false); raw != nil {
		o.Put("winner_metric", raw)
		var known []string
		for name := range winners {
			known = append(known, name)
		}
		slices.Sort(known)
		if s.Experiment.Winner = winners[o.Choice("winner_metric", known...)]; s.Experiment.Winner == "conversions" {
			s.Experiment.Metric = orders
		}
	}
	r.variants(o, s, kind, kinds, &common)
	r.ending(o, s.Experiment)
	o.Done()
}

// variant reads the action of a variant, which is a whole one.
func (r *reader) variant(o *member.Object, kinds []string) (id, kind string, s plan.Step) {
	id = or(o.Text("id", false), o.Text("temporary_id", false))
	kind = o.Choice("type", kinds...)
	if kind == "" {
		o.Skip()
		return id, kind, s
	}
	o.Take("links", false)
	if data := o.Object("data", true); data != nil {
		reads[kind](r, data, &s)
		data.Done()
	}
	o.Done()
	return id, kind, s
}

func (r *reader) variants(o *member.Object, s *plan.Step, kind string, kinds []string, common *plan.Step) {
	all := o.List("variations", true)
	shares := o.Object("allocations", false)
	if len(all) < 2 || len(all) > maxPaths {
		o.Fail("variations", "An experiment has 2 to %d variations, not %d.", maxPaths, len(all))
		return
	}
	sum, seen := 0.0, map[string]bool{}
	for i, raw := range all {
		at := o.At("variations") + "/" + itoa(i)
		v := r.Object(raw, at, false)
		if v == nil {
			continue
		}
		id, its, step := r.variant(v, kinds)
		short := id[strings.LastIndex(id, Separator)+1:]
		if !stepID.MatchString(short) || seen[short] {
			short = "variant-" + itoa(i+1)
		}
		seen[short] = true
		switch {
		case its != kind:
			r.Fail(at+"/type", "All variations are of the type of main_action.")
		case !reflect.DeepEqual([]string{step.Filter, step.Cap, step.QuietHours}, []string{common.Filter, common.Cap, common.QuietHours}):
			r.Fail(at+"/data/message", "Filters, smart sending and quiet hours must be those of main_action.")
		}
		weight := math.Round(1e4/float64(len(all))) / 100
		if i == len(all)-1 && shares == nil {
			weight = math.Round((100-sum)*100) / 100
		}
		if shares != nil {
			weight = shares.Number(id)
			if !shares.Failed && (weight <= 0 || weight >= 100) {
				shares.Fail(id, "An allocation is in percent, more than 0 and less than 100.")
			}
		}
		sum += weight
		s.Experiment.Variants = append(s.Experiment.Variants, plan.Variant{ID: short, Weight: weight, Email: step.Email, SMS: step.SMS, Push: step.Push})
	}
	if shares != nil {
		if !shares.Failed && math.Abs(sum-100) > 1e-6 {
			o.Fail("allocations", "The allocations must add up to 100, not %v.", sum)
		}
		shares.Done()
	}
}

// ending reads when the winner is chosen by itself.
func (r *reader) ending(o *member.Object, x *plan.Experiment) {
	end := o.Object("automatic_winner_selection_settings", false)
	if end == nil {
		return
	}
	defer end.Done()
	on, certainty := end.Flag("enabled"), end.Flag("automatic_end_statistical_certainty")
	date := end.Text("automatic_end_date", false)
	if _, err := time.Parse(time.RFC3339, date); date != "" && err != nil {
		end.Fail("automatic_end_date", "automatic_end_date must be a time such as 2027-03-01T09:00:00Z, not %q.", clip(date))
	}
	if on {
		x.EndsAt, x.Certainty = date, certainty
	}
}

// experiment shows variants, or nothing where the API has no words for them.
func (w *writer) experiment(s *plan.Step) (kind string, data map[string]any) {
	kind, winners := "ab-test", emailWinners
	if s.Channel() == plan.ChannelPush {
		kind, winners = "content-experiment", pushWinners
	}
	metric := ""
	for name, winner := range winners {
		if winner == s.Experiment.Winner {
			metric = name
		}
	}
	if metric == "" || s.Experiment.Winner == "conversions" && s.Experiment.Metric != orders {
		return "", nil
	}
	var variations []any
	allocations := map[string]any{}
	for i, v := range s.Experiment.Variants {
		one := variantStep(s, &s.Experiment.Variants[i])
		action, data := w.action(&one)
		id := ActionID(w.plan.Flow, s.ID) + Separator + v.ID
		variations = append(variations, map[string]any{"id": id, "type": action, "links": nil, "data": data})
		allocations[id] = v.Weight
	}
	experiment := map[string]any{
		"id": ActionID(w.plan.Flow, s.ID), "name": text(s.Name), "variations": variations, "allocations": allocations, "winner_metric": metric,
	}
	if kind == "ab-test" {
		experiment["automatic_winner_selection_settings"] = map[string]any{
			"enabled": s.Experiment.EndsAt != "" || s.Experiment.Certainty, "automatic_end_date": text(s.Experiment.EndsAt),
			"automatic_end_statistical_certainty": s.Experiment.Certainty,
		}
	} else if s.Experiment.EndsAt != "" || s.Experiment.Certainty {
		return "", nil
	}
	main := mainAction(variations[0])
	return kind, map[string]any{
		"status": status(s), "experiment_status": map[bool]string{true: "draft", false: "live"}[s.Status == plan.Draft],
		"main_action": main, "current_experiment": experiment,
	}
}

// mainAction is the main action, which has the first variation's message and an id of its own.
func mainAction(first any) map[string]any {
	main := map[string]any{}
	for k, v := range first.(map[string]any) {
		main[k] = v
	}
	id := main["id"].(string)
	main["id"] = id[:strings.LastIndex(id, Separator)]
	return main
}

func channelOf(v plan.Variant) string {
	switch {
	case v.Email != nil:
		return plan.KindEmail
	case v.SMS != nil:
		return plan.KindSMS
	}
	return plan.KindPush
}
