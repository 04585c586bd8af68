package content

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Template is a parsed template. It is safe for concurrent use.
type Template struct {
	engine *Engine
	name   string
	parts  map[string]*part
}

// Message is what a template renders to.
type Message struct {
	Subject     string
	Preview     string // what an inbox shows behind the subject; it is in HTML already, out of sight
	From        string // an address; empty for the account's
	FromName    string
	ReplyTo     string
	HTML        string
	Text        string
	Unsubscribe string // where the links of this message unsubscribe; empty if links.unsubscribe was not given
}

// Render makes a message with the variables given: person, event, flow, organization, feeds, links and now. When
// links.unsubscribe is an http or https address and the HTML or the text does not have it, it is added there. The
// error is an *Error.
func (t *Template) Render(ctx context.Context, vars map[string]any) (Message, error) {
	ctx, cancel := context.WithTimeout(ctx, t.engine.options.Timeout)
	defer cancel()
	r := newRun(ctx, t.engine, vars)
	out := map[string]string{}
	for _, key := range append([]string{bodyKey}, headKeys...) {
		p := t.parts[key]
		if p == nil {
			continue
		}
		r.escape = key == bodyKey
		text, f := p.program.execute(r)
		if f != nil {
			return Message{}, p.error(t.name, *f)
		}
		out[key] = text
	}
	m := Message{
		Subject: singleLine(out["subject"]), Preview: singleLine(out["preview"]), From: singleLine(out["from"]),
		FromName: singleLine(out["from_name"]), ReplyTo: singleLine(out["reply_to"]), HTML: out[bodyKey],
	}
	if m.Subject == "" {
		return Message{}, t.parts["subject"].error(t.name, fault{message: "the subject came out empty"})
	}
	var err error
	if m.Unsubscribe, err = r.unsubscribeLink(); err != nil {
		return Message{}, t.parts[bodyKey].error(t.name, fault{message: err.Error(), cause: err})
	}
	m.HTML = appendUnsubscribeHTML(m.HTML, m.Unsubscribe)
	if t.parts["text"] != nil {
		m.Text = appendUnsubscribeText(strings.TrimSpace(out["text"])+"\n", m.Unsubscribe)
	} else if m.Text, err = textOf(m.HTML); err != nil {
		return Message{}, t.parts[bodyKey].error(t.name, fault{message: fmt.Sprintf("making a text of the HTML: %s", err), cause: err})
	}
	m.HTML = insertPreview(m.HTML, m.Preview)
	return m, nil
}

// Feeds are the names used as feeds.<name>, sorted.
func (t *Template) Feeds() []string {
	var names []string
	for _, p := range t.parts {
		for _, v := range p.program.variables {
			if v.path[0] == "feeds" && len(v.path) > 1 {
				names = append(names, v.path[1])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Variables are the dotted paths used, sorted, without those that the template itself sets. An item of a list has
// the list's path.
func (t *Template) Variables() []string {
	var paths []string
	for _, p := range t.parts {
		for _, v := range p.program.variables {
			paths = append(paths, strings.Join(v.path, "."))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// singleLine makes one line of a text that goes into a header: no line breaks, no control characters.
func singleLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
