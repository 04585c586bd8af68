package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/legato-flow/legato/api"
)

// sdkFolder has the official SDK for Node and the operations that it is asked for.
const sdkFolder = "testdata/sdk"

// sdkCannot are routes that the SDK has, and that the test does not call through it: each with the reason.
var sdkCannot = map[string]string{
	"GET /api/flow-messages/{id}":                           "a message needs a template, which this API cannot create yet; flow_test.go calls it",
	"GET /api/flow-messages/{id}/flow-action":               "the same",
	"GET /api/flow-messages/{id}/relationships/flow-action": "the same",
	"GET /api/flow-messages/{id}/template":                  "the same",
	"GET /api/flow-messages/{id}/relationships/template":    "the same",
}

// The official SDK for Node works against this API when nothing but its base path is changed: it can send what it builds and
// read what it gets, and every answer is as the specification says. A new route needs a line in operations.mjs.
func TestTheOfficialSDKWorks(t *testing.T) {
	t.Parallel()
	node := sdkOrSkip(t)
	s := newServer(t)
	if _, err := s.store.DB.Exec("insert into account (id, name) values ('SDK001', 'The shop') on conflict do nothing"); err != nil {
		t.Fatal(err)
	}
	routes := &sdkRoutes{t: t, s: s, called: map[string]bool{}}
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, node, "run.mjs", server.URL, "pk_dev")
	command.Dir = sdkFolder
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), problems.String())
	}
	operations := 0
	for line := range strings.Lines(out.String()) {
		var done struct {
			Operation, Error string
			Status           int
		}
		if err := json.Unmarshal([]byte(line), &done); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if operations++; done.Error != "" || done.Status < 200 || done.Status > 299 {
			t.Errorf("%s: %d %.1000s", done.Operation, done.Status, done.Error)
		}
	}
	if operations < 40 {
		t.Errorf("only %d operations", operations)
	}
	if s.spec == nil {
		return
	}
	for _, pattern := range api.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		if strings.HasPrefix(path, "/client/") {
			continue // for browsers and apps: the SDK for Node has none of them
		}
		if at(s.spec.whole, "paths", s.spec.template(path), strings.ToLower(method)) == nil {
			continue
		}
		if why, excused := sdkCannot[pattern]; !routes.called[pattern] && !excused {
			t.Errorf("%s is not called through the SDK: add a line to %s/operations.mjs", pattern, sdkFolder)
		} else if routes.called[pattern] && excused {
			t.Errorf("%s is called, though %s", pattern, why)
		}
	}
}

// sdkOrSkip finds Node, and the SDK beside it. In CI both have to be there.
func sdkOrSkip(t *testing.T) string {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("no node on PATH: install Node 20 or newer")
	}
	if _, err := os.Stat(filepath.Join(sdkFolder, "node_modules", "klaviyo-api")); err != nil {
		missing("the SDK is not installed: npm ci --prefix api/%s", sdkFolder)
	}
	return node
}

// sdkRoutes answers the SDK, holds every answer against the specification and notes which routes it called.
type sdkRoutes struct {
	t *testing.T
	s *server

	mu     sync.Mutex
	called map[string]bool
}

func (x *sdkRoutes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/metrics/") { // counts are written every few seconds
		if err := x.s.store.WritePropertyTypes(r.Context()); err != nil {
			x.t.Error(err)
		}
	}
	answer := httptest.NewRecorder()
	x.s.handler.ServeHTTP(answer, r)
	x.s.spec.check(x.t, r.Method, r.URL.Path, answer)
	x.mu.Lock()
	x.called[routeOf(r)] = true
	x.mu.Unlock()
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// routeOf finds the route of a request by its parts: one that is written out is before one in braces.
func routeOf(r *http.Request) string {
	parts := strings.Split(strings.TrimSuffix(r.URL.Path, "/"), "/")
	best, fixed := "", -1
	for _, pattern := range api.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		want := strings.Split(path, "/")
		if method != r.Method || len(want) != len(parts) {
			continue
		}
		n := 0
		if slices.EqualFunc(want, parts, func(a, b string) bool {
			if a == b {
				n++
			}
			return a == b || strings.HasPrefix(a, "{")
		}) && n > fixed {
			best, fixed = pattern, n
		}
	}
	return best
}
