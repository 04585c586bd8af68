package api

import "net/http"

// scope is what a key must be allowed to do. Every private key is allowed everything so far; public needs none.
type scope string

const public scope = ""

// route is one operation.
type route struct {
	pattern string // method and path, as net/http's
	scope   scope
	handle  handler
}

// handler answers a request, or returns the error to answer with.
type handler func(a *api, w http.ResponseWriter, r *http.Request) error

// routes is the whole HTTP surface.
func (a *api) routes() []route {
	return []route{
		// Events and what they are of
		{"POST /api/events", "events:write", (*api).createEvent},
		{"GET /api/events", "events:read", a.events.list},
		{"GET /api/events/{id}", "events:read", a.events.one},
		{"GET /api/events/{id}/profile", "profiles:read", a.events.relate(eventProfile, true)},
		{"GET /api/events/{id}/metric", "metrics:read", a.events.relate(eventMetric, true)},
		{"GET /api/events/{id}/relationships/profile", "events:read", a.events.relate(eventProfile, false)},
		{"GET /api/events/{id}/relationships/metric", "events:read", a.events.relate(eventMetric, false)},
		{"GET /api/metrics", "metrics:read", a.metrics.list},
		{"GET /api/metrics/{id}", "metrics:read", a.metrics.one},

		// Profiles
		{"POST /api/profiles", "profiles:write", (*api).createProfile},
		{"GET /api/profiles", "profiles:read", a.profiles.list},
		{"GET /api/profiles/{id}", "profiles:read", a.profiles.one},
		{"PATCH /api/profiles/{id}", "profiles:write", (*api).updateProfile},
		{"POST /api/profile-import", "profiles:write", (*api).importProfile},

		// Lists
		{"POST /api/lists", "lists:write", (*api).createList},
		{"GET /api/lists", "lists:read", a.lists.list},
		{"GET /api/lists/{id}", "lists:read", a.listDetail.one},
		{"POST /api/lists/{id}/relationships/profiles", "lists:write", (*api).joinList},
		{"DELETE /api/lists/{id}/relationships/profiles", "lists:write", (*api).leaveList},

		// For the people who get messages
		{"GET /unsubscribe/{token}", public, (*api).unsubscribePage},
		{"POST /unsubscribe/{token}", public, (*api).unsubscribe},

		// For those who run this
		{"GET /healthz", public, (*api).healthy},
		{"GET /readyz", public, (*api).ready},
		{"GET /metrics", public, (*api).measurements},
	}
}
