package payload_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/payload"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func key(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
}

func codec(t *testing.T, keys ...string) *payload.Codec {
	t.Helper()
	c, err := payload.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func plain(t *testing.T, value any) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(value)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPayloadsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	c := codec(t, key("a"))
	in := []*commonpb.Payload{plain(t, "ada@example.com"), plain(t, map[string]any{"run": 1}), plain(t, strings.Repeat("x", 2<<20)), plain(t, nil)}
	sealed, err := c.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range sealed {
		if bytes.Contains(p.Data, []byte("example")) || bytes.Contains(p.Data, []byte("run")) {
			t.Error("something can be read")
		}
	}
	if again, _ := c.Encode(in); bytes.Equal(again[0].Data, sealed[0].Data) {
		t.Error("the same text is encrypted to the same bytes twice")
	}
	out, err := c.Decode(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for i := range in {
		if !proto.Equal(in[i], out[i]) {
			t.Errorf("payload %d is another one", i)
		}
	}
}

func TestWhatWasNotEncryptedPasses(t *testing.T) {
	t.Parallel()
	in := []*commonpb.Payload{plain(t, "x")}
	out, err := codec(t, key("a")).Decode(in)
	if err != nil || !proto.Equal(in[0], out[0]) {
		t.Errorf("%v, %v", out, err)
	}
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	old, err := codec(t, key("a")).Encode([]*commonpb.Payload{plain(t, "x")})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := codec(t, key("b"), key("a")).Decode(old); err != nil || !proto.Equal(out[0], plain(t, "x")) {
		t.Errorf("with the old key beside the new: %v, %v", out, err)
	}
	if _, err := codec(t, key("b")).Decode(old); err == nil || !strings.Contains(err.Error(), "LEGATO_PAYLOAD_OLD_KEYS") {
		t.Errorf("without the old key: %v", err)
	}
}

func TestWhatWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	c := codec(t, key("a"))
	for name, change := range map[string]func(p *commonpb.Payload){
		"a byte":    func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 },
		"cut short": func(p *commonpb.Payload) { p.Data = p.Data[:5] },
		"empty":     func(p *commonpb.Payload) { p.Data = nil },
	} {
		sealed, err := c.Encode([]*commonpb.Payload{plain(t, "x")})
		if err != nil {
			t.Fatal(err)
		}
		change(sealed[0])
		if _, err := c.Decode(sealed); err == nil {
			t.Errorf("%s: decrypted", name)
		}
	}
}

func TestKeysThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"short", base64.StdEncoding.EncodeToString([]byte("sixteen bytes 16")), "%%%"} {
		if _, err := payload.New(bad); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if c, err := payload.New(); c != nil || err != nil {
		t.Errorf("no key: %v, %v", c, err)
	}
}

func TestTheCodecServerShowsPayloadsToThoseAllowed(t *testing.T) {
	t.Parallel()
	c := codec(t, key("a"))
	server := httptest.NewServer(c.Handler("https://temporal.example", func(_ *http.Request, key string) bool { return key == "pk_right" }))
	t.Cleanup(server.Close)
	sealed, err := c.Encode([]*commonpb.Payload{plain(t, "secret text")})
	if err != nil {
		t.Fatal(err)
	}
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: sealed})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		method, authorization, origin string
		status                        int
		allowed                       string
	}{
		"a key":        {"POST", "Klaviyo-API-Key pk_right", "", 200, ""},
		"a bearer":     {"POST", "Bearer pk_right", "", 200, ""},
		"basic":        {"POST", "Basic " + base64.StdEncoding.EncodeToString([]byte("me:pk_right")), "https://temporal.example", 200, "https://temporal.example"},
		"a wrong key":  {"POST", "Bearer pk_wrong", "", 401, ""},
		"no key":       {"POST", "", "", 401, ""},
		"reading":      {"GET", "Bearer pk_right", "", 405, ""},
		"a preflight":  {"OPTIONS", "", "https://temporal.example", 204, "https://temporal.example"},
		"another page": {"OPTIONS", "", "https://evil.example", 204, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := http.NewRequestWithContext(t.Context(), test.method, server.URL+"/codec/decode", bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", test.authorization)
			r.Header.Set("Origin", test.origin)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var answer bytes.Buffer
			_, _ = answer.ReadFrom(response.Body)
			if response.StatusCode != test.status || response.Header.Get("Access-Control-Allow-Origin") != test.allowed {
				t.Errorf("%d, origin %q: %s", response.StatusCode, response.Header.Get("Access-Control-Allow-Origin"), answer.String())
			}
			shown := strings.Contains(answer.String(), base64.StdEncoding.EncodeToString([]byte(`"secret text"`)))
			if shown != (test.status == 200) {
				t.Errorf("shown: %v\n%s", shown, answer.String())
			}
		})
	}
}
