package flow

import (
	"strconv"

	"github.com/legato-flow/legato/flow/plan"
)

const (
	maxPush   = 2_000 // characters, with the Liquid in it
	maxPushed = 50    // values
)

var pushOpens = []string{"home", "link", "open_url"}

var pushFields = []Field{
	{Name: "title", Type: "liquid", Example: "On its way", Summary: "The title."},
	{Name: "body", Type: "liquid", Required: true, Example: "Your order is on its way", Summary: "The text."},
	{Name: "sound", Type: "boolean", Default: "false", Example: "true", Summary: "Makes a sound."},
	{Name: "badge", Type: "text", Example: "increment", Summary: "The number on the app's icon: increment, a number in quotes, or a property such as person.unread."},
	{Name: "image", Type: "text", Example: "https://shop.example/box.png", Summary: "A picture."},
	{Name: "open", Type: "word", Values: pushOpens, Default: "home", Summary: "What opens: the app, a link in it, or a page in the browser."},
	{Name: "ios", Type: "text", Example: "shop://orders", Summary: "The link in the app for iOS."},
	{Name: "android", Type: "text", Example: "shop://orders", Summary: "The link in the app for Android."},
	{Name: "web", Type: "text", Example: "https://shop.example/orders", Summary: "The page, with open: open_url."},
	{Name: "silent", Type: "boolean", Default: "false", Example: "true", Summary: "Brings values to the app and shows nothing."},
	{Name: "values", Type: "texts", Example: "{order: '{{ event.OrderId }}'}", Summary: "Values for the app, by name."},
}

var pushStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindPush,
		Summary: "Sends a push notification to the person's phone.",
		Value:   "the text",
		Type:    "liquid",
		Fields:  pushFields,
		Beside:  messageFields,
		Later:   "push notifications cannot be sent yet",
		Example: "push: Your order is on its way",
		words:   []string{"notification", "push_notification", "mobile_push", "notify"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) { s.Push = r.push(value) },
}

// push reads a push notification: of a step, or of a variant.
func (r *steps) push(value *node) *plan.Push {
	m := &plan.Push{}
	if value.shape != mapping {
		m.Body = r.liquid(value, "push", maxPush)
		return m
	}
	found := r.fields(value, check{what: "push", fields: pushFields})
	texts(found, []textKey{
		{"title", &m.Title, r.subject}, {"body", &m.Body, func(n *node, what string) string { return r.liquid(n, what, maxPush) }},
		{"image", &m.Image, r.link}, {"ios", &m.IOS, r.link}, {"android", &m.Android, r.link}, {"web", &m.Web, r.link},
		{"open", &m.Open, func(n *node, what string) string { return r.choice(n, what, pushOpens...) }},
		{"badge", &m.Badge, r.badge},
	})
	r.flags(found, map[string]*bool{"sound": &m.Sound, "silent": &m.Silent})
	if n := found["values"]; n != nil {
		m.Values = map[string]string{}
		r.pairs(n, "values", maxPushed, func(name string, _, value *node) { m.Values[name] = r.page(value, "a value") })
	}
	return m
}

// badge reads what the number on an app's icon becomes.
func (r *reader) badge(n *node, what string) string {
	written := *n
	if n.shape == number {
		written.shape = text
	}
	s := r.string(&written, what, maxName)
	if s != "" && !goodBadge(s) {
		r.fail(n, "", "%s must be increment, a whole number or a property such as person.unread, not %s", what, quoted(s))
		return ""
	}
	return s
}

func goodBadge(s string) bool {
	count, err := strconv.Atoi(s)
	return s == "increment" || err == nil && count >= 0 && count <= 99_999 || propertyPattern.MatchString(s)
}
