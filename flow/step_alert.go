package flow

import "github.com/legato-flow/legato/flow/plan"

var alertFields = []Field{
	{Name: "to", Type: "address", List: OrMore, Max: maxRecipients, Required: true, Example: "team@shop.example", Summary: "Who gets it."},
	{Name: "template", Type: "template", Example: "big-order", Summary: "The name of a file in definitions/templates, without .liquid."},
	{Name: "subject", Type: "liquid", Default: "that of the template", Example: "'Order of {{ person.email }}'", Summary: "The subject."},
	{Name: "body", Type: "liquid", Example: "'{{ person.email }} ordered.'", Summary: "Instead of a template: the text, without formatting. It needs a subject."},
	fromField, fromNameField,
}

var alertStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindAlert,
		Summary: "Sends an email to people of the shop. The person's consent makes no difference.",
		Fields:  alertFields,
		Example: "alert:\n  to: team@shop.example\n  subject: A big order\n  body: '{{ person.email }} ordered for {{ event.value }}.'\n",
		words:   []string{"internal_alert", "notify_team", "internal", "warn"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.Alert = &plan.Alert{}
		if value.shape == mapping {
			r.alert(s.Alert, value)
		} else if value.shape != unreadable {
			r.fail(value, "for example {to: team@shop.example, template: big-order}",
				"alert must be a mapping with to, and a template or subject and body, not %s", describe(value))
		}
	},
}

func (r *steps) alert(a *plan.Alert, n *node) {
	found := r.fields(n, check{what: "alert", fields: alertFields})
	if to := found["to"]; to != nil {
		a.To = r.strings(to, "to", maxRecipients, func(item *node) string { return r.address(item, "to") })
		if to.shape == list && len(to.items) == 0 {
			r.fail(to, "", "to names nobody")
		}
	}
	template, body := found["template"], found["body"]
	switch {
	case template != nil && body != nil:
		r.fail(body, "", "an alert has a template or a body, not both")
	case template == nil && body == nil && (len(found) == len(n.entries)):
		r.fail(n, "for example template: big-order", "alert needs a template, or subject and body")
	case body != nil && found["subject"] == nil:
		r.fail(body, "for example subject: A big order", "an alert with a body needs a subject")
	}
	if template != nil {
		a.Template = r.template(template)
	}
	texts(found, []textKey{
		{"body", &a.Body, r.page}, {"subject", &a.Subject, r.subject}, {"from", &a.From, r.address}, {"from_name", &a.FromName, r.sender},
	})
}
