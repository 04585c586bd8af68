package api

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// webhookForm says what a body that writes a webhook may hold.
type webhookForm struct {
	loopback bool // addresses of this machine, by http
	topics   []store.Topic
	path     string // the id in the path; empty: the webhook is new
}

// decode applies a body to the webhook.
func (f *webhookForm) decode(raw jsontext.Value, w *store.Webhook) error {
	in := &reader{}
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return in.err()
	}
	data.kind("webhook")
	if f.path != "" {
		if id := data.required("id", parseID); id != "" && id != f.path {
			in.report(data.at("id"), "id must be the one in the path, %s.", shorten(f.path))
		}
	}
	if attributes, ok := data.object("attributes", true); ok {
		f.attributes(attributes, w)
		attributes.done()
	}
	if relationships, ok := data.object("relationships", f.path == ""); ok {
		if topics, ok := relationships.object("webhook-topics", f.path == ""); ok {
			w.Topics = f.chosen(topics)
			topics.done()
		}
		relationships.done()
	}
	data.done()
	return in.err()
}

func (f *webhookForm) attributes(o *object, w *store.Webhook) {
	take := func(into *string, name string, check func(string) (string, error)) {
		if f.path == "" {
			*into = o.required(name, check)
		} else if value := o.checked(name, check); value != nil { // null says nothing
			*into = *value
		}
	}
	take(&w.Name, "name", func(s string) (string, error) { return ingest.ParseKey(s, 255) })
	take(&w.URL, "endpoint_url", f.parseAddress)
	take(&w.Secret, "secret_key", parseWebhookSecret)
	if description, given := o.text("description"); given {
		if description != nil && utf8.RuneCountInString(*description) > 1000 {
			o.r.report(o.at("description"), "description must be at most 1000 characters long.")
		}
		w.Description = description
	}
	if f.path == "" {
		return
	}
	if raw, given := o.members["enabled"]; given && raw.Kind() != 'n' {
		w.Enabled = o.flag("enabled")
	} else {
		o.take("enabled")
	}
}

func parseWebhookSecret(s string) (string, error) {
	if len(s) < 16 || len(s) > 255 || strings.ContainsFunc(s, unicode.IsControl) {
		return "", errors.New("must be 16 to 255 bytes long, without control characters")
	}
	return s, nil
}

// parseAddress checks where a webhook leads. That the host's address is public is checked when it is called.
func (f *webhookForm) parseAddress(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > 2000 || u.Hostname() == "" || u.Opaque != "":
		return "", errors.New("must be a URL such as https://shop.example/hook, of at most 2000 bytes")
	case u.User != nil || u.Fragment != "":
		return "", errors.New("must have no password and no fragment")
	case u.Scheme == "https" || f.loopback && u.Scheme == "http" && isLoopback(u.Hostname()):
		return s, nil
	case f.loopback:
		return "", errors.New("must begin with https://, or be of this machine")
	}
	return "", errors.New("must begin with https://")
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

const maxTopics = 100

// chosen takes the topics that a relationship names.
func (f *webhookForm) chosen(o *object) []string {
	raw, given := o.take("data")
	if !given {
		o.r.report(o.at("data"), "data is required.")
		return nil
	}
	items := o.r.items(o.at("data"), raw)
	if n := len(items); n == 0 && raw.Kind() == '[' || n > maxTopics {
		o.r.report(o.at("data"), "1 to %d topics are expected, not %d.", maxTopics, n)
		return nil
	}
	var all []string
	for i, item := range items {
		inner, ok := o.r.open(o.at("data")+"/"+itoa(i), item)
		if !ok {
			continue
		}
		inner.kind("webhook-topic")
		id := inner.required("id", func(s string) (string, error) {
			if !slices.Contains(f.topics, store.Topic{ID: s}) {
				return "", errors.New("is not a topic; GET /api/webhook-topics lists them")
			}
			return s, nil
		})
		inner.done()
		all = append(all, id)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
