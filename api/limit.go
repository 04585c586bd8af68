package api

import (
	"net/http"
	"regexp"
	"strings"
)

// limit is how many requests a key may make to one operation: in a second, the burst, in a minute, the steady rate,
// and in a day. 0 is no bound. The classes are those of the public API.
type limit [3]int

var (
	extraSmall = limit{1, 15}
	small      = limit{3, 60}
	medium     = limit{10, 150} // what no other is named for
	large      = limit{75, 750}
	extraLarge = limit{350, 3500}
)

// limits of the operations, as the public API's reference gives them.
var limits = map[limit][]string{
	extraSmall: {
		"GET /api/accounts",
		"GET /api/accounts/{id}",
		"GET /api/metric-properties/{id}",
		"GET /api/metric-properties/{id}/metric",
		"GET /api/metric-properties/{id}/relationships/metric",
		"GET /api/metrics/{id}/metric-properties",
		"GET /api/metrics/{id}/relationships/metric-properties",
		"GET /api/webhook-topics",
		"GET /api/webhook-topics/{id}",
		"GET /api/webhooks",
		"POST /api/webhooks",
		"DELETE /api/webhooks/{id}",
		"GET /api/webhooks/{id}",
		"PATCH /api/webhooks/{id}",
	},
	small: {
		"GET /api/custom-metrics",
		"DELETE /api/custom-metrics/{id}",
		"GET /api/custom-metrics/{id}",
		"GET /api/custom-metrics/{id}/metrics",
		"GET /api/custom-metrics/{id}/relationships/metrics",
		"POST /api/data-privacy-deletion-jobs",
		"DELETE /api/flow-actions/{id}",
		"GET /api/flow-actions/{id}",
		"PATCH /api/flow-actions/{id}",
		"GET /api/flow-actions/{id}/flow",
		"GET /api/flow-actions/{id}/flow-messages",
		"GET /api/flow-actions/{id}/relationships/flow",
		"GET /api/flow-actions/{id}/relationships/flow-messages",
		"GET /api/flow-messages/{id}",
		"GET /api/flow-messages/{id}/flow-action",
		"GET /api/flow-messages/{id}/relationships/flow-action",
		"GET /api/flow-messages/{id}/relationships/template",
		"GET /api/flow-messages/{id}/template",
		"GET /api/flows",
		"DELETE /api/flows/{id}",
		"GET /api/flows/{id}",
		"PATCH /api/flows/{id}",
		"GET /api/flows/{id}/flow-actions",
		"GET /api/flows/{id}/relationships/flow-actions",
		"GET /api/lists/{id}/flow-triggers",
		"GET /api/lists/{id}/relationships/flow-triggers",
		"GET /api/mapped-metrics",
		"GET /api/mapped-metrics/{id}",
		"GET /api/mapped-metrics/{id}/custom-metric",
		"GET /api/mapped-metrics/{id}/metric",
		"GET /api/mapped-metrics/{id}/relationships/custom-metric",
		"GET /api/mapped-metrics/{id}/relationships/metric",
		"POST /api/metric-aggregates",
		"GET /api/profiles/{id}/conversation",
		"GET /api/profiles/{id}/conversations",
		"GET /api/profiles/{id}/lists",
		"GET /api/profiles/{id}/relationships/conversation",
		"GET /api/profiles/{id}/relationships/conversations",
		"GET /api/profiles/{id}/relationships/lists",
		"GET /api/profiles/{id}/relationships/segments",
		"GET /api/profiles/{id}/segments",
		"DELETE /api/push-tokens/{id}",
	},
	large: {
		"GET /api/lists",
		"GET /api/lists/{id}",
		"GET /api/lists/{id}/profiles",
		"GET /api/lists/{id}/relationships/profiles",
		"POST /api/profile-import",
		"GET /api/profile-suppression-bulk-create-jobs",
		"POST /api/profile-suppression-bulk-create-jobs",
		"GET /api/profile-suppression-bulk-create-jobs/{id}",
		"GET /api/profile-suppression-bulk-delete-jobs",
		"POST /api/profile-suppression-bulk-delete-jobs",
		"GET /api/profile-suppression-bulk-delete-jobs/{id}",
		"POST /api/profile-subscription-bulk-create-jobs",
		"POST /api/profile-subscription-bulk-delete-jobs",
		"GET /api/profiles",
		"POST /api/profiles",
		"GET /api/profiles/{id}",
		"PATCH /api/profiles/{id}",
		"POST /api/push-tokens",
	},
	extraLarge: {
		"GET /api/events",
		"POST /api/events",
		"GET /api/events/{id}/metric",
		"GET /api/events/{id}/profile",
		"GET /api/events/{id}/relationships/metric",
		"GET /api/events/{id}/relationships/profile",
		"POST /client/events",
		"POST /client/profiles",
	},
	{150, 1400}: {
		"POST /client/push-tokens",
	},
	{1, 15, 15}: {
		"POST /api/custom-metrics",
		"PATCH /api/custom-metrics/{id}",
	},
	{1, 15, 30}: {
		"PATCH /api/mapped-metrics/{id}",
	},
	{1, 15, 100}: {
		"POST /api/flows",
	},
	{10, 150, 150}: {
		"POST /api/lists",
	},
}

var limitOfRoute = func() map[string]limit {
	all := map[string]limit{}
	for bounds, routes := range limits {
		for _, route := range routes {
			all[route] = bounds
		}
	}
	for _, d := range dearer {
		all[d.counter()] = d.limit
	}
	return all
}()

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// extra is what makes requests of a route dearer: they are counted apart, and have a limit of their own.
type extra struct {
	route, parameter, value string
	limit                   limit
}

func (d extra) counter() string { return d.route + " with " + d.value }

// dearer are those that the public API's reference names.
var dearer = []extra{
	{"GET /api/profiles", "additional-fields[profile]", analytics, medium},
	{"GET /api/lists/{id}/profiles", "additional-fields[profile]", analytics, medium},
	{"GET /api/lists/{id}/relationships/profiles", "additional-fields[profile]", analytics, medium},
	{"GET /api/profiles/{id}", "include", "lists", extraSmall},
	{"GET /api/profiles/{id}", "include", "segments", extraSmall},
	{"GET /api/lists/{id}", "additional-fields[list]", "profile_count", extraSmall},
	{"GET /api/segments/{id}", "additional-fields[segment]", "profile_count", extraSmall},
}

// counterOf names the counter of a request: its route, and what makes it dearer.
func counterOf(pattern string, r *http.Request) string {
	for _, d := range dearer {
		if d.route == pattern && strings.Contains(r.URL.Query().Get(d.parameter), d.value) {
			return d.counter()
		}
	}
	return pattern
}

// limitOf gives the limit of a route by its pattern.
func limitOf(pattern string) limit {
	if bounds, ok := limitOfRoute[pattern]; ok {
		return bounds
	}
	if strings.Contains(pattern, "{") {
		if bounds, ok := limitOfRoute[placeholder.ReplaceAllString(pattern, "{id}")]; ok {
			return bounds
		}
	}
	return medium
}
