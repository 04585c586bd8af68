package flow

import (
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

var webhookFields = []Field{
	{Name: "url", Type: "url", Required: true, Example: "https://hooks.shop.example/orders", Summary: "Where to: https, or http to this machine (localhost)."},
	{Name: "headers", Type: "texts", Example: "{X-Shop: Acme}", Summary: "Headers of the call, besides its own and the signature."},
	{Name: "body", Type: "liquid", Default: "run, person and event", Example: `'{"email": "{{ person.email }}"}'`, Summary: "Liquid that makes the JSON which is posted."},
}

var webhookStep = stepKind{
	Spec: Spec{
		Kind: plan.KindWebhook,
		Summary: "Posts JSON to a URL, signed. It is called again while the other side is busy or down, and its answer " +
			"can be used in later steps.",
		Value:   "the URL",
		Type:    "url",
		Fields:  webhookFields,
		Example: "webhook: https://hooks.shop.example/orders",
		words:   []string{"http", "post", "call", "request", "hook"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.Webhook = &plan.Webhook{}
		if value.shape != mapping {
			s.Webhook.URL = r.webhookURL(value)
			return
		}
		found := r.fields(value, check{what: "webhook", fields: webhookFields})
		if n := found["url"]; n != nil {
			s.Webhook.URL = r.webhookURL(n)
		}
		if n := found["headers"]; n != nil {
			s.Webhook.Headers = r.headers(n)
		}
		if n := found["body"]; n != nil {
			s.Webhook.Body = r.liquid(n, "body", maxLiquid)
		}
	},
}

func (r *reader) webhookURL(n *node) string {
	s := r.string(n, "url", maxURL)
	if s == "" || !r.sound(n, checkWebhookURL(s)) {
		return ""
	}
	return s
}

// headers reads headers of a call. Their names do not differ by case alone.
func (r *reader) headers(n *node) map[string]string {
	all := map[string]string{}
	seen := map[string]bool{}
	r.pairs(n, "headers", maxHeaders, func(name string, key, value *node) {
		lower := strings.ToLower(name)
		if seen[lower] {
			r.fail(key, "", "the header %s is there already", name)
			return
		}
		seen[lower] = true
		content := ""
		switch value.shape {
		case text:
			content = strings.TrimSpace(value.text)
		case unreadable:
		default:
			r.fail(value, "", "the header %s must be text, not %s", name, value.shape)
		}
		if r.sound(key, checkHeader(name, content)) {
			all[name] = content
			if content != "" {
				r.noted.liquid(value)
			}
		}
	})
	return all
}
