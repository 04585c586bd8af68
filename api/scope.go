package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/legato-flow/legato/store"
)

// scope is what a key must be allowed to do for a route: reading or writing a tag of the public API, or several of
// these with a space between. Writing does not include reading.
type scope string

const (
	public scope = "" // needs no key
	// client needs the public company id, which every visitor of a site can read.
	client scope = "client"
)

// scopes are those of the public API, whether or not it has operations here yet.
var scopes = []string{
	"accounts:read", "campaigns:read", "campaigns:write", "catalogs:read", "catalogs:write", "conversations:read",
	"conversations:write", "coupon-codes:read", "coupon-codes:write", "coupons:read", "coupons:write",
	"custom-objects:read", "custom-objects:write", "data-privacy:write", "events:read", "events:write", "flows:read",
	"flows:write", "forms:read", "forms:write", "images:read", "images:write", "lists:read", "lists:write",
	"metrics:read", "metrics:write", "profiles:read", "profiles:write", "push-tokens:read", "push-tokens:write",
	"reviews:read", "reviews:write", "segments:read", "segments:write", "subscriptions:read", "subscriptions:write",
	"tags:read", "tags:write", "templates:read", "templates:write", "tracking-settings:read",
	"tracking-settings:write", "web-feeds:read", "web-feeds:write", "webhooks:read", "webhooks:write",
}

// Scopes lists what a private key can be allowed, in the order of the alphabet.
func Scopes() []string { return slices.Clone(scopes) }

type keyKey struct{}

// withKey keeps the request's key for what is decided later than its route.
func withKey(ctx context.Context, k store.Key) context.Context {
	return context.WithValue(ctx, keyKey{}, k)
}

// permit says whether the key may do all that the scope names.
func permit(k store.Key, needed scope) error {
	if k.Scopes == nil {
		return nil
	}
	var missing []string
	for name := range strings.FieldsSeq(string(needed)) {
		if !slices.Contains(k.Scopes, name) {
			missing = append(missing, name)
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case 1:
		return newProblem(http.StatusForbidden, "The private key lacks the scope %s, which this operation needs.", missing[0])
	default:
		return newProblem(http.StatusForbidden, "The private key lacks the scopes %s, which this operation needs.", strings.Join(missing, " and "))
	}
}

// permitIncludes says whether the request's key may read what it asks to be included: a key for events alone must not
// give the people that they are of.
func permitIncludes(ctx context.Context, includes []string) error {
	k, _ := ctx.Value(keyKey{}).(store.Key)
	for _, name := range includes {
		if permit(k, includeScope(name)) != nil {
			p := newProblem(http.StatusForbidden, "The private key lacks the scope %s, which including %s needs.", includeScope(name), name)
			p.Source = &source{Parameter: "include"}
			return p
		}
	}
	return nil
}

// includeScope is the scope of a relationship's resources.
func includeScope(relationship string) scope {
	switch {
	case strings.HasPrefix(relationship, "flow-"), relationship == "flow":
		return "flows:read"
	case relationship == "webhook-topics":
		return "webhooks:read"
	case relationship == "custom-metric":
		return "metrics:read"
	}
	return scope(strings.TrimSuffix(relationship, "s") + "s:read")
}
