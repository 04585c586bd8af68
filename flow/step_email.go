package flow

import (
	"regexp"

	"github.com/legato-flow/legato/flow/plan"
)

var emailFields = []Field{
	{Name: "template", Type: "template", Required: true, Example: "welcome", Summary: "The name of a file in definitions/templates, without .liquid."},
	fromField, fromNameField,
	{Name: "reply_to", Type: "address", Example: "help@shop.example", Summary: "Where answers go."},
	{Name: "cc", Type: "address", Example: "copies@shop.example", Summary: "Who gets a copy that everybody sees."},
	{Name: "bcc", Type: "address", Example: "archive@shop.example", Summary: "Who gets a copy that nobody sees."},
	{Name: "subject", Type: "liquid", Default: "that of the template", Example: "'Welcome, {{ person.first_name }}'", Summary: "The subject."},
	{Name: "preview", Type: "liquid", Default: "that of the template", Example: "Glad you are here", Summary: "What an inbox shows beside the subject."},
	transactionalField, trackingField, parametersField,
}

var emailStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindEmail,
		Summary: "Sends a template to the person by email. What is written here wins over the template's own.",
		Value:   "the template's name",
		Type:    "template",
		Fields:  emailFields,
		Beside:  messageFields,
		Example: "email: welcome",
		words:   []string{"mail", "send", "send_email", "message"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) { s.Email = r.email(value) },
}

// email reads an email: of a step, or of a variant.
func (r *steps) email(value *node) *plan.Email {
	m := &plan.Email{}
	if value.shape != mapping {
		m.Template = r.template(value)
		return m
	}
	found := r.fields(value, check{what: "email", fields: emailFields})
	if n := found["template"]; n != nil {
		m.Template = r.template(n)
	}
	texts(found, []textKey{
		{"from", &m.From, r.address}, {"from_name", &m.FromName, r.sender}, {"reply_to", &m.ReplyTo, r.address},
		{"cc", &m.CC, r.address}, {"bcc", &m.BCC, r.address}, {"subject", &m.Subject, r.subject}, {"preview", &m.Preview, r.subject},
	})
	r.flags(found, map[string]*bool{"transactional": &m.Transactional, "tracking": &m.Tracking})
	r.parameters(found, &m.Tracking, &m.Parameters)
	return m
}

var templatePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)

// use is a place where a flow refers to something outside of it.
type use struct {
	name string
	at   *node
}

// template reads a template's name and remembers the place.
func (r *steps) template(n *node) string {
	s := r.string(n, "the template", maxID)
	if s == "" {
		return ""
	}
	if !templatePattern.MatchString(s) {
		r.fail(n, "the name is that of the file without .liquid, made of letters, digits, - and _",
			"%s cannot be a template's name", quoted(s))
		return ""
	}
	r.templates = append(r.templates, use{s, n})
	return s
}
