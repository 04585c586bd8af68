package flow

import "github.com/legato-flow/legato/flow/plan"

const maxSMS = 2_000 // characters, with the Liquid in it

// smsOptions are what a text message may add to its body.
var smsOptions = []Field{
	{Name: "shorten_links", Type: "boolean", Default: "true", Example: "false", Summary: "Makes links short."},
	{Name: "include_contact_card", Type: "boolean", Default: "false", Example: "true", Summary: "Adds the shop's contact card."},
	{Name: "add_org_prefix", Type: "boolean", Default: "true", Example: "false", Summary: "Begins with the shop's name."},
	{Name: "add_info_link", Type: "boolean", Default: "true", Example: "false", Summary: "Adds the link to the terms, where law asks for it."},
	{Name: "add_opt_out_language", Type: "boolean", Default: "false", Example: "true", Summary: "Says how to opt out."},
}

var smsFields = append([]Field{
	{Name: "body", Type: "liquid", Required: true, Example: "'{{ person.first_name }}, your order is on its way'", Summary: "The text."},
	{Name: "image", Type: "text", Example: "https://shop.example/box.png", Summary: "A picture."},
	transactionalField, trackingField, parametersField,
}, smsOptions...)

var smsStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindSMS,
		Summary: "Sends a text message to the person.",
		Value:   "the text",
		Type:    "liquid",
		Fields:  smsFields,
		Beside:  messageFields,
		Later:   "text messages cannot be sent yet",
		Example: "sms: Your order is on its way",
		words:   []string{"text", "text_message", "mms"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) { s.SMS = r.sms(value) },
}

// sms reads a text message: of a step, or of a variant.
func (r *steps) sms(value *node) *plan.SMS {
	m := &plan.SMS{}
	if value.shape != mapping {
		m.Body = r.liquid(value, "sms", maxSMS)
		return m
	}
	found := r.fields(value, check{what: "sms", fields: smsFields})
	texts(found, []textKey{
		{"body", &m.Body, func(n *node, what string) string { return r.liquid(n, what, maxSMS) }}, {"image", &m.Image, r.link},
	})
	r.flags(found, map[string]*bool{"transactional": &m.Transactional, "tracking": &m.Tracking})
	for _, option := range smsOptions {
		if n := found[option.Name]; n != nil {
			if m.Options == nil {
				m.Options = map[string]bool{}
			}
			m.Options[option.Name] = r.flag(n, option.Name)
		}
	}
	r.parameters(found, &m.Tracking, &m.Parameters)
	return m
}
