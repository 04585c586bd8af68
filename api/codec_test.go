package api_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/internal/payload"
	"github.com/legato-flow/legato/internal/testkit"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
)

const temporalUI = "https://temporal.example"

// encrypted makes the codec of an API and the body that asks it to show a text.
func encrypted(t *testing.T, text string) (*payload.Codec, string) {
	t.Helper()
	codec, err := payload.New(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := converter.GetDefaultDataConverter().ToPayload(text)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := codec.Encode([]*commonpb.Payload{plain})
	if err != nil {
		t.Fatal(err)
	}
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: sealed})
	if err != nil {
		t.Fatal(err)
	}
	return codec, string(body)
}

// shown is how a text stands in an answer of the codec server.
func shown(text string) string { return base64.StdEncoding.EncodeToString([]byte(`"` + text + `"`)) }

func TestTheCodecServerShowsPayloadsToThoseAllowed(t *testing.T) {
	t.Parallel()
	codec, body := encrypted(t, "secret text")
	s := newServer(t, func(o *api.Options) { o.Payloads, o.CodecOrigin = codec, temporalUI })
	for name, scopes := range map[string][]string{"pk_flows": {"flows:read"}, "pk_events": {"events:write"}} {
		if err := s.store.CreateKey(t.Context(), name, name, scopes...); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(method, authorization, origin string, status int, has, lacks []string, headers map[string]string) exchange {
		return exchange{
			request: request{method: method, path: "/codec/decode?preserveStorageRefs=true", body: body,
				headers: map[string]string{"Authorization": authorization, "Origin": origin, "revision": "-"}},
			status: status, has: has, lacks: lacks, headers: headers,
		}
	}
	text, none := []string{shown("secret text")}, map[string]string{"Access-Control-Allow-Origin": ""}
	to := map[string]string{"Access-Control-Allow-Origin": temporalUI, "Access-Control-Allow-Credentials": "true"}
	basic := func(key string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+key)) }
	s.run(t, map[string]exchange{
		"a key":                ask("POST", "Klaviyo-API-Key pk_dev", "-", 200, text, nil, none),
		"a bearer":             ask("POST", "Bearer pk_flows", temporalUI, 200, text, nil, to),
		"basic":                ask("POST", basic("pk_flows"), temporalUI, 200, text, nil, to),
		"for another page":     ask("POST", basic("pk_flows"), "https://evil.example", 200, text, nil, none),
		"a wrong key":          ask("POST", "Bearer pk_wrong", "-", 401, []string{"not_authenticated"}, text, map[string]string{"WWW-Authenticate": `Basic realm="payloads"`}),
		"no key":               ask("POST", "-", temporalUI, 401, nil, text, to),
		"an empty password":    ask("POST", basic(""), "-", 401, nil, text, none),
		"a key of other scope": ask("POST", "Bearer pk_events", "-", 403, []string{"flows:read"}, text, none),
		"reading":              ask("GET", "Bearer pk_dev", "-", 405, nil, text, none),
		"a preflight":          ask("OPTIONS", "-", temporalUI, 204, nil, nil, to),
		"another's preflight":  ask("OPTIONS", "-", "https://evil.example", 204, nil, nil, none),
		"no payloads":          {request: request{method: "POST", path: "/codec/decode", body: "{"}, status: 400},
		"too much":             {request: request{method: "POST", path: "/codec/decode", body: strings.Repeat(" ", 5<<20)}, status: 400, has: []string{"too large"}},
		"what it did not encrypt": {request: request{method: "POST", path: "/codec/decode", body: `{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="}]}`},
			status: 200, has: []string{`"MQ=="`}},
		"another's key": {request: request{method: "POST", path: "/codec/decode", body: `{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA==","encryption-key-id":"MDA="},"data":"MQ=="}]}`},
			status: 400, has: []string{"LEGATO_PAYLOAD_OTHER_KEYS"}},
		"encrypting": {request: request{method: "POST", path: "/codec/encode", body: `{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="}]}`},
			status: 200, has: []string{"YmluYXJ5L2VuY3J5cHRlZA=="}, lacks: []string{`"MQ=="`}},
	})
}

func TestWithoutAPayloadKeyThereIsNoCodecServer(t *testing.T) {
	t.Parallel()
	_, body := encrypted(t, "secret text")
	s := newServer(t, func(o *api.Options) { o.CodecOrigin = temporalUI })
	origin := map[string]string{"Origin": temporalUI}
	none := map[string]string{"Access-Control-Allow-Origin": ""}
	s.run(t, map[string]exchange{
		"decoding":    {request: request{method: "POST", path: "/codec/decode", body: body, headers: origin}, status: 404, headers: none},
		"encoding":    {request: request{method: "POST", path: "/codec/encode", body: body, headers: origin}, status: 404, headers: none},
		"a preflight": {request: request{method: "OPTIONS", path: "/codec/decode", headers: origin}, status: 404, headers: none},
	})
}

// The page asks as the Temporal UI does where its codec server is set with credentials included: the browser asks the
// person for name and password.
func TestABrowserAsksForTheKeyAndShowsPayloads(t *testing.T) {
	t.Parallel()
	browser, cancel := context.WithTimeout(testkit.Browser(t), 3*time.Minute)
	defer cancel()
	codec, body := encrypted(t, "secret text")
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<!doctype html><title>a Temporal UI</title>"))
	}))
	t.Cleanup(page.Close)
	s := newServer(t, func(o *api.Options) { o.Payloads, o.CodecOrigin = codec, page.URL })
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	if err := chromedp.Do(browser, chromedp.Navigate(page.URL)); err != nil {
		t.Fatal(err)
	}
	asked := answerPrompts(t, browser, "pk_dev")
	for range 2 {
		answer, err := chromedp.Run(browser, chromedp.Evaluate[string](fmt.Sprintf(`fetch(%q, {method: "POST", credentials: "include", body: %q,
			headers: {"Content-Type": "application/json", "X-Namespace": "default"}}).then(async r => r.status + " " + await r.text()).catch(e => "" + e)`,
			server.URL+"/codec/decode?preserveStorageRefs=true", body), chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(answer, "200 ") || !strings.Contains(answer, shown("secret text")) {
			t.Errorf("the page gets %s", answer)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the person was asked %d times", n)
	}
}

// answerPrompts types a password where the browser asks for one, and counts how often it does.
func answerPrompts(t *testing.T, browser context.Context, password string) *atomic.Int64 {
	t.Helper()
	var asked atomic.Int64
	events := make(chan any, 100)
	if err := chromedp.Listen(browser, func(event any) {
		switch event.(type) {
		case *fetch.EventRequestPaused, *fetch.EventAuthRequired:
			events <- event
		}
	}); err != nil {
		t.Fatal(err)
	}
	yes := true
	if _, err := chromedp.Call(browser, fetch.Enable, fetch.EnableParams{HandleAuthRequests: &yes}); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			select {
			case <-browser.Done():
				return
			case event := <-events:
				switch e := event.(type) {
				case *fetch.EventRequestPaused:
					_, _ = chromedp.Call(browser, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
				case *fetch.EventAuthRequired:
					asked.Add(1)
					_, _ = chromedp.Call(browser, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: e.RequestID,
						AuthChallengeResponse: &fetch.AuthChallengeResponse{Response: "ProvideCredentials", Username: "me", Password: password}})
				}
			}
		}
	}()
	return &asked
}
