package export

import (
	"maps"
	"slices"

	"github.com/legato-flow/legato/flow/plan"
)

func email(m *plan.Email) any {
	var o object
	o.add("template", optional(m.Template))
	o.add("from", optional(m.From))
	o.add("from_name", optional(m.FromName))
	o.add("reply_to", optional(m.ReplyTo))
	o.add("cc", optional(m.CC))
	o.add("bcc", optional(m.BCC))
	o.add("subject", optional(m.Subject))
	o.add("preview", optional(m.Preview))
	o.add("transactional", flag(m.Transactional))
	tracking(&o, m.Tracking, m.Parameters)
	return alone(o, "template")
}

func sms(m *plan.SMS) any {
	o := object{{"body", m.Body}}
	o.add("image", optional(m.Image))
	o.add("transactional", flag(m.Transactional))
	for _, option := range slices.Sorted(maps.Keys(m.Options)) {
		o.add(option, m.Options[option])
	}
	tracking(&o, m.Tracking, m.Parameters)
	return alone(o, "body")
}

func push(m *plan.Push) any {
	var o object
	o.add("title", optional(m.Title))
	o.add("body", optional(m.Body))
	o.add("sound", flag(m.Sound))
	o.add("badge", optional(m.Badge))
	o.add("image", optional(m.Image))
	o.add("open", optional(m.Open))
	o.add("ios", optional(m.IOS))
	o.add("android", optional(m.Android))
	o.add("web", optional(m.Web))
	o.add("silent", flag(m.Silent))
	o.add("values", words(m.Values))
	return alone(o, "body")
}

func experiment(x *plan.Experiment) any {
	variants := make([]any, len(x.Variants))
	for i := range x.Variants {
		v := &x.Variants[i]
		o := object{{"id", v.ID}, {"weight", v.Weight}}
		switch {
		case v.Email != nil:
			o.add("email", email(v.Email))
		case v.SMS != nil:
			o.add("sms", sms(v.SMS))
		case v.Push != nil:
			o.add("push", push(v.Push))
		}
		variants[i] = o
	}
	o := object{{"variants", variants}, {"winner", x.Winner}}
	o.add("metric", optional(x.Metric))
	o.add("ends_at", optional(x.EndsAt))
	o.add("certainty", flag(x.Certainty))
	return o
}

// tracking writes what links get. Beside parameters, tracking is true unless it says otherwise.
func tracking(o *object, on bool, all []plan.Parameter) {
	switch {
	case len(all) == 0:
		o.add("tracking", flag(on))
	case !on:
		o.add("tracking", false)
	}
	o.add("parameters", parameters(all))
}

func parameters(all []plan.Parameter) any {
	if len(all) == 0 {
		return nil
	}
	var o object
	for _, p := range all {
		o = append(o, pair{p.Name, p.Value})
	}
	return o
}

// words writes a mapping of texts in the order of the keys.
func words(m map[string]string) any {
	if len(m) == 0 {
		return nil
	}
	var o object
	for _, key := range slices.Sorted(maps.Keys(m)) {
		o = append(o, pair{key, m[key]})
	}
	return o
}
