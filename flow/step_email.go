package flow

import (
	"regexp"

	"github.com/legato-flow/legato/flow/plan"
)

var emailFields = []Field{{Name: "template", Type: "template", Required: true, Example: "welcome",
	Summary: "The name of a file in definitions/templates, without .liquid."}}

var emailStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindEmail,
		Summary: "Sends a template to the person by email.",
		Value:   "the template's name",
		Fields:  emailFields,
		Example: "email: welcome",
		words:   []string{"mail", "send", "send_email", "message"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		if value.shape == mapping {
			value = r.fields(value, check{what: "email", fields: emailFields})["template"]
			if value == nil {
				return
			}
		}
		s.Email = &plan.Email{Template: r.template(value)}
	},
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
