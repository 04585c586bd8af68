package flow

import (
	"time"

	"github.com/legato-flow/legato/flow/plan"
)

const conversions = "conversions"

var winners = []string{"opens", "clicks", conversions}

var variantFields = []Field{
	{Name: "id", Type: "id", Required: true, Example: "a", Summary: "Names the variant in statistics."},
	weightField,
	{Name: "email", Type: "mapping", Fields: emailFields, Example: "welcome", Summary: "The message, as in a step email. All variants have the same kind of message."},
	{Name: "sms", Type: "mapping", Fields: smsFields, Example: "Welcome", Summary: "Instead: as in a step sms."},
	{Name: "push", Type: "mapping", Fields: pushFields, Example: "Welcome", Summary: "Instead: as in a step push."},
}

var experimentFields = []Field{
	{Name: "variants", Type: "mapping", List: Several, Max: maxVariants, Required: true, Fields: variantFields, Summary: "The variants, two or more.",
		Example: "[{id: a, weight: 50, email: welcome}, {id: b, weight: 50, email: hello}]"},
	{Name: "winner", Type: "word", Required: true, Values: winners, Example: "opens", Summary: "What makes a variant the best."},
	{Name: "metric", Type: "metric", Example: "Placed Order", Summary: "With winner conversions: what counts as one."},
	{Name: "ends_at", Type: "moment", Example: `"2027-03-01T09:00:00Z"`, Summary: "When it ends and the best variant goes to everybody."},
	{Name: "certainty", Type: "boolean", Default: "false", Example: "true", Summary: "It ends as soon as the difference is statistically certain."},
}

var experimentStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindExperiment,
		Summary: "Sends one of several variants of a message and learns which does best.",
		Fields:  experimentFields,
		Beside:  messageFields,
		Later:   "opens, clicks and conversions are not tracked yet",
		Example: "experiment:\n  winner: opens\n  variants:\n    - {id: a, weight: 50, email: welcome}\n    - {id: b, weight: 50, email: hello}\n",
		words:   []string{"test", "variants", "abtest", "a/b"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.Experiment = &plan.Experiment{}
		if value.shape == mapping {
			r.experiment(s.Experiment, value)
		} else if value.shape != unreadable {
			r.fail(value, "", "experiment must be a mapping with variants and winner, not %s", describe(value))
		}
	},
}

func (r *steps) experiment(x *plan.Experiment, n *node) {
	found := r.fields(n, check{what: "experiment", fields: experimentFields})
	if variants := found["variants"]; variants != nil {
		r.variants(x, variants)
	}
	if winner := found["winner"]; winner != nil {
		x.Winner = r.choice(winner, "winner", winners...)
	}
	metric := found["metric"]
	switch {
	case metric != nil && x.Winner != conversions && x.Winner != "":
		r.fail(metric, "", "metric goes with winner: conversions only")
	case metric != nil:
		x.Metric = r.metric(metric)
	case x.Winner == conversions:
		r.fail(found["winner"], "for example metric: Placed Order", "conversions needs metric: what counts as one")
	}
	if end := found["ends_at"]; end != nil {
		x.EndsAt = r.moment(end, "ends_at")
	}
	r.flags(found, map[string]*bool{"certainty": &x.Certainty})
}

func (r *steps) variants(x *plan.Experiment, n *node) {
	all := r.branches(n, "variants", "id, weight and a message", 2, maxVariants, variantFields)
	weights := weights{}
	ids := map[string]bool{}
	kind := ""
	for i, found := range all {
		v := plan.Variant{Weight: weights.read(r.reader, found["weight"])}
		if id := found["id"]; id != nil {
			if v.ID = r.id(id, "the variant's id"); v.ID != "" && ids[v.ID] {
				r.fail(id, "", "variant %s is there already", v.ID)
			}
			ids[v.ID] = true
		}
		messages := 0
		for _, channel := range channels {
			message := found[channel]
			if message == nil {
				continue
			}
			if messages++; messages > 1 {
				r.fail(message, "", "a variant has one message")
				continue
			}
			if kind == "" {
				kind = channel
			}
			if kind != channel {
				r.fail(message, "", "all variants have the same kind of message, and the first has %s", kind)
				continue
			}
			switch channel {
			case plan.ChannelEmail:
				v.Email = r.email(message)
			case plan.ChannelSMS:
				v.SMS = r.sms(message)
			case plan.ChannelPush:
				v.Push = r.push(message)
			}
		}
		if messages == 0 {
			r.fail(n.items[i], "for example email: welcome", "a variant needs email, sms or push")
		}
		x.Variants = append(x.Variants, v)
	}
	weights.check(r.reader, n, "an experiment", len(n.items))
}

// moment reads a date and time with a zone.
func (r *reader) moment(n *node, what string) string {
	s := r.string(n, what, maxName)
	if s == "" {
		return ""
	}
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		r.fail(n, `for example "2027-03-01T09:00:00Z" or with an offset, "2027-03-01T09:00:00+01:00"`,
			"%s must be a date and time that exists, not %s", what, quoted(s))
		return ""
	}
	return s
}
