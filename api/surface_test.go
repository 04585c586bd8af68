package api_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/channel/consent"
)

func TestEveryRequestNeedsAKeyAndAGoodRevision(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if err := s.store.CreateKey(t.Context(), "pk_live", "the shop"); err != nil {
		t.Fatal(err)
	}
	get := func(header, value string, status int, has ...string) exchange {
		return exchange{request: request{method: "GET", path: "/api/metrics", headers: map[string]string{header: value}}, status: status, has: has}
	}
	s.run(t, map[string]exchange{
		"a stored key":        get("Authorization", "Klaviyo-API-Key pk_live", 200),
		"another spelling":    get("Authorization", "klaviyo-api-key  pk_live", 200),
		"no key":              get("Authorization", "-", 401, `"code":"not_authenticated"`),
		"a wrong key":         get("Authorization", "Klaviyo-API-Key pk_other", 401, `"code":"not_authenticated"`),
		"half a key":          get("Authorization", "Klaviyo-API-Key pk_liv", 401),
		"only the scheme":     get("Authorization", "Klaviyo-API-Key ", 401),
		"another scheme":      get("Authorization", "Bearer pk_live", 401),
		"a hash":              get("Authorization", "Klaviyo-API-Key '; drop table api_key; --", 401),
		"a very long key":     get("Authorization", "Klaviyo-API-Key "+strings.Repeat("x", 5000), 401),
		"no revision":         get("revision", "-", 200),
		"an older revision":   get("revision", "2023-02-22", 200),
		"a word as revision":  get("revision", "latest", 400, "revision"),
		"no day as revision":  get("revision", "2026-02-30", 400),
		"a suffix of nothing": get("revision", "2026-07-15.", 400),
	})
	if _, err := s.store.DB.Exec("update api_key set revoked_at = now()"); err != nil {
		t.Fatal(err)
	}
	fresh := newServer(t, func(o *api.Options) { o.Store = s.store; o.Keys = nil })
	if w := fresh.do(request{method: "GET", path: "/api/metrics", headers: map[string]string{"Authorization": "Klaviyo-API-Key pk_live"}}); w.Code != 401 {
		t.Errorf("a revoked key: %d", w.Code)
	}
}

func TestWhatIsNotThereIsAnErrorOfJSONAPI(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.run(t, map[string]exchange{
		"unknown path":        {request: request{method: "GET", path: "/api/unknown"}, status: 404, has: []string{`"code":"not_found"`}},
		"the root":            {request: request{method: "GET", path: "/"}, status: 404, has: []string{`"errors"`}},
		"doubled slash":       {request: request{method: "GET", path: "/api//events"}, status: 404},
		"wrong method":        {request: request{method: "DELETE", path: "/api/events"}, status: 405, has: []string{`"code":"method_not_allowed"`}, headers: map[string]string{"Allow": "GET, HEAD, POST"}},
		"wrong method, slash": {request: request{method: "PUT", path: "/api/profiles/x/"}, status: 405, headers: map[string]string{"Allow": "GET, HEAD, PATCH"}},
		"long path":           {request: request{method: "GET", path: "/api/" + strings.Repeat("x", 5000)}, status: 404, lacks: []string{strings.Repeat("x", 100)}},
	})
	web := newServer(t, func(o *api.Options) {
		o.Extra = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("web")) })
	})
	web.run(t, map[string]exchange{
		"the web's":           {request: request{method: "GET", path: "/inbox"}, status: 200, has: []string{"web"}},
		"never under the API": {request: request{method: "GET", path: "/api/inbox"}, status: 404, lacks: []string{"web"}},
		"nor from browsers":   {request: request{method: "POST", path: "/client/subscriptions?company_id=SHOP01"}, status: 404, has: []string{`"code":"not_found"`}, lacks: []string{"web"}},
	})
}

