package flow

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/legato-flow/legato/flow/plan"
)

// Keys that messages of several channels have.
var (
	transactionalField = Field{Name: "transactional", Type: "boolean", Default: "false", Example: "true",
		Summary: "Something the person needs to know, such as a receipt: it does not ask for marketing consent."}
	trackingField = Field{Name: "tracking", Type: "boolean", Default: "true beside parameters, else false", Example: "true",
		Summary: "Adds tracking parameters to links, those of the account and the message's own. false keeps none away that the account adds to all messages."}
	parametersField = Field{Name: "parameters", Type: "texts", Example: "{utm_source: flow}", Summary: "Tracking parameters of links, by name, beside those of the account and in the place of one of the same name. They are no Liquid."}
	fromField       = Field{Name: "from", Type: "address", Default: "that of the template or the account", Example: "hello@shop.example", Summary: "The sender's address."}
	fromNameField   = Field{Name: "from_name", Type: "text", Default: "that of the template or the account", Example: "The shop", Summary: "The sender's name."}
)

// liquid reads text that may have Liquid and line breaks in it, as it is.
func (r *reader) liquid(n *node, what string, most int) string {
	switch n.shape {
	case text:
	case unreadable:
		return ""
	case number, oddNumber, boolean:
		r.fail(n, fmt.Sprintf("put it in quotes: %q", n.text), "%s must be text, not %s", what, n.shape)
		return ""
	default:
		r.fail(n, "text that begins with {{ goes in quotes, or below a |", "%s must be text, not %s", what, n.shape)
		return ""
	}
	if f := checkLiquid(what, n.text, most); !r.sound(n, f) {
		return ""
	}
	r.noted.liquid(n)
	return n.text
}

// checkLiquid bounds a text and refuses control characters.
func checkLiquid(what, s string, most int) fault {
	control := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' && c != '\r' }
	switch count := utf8.RuneCountInString(s); {
	case count == 0 || !hasInk(s):
		return fault{what + " is empty", ""}
	case count > most:
		return fault{fmt.Sprintf("%s has %d characters, the limit is %d", what, count, most), ""}
	}
	for _, c := range s {
		if control(c) {
			return fault{what + " contains a control character", ""}
		}
	}
	return fault{}
}

func hasInk(s string) bool {
	for _, c := range s {
		if !unicode.IsSpace(c) {
			return true
		}
	}
	return false
}

// flag reads true or false.
func (r *reader) flag(n *node, what string) bool {
	switch n.shape {
	case boolean:
		return n.text == "true" || n.text == "True" || n.text == "TRUE"
	case unreadable:
	default:
		r.fail(n, "", "%s must be true or false, not %s", what, describe(n))
	}
	return false
}

// pairs reads a mapping of names to texts. A number, true and false count as the text that they are written as.
func (r *reader) pairs(n *node, what string, most int, read func(name string, key, value *node)) {
	switch {
	case n.shape == unreadable:
		return
	case n.shape != mapping:
		r.fail(n, "", "%s must be a mapping of names to texts, not %s", what, describe(n))
		return
	case len(n.entries) == 0:
		r.fail(n, "", "%s is empty", what)
		return
	case len(n.entries) > most:
		r.fail(n, "", "%s has %d entries, the limit is %d", what, len(n.entries), most)
		return
	}
	for _, e := range n.entries {
		key := *e.key
		key.shape = text // a name may be 1 or true
		value := *e.value
		if value.shape == number || value.shape == oddNumber || value.shape == boolean {
			value.shape = text
		}
		if name := r.string(&key, "a name in "+what, maxName); name != "" {
			read(name, e.key, &value)
		}
	}
}

// parameters reads the tracking parameters of a message, in their order. Where there are any, tracking is on unless the
// message says otherwise.
func (r *reader) parameters(found map[string]*node, tracking *bool, all *[]plan.Parameter) {
	n := found["parameters"]
	if n == nil {
		return
	}
	r.pairs(n, "parameters", maxParameters, func(name string, _, value *node) {
		*all = append(*all, plan.Parameter{Name: name, Value: r.string(value, "a parameter", maxURL)})
	})
	*tracking = *tracking || found["tracking"] == nil
}

// textKey is a key that is read as text of one kind into a place of the plan.
type textKey struct {
	name string
	to   *string
	read func(n *node, what string) string
}

// texts reads those of the keys that are there.
func texts(found map[string]*node, keys []textKey) {
	for _, key := range keys {
		if n := found[key.name]; n != nil {
			*key.to = key.read(n, key.name)
		}
	}
}

// label reads a text in one line; subject one that may have Liquid; page one of a message's length.
func (r *reader) label(n *node, what string) string   { return r.string(n, what, maxName) }
func (r *reader) subject(n *node, what string) string { return r.liquid(n, what, maxSubject) }
func (r *reader) page(n *node, what string) string    { return r.liquid(n, what, maxLiquid) }
func (r *reader) link(n *node, what string) string    { return r.string(n, what, maxURL) }

const maxSubject = 2_000 // characters of a subject or title, with the Liquid in it

// sender reads the name of a sender, which may have Liquid.
func (r *reader) sender(n *node, what string) string {
	s := r.label(n, what)
	if s != "" {
		r.noted.liquid(n)
	}
	return s
}

// flags reads those of the keys that are there.
func (r *reader) flags(found map[string]*node, keys map[string]*bool) {
	for name, to := range keys {
		if n := found[name]; n != nil {
			*to = r.flag(n, name)
		}
	}
}
