package api_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/store"
)

const narrowKey = "pk_narrow_0123456789abcdef0123456789abcdef"

func TestAKeyMayDoWhatItsScopesSay(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if err := s.store.CreateKey(t.Context(), narrowKey, "events only", "events:write", "events:read", "lists:write"); err != nil {
		t.Fatal(err)
	}
	s.expect(202, "POST", "/api/events", event("M", `{"email":"a@example.com"}`, ""))
	with := func(method, path, body string) request {
		return request{method: method, path: path, body: body, headers: map[string]string{"Authorization": "Klaviyo-API-Key " + narrowKey}}
	}
	s.run(t, map[string]exchange{
		"in scope":              {request: with("POST", "/api/events", event("M", `{"email":"a@example.com"}`, "")), status: 202},
		"also in scope":         {request: with("GET", "/api/events/", ""), status: 200},
		"another tag":           {request: with("GET", "/api/profiles", ""), status: 403, has: []string{`"code":"permission_denied"`, "lacks the scope profiles:read"}},
		"writing another":       {request: with("POST", "/api/profiles", profile(`{"email":"b@example.com"}`)), status: 403, has: []string{"profiles:write"}},
		"writing is no reading": {request: with("GET", "/api/lists", ""), status: 403, has: []string{"lists:read"}},
		"one of two":            {request: with("POST", "/api/lists/X/relationships/profiles", `{"data":[]}`), status: 403, has: []string{"lacks the scope profiles:write"}, lacks: []string{"lists:write"}},
		"none of two":           {request: with("GET", "/api/metrics/X/flow-triggers", ""), status: 403, has: []string{"flows:read and metrics:read"}},
		"including people":      {request: with("GET", "/api/events?include=metric,profile", ""), status: 403, has: []string{`"parameter":"include"`, "metrics:read"}, lacks: []string{"a@example.com"}},
		"before the body":       {request: with("POST", "/api/profiles", "{"), status: 403},
		"with the full key":     {request: request{method: "GET", path: "/api/events?include=profile"}, status: 200, has: []string{"a@example.com"}},
	})
	if n := s.count("select count(*) from profile where email = 'b@example.com'"); n != 0 {
		t.Error("written without the scope")
	}
	k, err := s.store.ValidKey(t.Context(), store.HashKey(narrowKey))
	if err != nil || k.LastUsedAt == nil || time.Since(*k.LastUsedAt) > time.Hour {
		t.Errorf("the key's use: %+v, %v", k, err)
	}
}

func TestAKeyThatCallsTooOftenWaits(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	begun := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	clock := func() time.Time { return begun.Add(time.Duration(ahead.Load())) }
	s := newServer(t, func(o *api.Options) { o.Limiter = api.NewLimiter(clock) })
	if err := s.store.CreateKey(t.Context(), narrowKey, "events only", "events:read"); err != nil {
		t.Fatal(err)
	}
	get := request{method: "GET", path: "/api/flows"}
	for i := range 3 {
		w := s.do(get)
		if w.Code != 200 || w.Header().Get("RateLimit-Limit") != "60" || w.Header().Get("RateLimit-Remaining") != []string{"59", "58", "57"}[i] || w.Header().Get("RateLimit-Reset") != "60" {
			t.Fatalf("request %d: %d %v", i, w.Code, w.Header())
		}
	}
	s.run(t, map[string]exchange{
		"too many": {request: get, status: 429, has: []string{`"code":"throttled"`, "at most 3/s and 60/m", "in 1 second."},
			headers: map[string]string{"Retry-After": "1", "RateLimit-Limit": "", "RateLimit-Remaining": "", "RateLimit-Reset": ""}},
		"with a slash":      {request: request{method: "GET", path: "/api/flows/"}, status: 429},
		"another operation": {request: request{method: "GET", path: "/api/events"}, status: 200, headers: map[string]string{"RateLimit-Limit": "3500"}},
		"another key":       {request: request{method: "GET", path: "/api/flows", headers: map[string]string{"Authorization": "Klaviyo-API-Key " + narrowKey}}, status: 403, headers: map[string]string{"RateLimit-Remaining": "59"}},
		"no key":            {request: request{method: "GET", path: "/api/flows", headers: map[string]string{"Authorization": "-"}}, status: 401, headers: map[string]string{"RateLimit-Limit": ""}},
		"no API":            {request: request{method: "GET", path: "/healthz"}, status: 200, headers: map[string]string{"RateLimit-Limit": ""}},
	})
	ahead.Store(int64(time.Second))
	if w := s.do(get); w.Code != 200 || w.Header().Get("RateLimit-Remaining") != "56" {
		t.Errorf("a second later: %d %v", w.Code, w.Header())
	}
	off := newServer(t)
	for range 5 {
		if w := off.do(get); w.Code != http.StatusOK || w.Header().Get("RateLimit-Limit") != "" {
			t.Errorf("without limits: %d %v", w.Code, w.Header())
		}
	}
}