func TestHealthIsTold(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *api.Options) {
		o.Checks["temporal"] = func(context.Context) error { return errors.New("dial tcp 10.0.0.1: refused") }
	})
	bare := map[string]string{"Authorization": "-", "revision": "-"}
	s.run(t, map[string]exchange{
		"alive":     {request: request{method: "GET", path: "/healthz", headers: bare}, status: 200, has: []string{`"ok"`}},
		"not ready": {request: request{method: "GET", path: "/readyz", headers: bare}, status: 503, has: []string{`"temporal":"failed"`, `"postgres":"ok"`}, lacks: []string{"10.0.0.1"}},
	})
	s.expect(202, "POST", "/api/events", event("M", `{"email":"a@example.com"}`, ""))
	s.run(t, map[string]exchange{
		"measured": {request: request{method: "GET", path: "/metrics", headers: bare}, status: 200, has: []string{
			`legato_events_ingested_total{result="stored"} 1`, `legato_http_request_duration_seconds_count{route="POST /api/events",status="202"} 1`, `status="503"`}},
	})
	ready := newServer(t)
	if w := ready.do(request{method: "GET", path: "/readyz"}); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAFailingDatabaseIsNotTheSendersFault(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if _, err := s.store.DB.Exec("alter table outbox rename to elsewhere"); err != nil {
		t.Fatal(err)
	}
	w := s.do(request{method: "POST", path: "/api/events", body: event("M", `{"email":"a@example.com"}`, "")})
	if w.Code != 500 || strings.Contains(w.Body.String(), "outbox") || !strings.Contains(w.Body.String(), `"code":"error"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	_ = s.store.Close()
	if w := s.do(request{method: "GET", path: "/readyz"}); w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *api.Options) {
		o.Extra = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the secret of it") })
	})
	w := s.do(request{method: "GET", path: "/boom"})
	if w.Code != 500 || !strings.Contains(w.Body.String(), `"errors":[{"id":"`) || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestUnsubscribing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	id := s.create(t, `{"email":"a@example.com"}`)
	path := strings.TrimPrefix(consent.UnsubscribeURL("http://legato.test", secret, id), "http://legato.test")
	bare := map[string]string{"Authorization": "-", "revision": "-", "Content-Type": "application/x-www-form-urlencoded"}
	suppressed := func() int { return s.count("select count(*) from suppression where profile_id = $1", id) }

	s.run(t, map[string]exchange{
		"the page":      {request: request{method: "GET", path: path, headers: bare}, status: 200, has: []string{"<button", `method="post"`}},
		"a scan":        {request: request{method: "HEAD", path: path, headers: bare}, status: 200},
		"a wrong token": {request: request{method: "POST", path: path + "x", headers: bare}, status: 404, has: []string{"does not work"}},
		"another's":     {request: request{method: "POST", path: "/unsubscribe/" + consent.Token([]byte("other"), id, "email"), headers: bare}, status: 404},
	})
	if n := suppressed(); n != 0 {
		t.Fatalf("looking at the page unsubscribes")
	}
	s.run(t, map[string]exchange{
		"one click":    {request: request{method: "POST", path: path, body: "List-Unsubscribe=One-Click", headers: bare}, status: 200, has: []string{"You are unsubscribed"}},
		"who is gone":  {request: request{method: "POST", path: "/unsubscribe/" + consent.Token(secret, "01HZZZZZZZZZZZZZZZZZZZZZZZ", "email"), headers: bare}, status: 200},
		"the page yet": {request: request{method: "GET", path: path, headers: bare}, status: 200, has: []string{"<button"}},
	})
	s.run(t, map[string]exchange{
		"again":    {request: request{method: "POST", path: path, headers: bare}, status: 200},
		"the API":  {request: request{method: "GET", path: "/api/profiles/" + id + "?additional-fields[profile]=subscriptions"}, status: 200, has: []string{`"can_receive_email_marketing":false`, `"consent":"UNSUBSCRIBED"`, `"reason":"UNSUBSCRIBE"`}},
		"an event": {request: request{method: "GET", path: "/api/events?include=metric"}, status: 200, has: []string{"Unsubscribed from Email Marketing"}},
	})
	if n := suppressed(); n != 1 {
		t.Errorf("%d suppressions", n)
	}
}

func TestServingEndsWithTheRequestsThatHaveBegun(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	begun := make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- api.Serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(begun)
			time.Sleep(200 * time.Millisecond)
			_, _ = w.Write([]byte("done"))
		}), 10*time.Second)
	}()
	answered := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			answered <- 0
			return
		}
		_ = response.Body.Close()
		answered <- response.StatusCode
	}()
	<-begun
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if status := <-answered; status != 200 {
		t.Errorf("the request under way got %d", status)
	}
}
