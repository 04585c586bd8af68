package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

var now = time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)

var secret = []byte("the test's secret")

// server is an API on a database of its own.
type server struct {
	t        testing.TB
	store    *store.Store
	ingester *ingest.Ingester
	handler  http.Handler
	spec     *spec // nil without the specification at hand
}

func newServer(t testing.TB, adjust ...func(*api.Options)) *server {
	t.Helper()
	s := testkit.Store(t)
	g := ingest.New(s, func() time.Time { return now })
	o := api.Options{Store: s, Ingester: g, Clock: func() time.Time { return now }, Secret: secret, BaseURL: "http://legato.test/",
		Keys: []string{"pk_dev"}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Checks: map[string]func(context.Context) error{"postgres": func(ctx context.Context) error { return s.DB.PingContext(ctx) }}}
	for _, f := range adjust {
		f(&o)
	}
	return &server{t: t, store: s, ingester: g, handler: api.New(o), spec: loadSpec(t)}
}

// request is one, with the headers that every sender gives unless they are overwritten.
type request struct {
	method, path string
	body         string
	headers      map[string]string // "-" leaves one out
}

var requiresAll = regexp.MustCompile(`fields\[(account|push-token|tracking-setting|webhook)\]`)

func (s *server) do(r request) *httptest.ResponseRecorder {
	s.t.Helper()
	req := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
	req.Header.Set("Authorization", "Klaviyo-API-Key pk_dev")
	req.Header.Set("revision", "2026-07-15")
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.headers {
		if req.Header.Set(name, value); value == "-" {
			req.Header.Del(name)
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, req)
	if !requiresAll.MatchString(req.URL.RawQuery) { // the specification forgets that these leave out what it requires
		s.spec.check(s.t, r.method, req.URL.Path, w)
	}
	return w
}

// expect sends a request and checks the status.
func (s *server) expect(status int, method, path, body string) map[string]any {
	s.t.Helper()
	w := s.do(request{method: method, path: path, body: body})
	if w.Code != status {
		s.t.Fatalf("%s %s: %d, want %d\n%s", method, path, w.Code, status, w.Body)
	}
	var doc map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			s.t.Fatalf("%s %s: %v\n%s", method, path, err, w.Body)
		}
	}
	return doc
}

// exchange is a request with what its answer must and must not have.
type exchange struct {
	request
	status  int
	has     []string // in the answer's body
	lacks   []string
	headers map[string]string
}

func (s *server) run(t *testing.T, tests map[string]exchange) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := s.do(test.request)
			body := compact(w.Body.Bytes())
			if w.Code != test.status {
				t.Fatalf("status %d, want %d\n%s", w.Code, test.status, body)
			}
			for _, text := range test.has {
				if !strings.Contains(body, text) {
					t.Errorf("no %s in\n%s", text, body)
				}
			}
			for _, text := range test.lacks {
				if strings.Contains(body, text) {
					t.Errorf("there is %s in\n%s", text, body)
				}
			}
			for name, value := range test.headers {
				if got := w.Header().Get(name); got != value {
					t.Errorf("header %s is %q, want %q", name, got, value)
				}
			}
		})
	}
}

func compact(b []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return string(b)
	}
	return out.String()
}

func (s *server) count(query string, args ...any) int {
	s.t.Helper()
	var n int
	if err := s.store.DB.Get(&n, query, args...); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// event is a body for POST /api/events: the profile's attributes and the rest of the event's.
func event(metric, profile, rest string) string {
	if rest != "" {
		rest = "," + rest
	}
	return `{"data":{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"` + metric + `"}}},` +
		`"profile":{"data":{"type":"profile","attributes":` + profile + `}},"properties":{}` + rest + `}}}`
}

// profile is a body for the operations on one profile.
func profile(attributes string) string {
	return `{"data":{"type":"profile","attributes":` + attributes + `}}`
}
