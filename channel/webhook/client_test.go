package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/channel"
	"github.com/legato-flow/legato/channel/webhook"
)

var now = time.Date(2026, 3, 27, 12, 0, 0, 0, time.UTC)

func client(o webhook.Options) *webhook.Client {
	o.Now = func() time.Time { return now }
	o.Private = true
	return webhook.New(o)
}

func handover(context.Context) error { return nil }

func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

func TestACallIsSignedAndNamed(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		_, _ = w.Write([]byte(`{"ok": true}`))
	})
	c := client(webhook.Options{Secret: []byte("sixteen letters!")})
	response, err := c.Deliver(t.Context(), webhook.Request{
		Key: "run/1/step", URL: url + "/hook?a=b", Headers: map[string]string{"X-Shop": "one"}, Body: []byte(`{"a":1}`),
	}, handover)
	if err != nil || response.Status != 200 || string(response.Body) != `{"ok": true}` {
		t.Fatalf("%+v, %v", response, err)
	}
	mac := hmac.New(sha256.New, []byte("sixteen letters!"))
	mac.Write([]byte(`1774612800.{"a":1}`))
	want := "t=1774612800,v1=" + hex.EncodeToString(mac.Sum(nil))
	if s := got.Header.Get("Legato-Signature"); s != want {
		t.Errorf("signed %s, want %s", s, want)
	}
	if got.Method != http.MethodPost || got.URL.String() != "/hook?a=b" || string(body) != `{"a":1}` {
		t.Errorf("%s %s with %s", got.Method, got.URL, body)
	}
	for name, value := range map[string]string{"Legato-Delivery": "run/1/step", "X-Shop": "one", "Content-Type": "application/json", "User-Agent": "Legato"} {
		if got.Header.Get(name) != value {
			t.Errorf("%s is %q", name, got.Header.Get(name))
		}
	}
}

func TestAnAnswerSaysWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, retryAfter string
		status           int
		permanent        bool
		after            time.Duration
	}{
		{"too many", "7", 429, false, 7 * time.Second},
		{"too many, until a date", "Fri, 27 Mar 2026 12:01:00 GMT", 429, false, time.Minute},
		{"too many, a date that is over", "Fri, 27 Mar 2026 11:00:00 GMT", 429, false, 0},
		{"too many, a wish nobody can read", "soon", 429, false, 0},
		{"broken", "", 500, false, 0},
		{"away", "120", 503, false, 2 * time.Minute},
		{"not there", "", 404, true, 0},
		{"refused", "5", 400, true, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", test.retryAfter)
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte("no,\x00\nthank you"))
			})
			_, err := client(webhook.Options{}).Deliver(t.Context(), webhook.Request{URL: url, Body: []byte("{}")}, handover)
			var later *channel.LaterError
			if channel.IsPermanent(err) != test.permanent || errors.As(err, &later) == test.permanent {
				t.Fatal(err)
			}
			if !test.permanent && later.After != test.after {
				t.Errorf("again after %s, want %s", later.After, test.after)
			}
			if !strings.Contains(err.Error(), "no, thank you") {
				t.Errorf("the error says %q", err)
			}
		})
	}
}

func TestRedirectsAreFollowedAtTheSameHostOnly(t *testing.T) {
	t.Parallel()
	strangers := 0
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { strangers++ })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/other":
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		case "/get":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusPermanentRedirect)
		default:
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write([]byte(r.Method + " " + string(body)))
		}
	})
	c := client(webhook.Options{})
	r, err := c.Deliver(t.Context(), webhook.Request{URL: url + "/same", Body: []byte("{}")}, handover)
	if err != nil || string(r.Body) != "POST {}" {
		t.Errorf("at the same host: %q, %v", r.Body, err)
	}
	for _, path := range []string{"/other", "/get", "/loop"} {
		if _, err := c.Deliver(t.Context(), webhook.Request{URL: url + path, Body: []byte("{}")}, handover); !channel.IsPermanent(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if strangers > 0 {
		t.Error("another host was called")
	}
}

func TestAnAnswerIsBounded(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("x", 10*webhook.MaxResponse)))
	})
	r, err := client(webhook.Options{}).Deliver(t.Context(), webhook.Request{URL: url}, handover)
	if err != nil || len(r.Body) != webhook.MaxResponse || !r.Cut {
		t.Errorf("%d bytes, %v, %v", len(r.Body), r.Cut, err)
	}
}

func TestAServerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })
	began := time.Now()
	_, err := client(webhook.Options{Timeout: 100 * time.Millisecond}).Deliver(t.Context(), webhook.Request{URL: url + "/?key=hidden"}, handover)
	var later *channel.LaterError
	if !errors.As(err, &later) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Errorf("the error shows the query: %v", err)
	}
}

func TestAddressesThatAreNotPublicAreRefused(t *testing.T) {
	t.Parallel()
	calls := 0
	url := serve(t, func(http.ResponseWriter, *http.Request) { calls++ })
	port := url[strings.LastIndexByte(url, ':'):]
	c := webhook.New(webhook.Options{Timeout: 3 * time.Second})
	for _, address := range []string{
		url, "http://localhost" + port, "http://[::1]" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port, "http://2130706433" + port,
		"http://10.0.0.1", "http://172.16.0.1", "http://192.168.1.1", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1", "http://[fe80::1]", "http://[fd00::1]",
		"http://[64:ff9b::7f00:1]", "http://[2002:7f00:1::]", "http://224.0.0.1", "http://255.255.255.255",
	} {
		_, err := c.Deliver(t.Context(), webhook.Request{URL: address}, handover)
		if err == nil || !channel.IsPermanent(err) && !strings.Contains(address, "2130706433") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if calls > 0 {
		t.Errorf("%d calls arrived", calls)
	}
}

func TestWhatIsNoCallIsRefusedBeforeItIsMade(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]webhook.Request{
		"no address":          {URL: "shop"},
		"another scheme":      {URL: "file:///etc/passwd"},
		"a long body":         {URL: "http://127.0.0.1", Body: make([]byte, webhook.MaxBody+1)},
		"a header of ours":    {URL: "http://127.0.0.1", Headers: map[string]string{"legato-signature": "x"}},
		"a header of HTTP's":  {URL: "http://127.0.0.1", Headers: map[string]string{"Host": "x"}},
		"a broken name":       {URL: "http://127.0.0.1", Headers: map[string]string{"a b": "x"}},
		"a second header":     {URL: "http://127.0.0.1", Headers: map[string]string{"a": "x\r\nHost: y"}},
		"a very long header":  {URL: "http://127.0.0.1", Headers: map[string]string{"a": strings.Repeat("x", 5000)}},
		"an address in pairs": {URL: "http://127.0.0.1:port"},
	} {
		_, err := client(webhook.Options{}).Deliver(t.Context(), r, func(context.Context) error {
			t.Errorf("%s: handed over", name)
			return nil
		})
		if !channel.IsPermanent(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingIsCalledWhenTheHandoverFails(t *testing.T) {
	t.Parallel()
	calls := 0
	url := serve(t, func(http.ResponseWriter, *http.Request) { calls++ })
	lost := errors.New("lost")
	if _, err := client(webhook.Options{}).Deliver(t.Context(), webhook.Request{URL: url}, func(context.Context) error { return lost }); !errors.Is(err, lost) || calls > 0 {
		t.Errorf("%v, %d calls", err, calls)
	}
}
