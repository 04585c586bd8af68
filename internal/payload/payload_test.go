package payload_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/payload"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

func key(letter string) string { return strings.Repeat(letter, 32) }

func codec(t *testing.T, current string, old ...string) *payload.Codec {
	t.Helper()
	c, err := payload.New(current, old...)
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
	in := []*commonpb.Payload{plain(t, "ada@example.com"), plain(t, map[string]any{"favorite": 1}), plain(t, strings.Repeat("x", 2<<20)), plain(t, nil)}
	sealed, err := c.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range sealed {
		if bytes.Contains(p.Data, []byte("example")) || bytes.Contains(p.Data, []byte("favorite")) {
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
	if _, err := codec(t, key("b")).Decode(old); err == nil || !strings.Contains(err.Error(), "LEGATO_PAYLOAD_OTHER_KEYS") {
		t.Errorf("without the old key: %v", err)
	}
}

func TestEncryptionCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	old, err := codec(t, key("a")).Encode([]*commonpb.Payload{plain(t, "x")})
	if err != nil {
		t.Fatal(err)
	}
	off := codec(t, "", key("a"))
	if out, err := off.Decode(old); err != nil || !proto.Equal(out[0], plain(t, "x")) {
		t.Errorf("what was encrypted: %v, %v", out, err)
	}
	if out, err := off.Encode([]*commonpb.Payload{plain(t, "x")}); err != nil || !proto.Equal(out[0], plain(t, "x")) {
		t.Errorf("what is new: %v, %v", out, err)
	}
}

func TestWhatWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	c := codec(t, key("a"), key("b"))
	for name, change := range map[string]func(p *commonpb.Payload){
		"a byte":    func(p *commonpb.Payload) { p.Data[len(p.Data)-1] ^= 1 },
		"cut short": func(p *commonpb.Payload) { p.Data = p.Data[:5] },
		"empty":     func(p *commonpb.Payload) { p.Data = nil },
		"the key's id": func(p *commonpb.Payload) {
			other, err := codec(t, key("b")).Encode([]*commonpb.Payload{plain(t, "x")})
			if err != nil {
				t.Fatal(err)
			}
			p.Metadata = other[0].Metadata
		},
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
	for _, bad := range []string{"short", strings.Repeat("k", 31), strings.Repeat("k", 33)} {
		for _, keys := range [][]string{{bad}, {key("a"), bad}} {
			if _, err := payload.New(keys[0], keys[1:]...); err == nil || strings.Contains(err.Error(), bad) {
				t.Errorf("%q: %v", keys, err)
			}
		}
	}
	if c, err := payload.New(""); c != nil || err != nil {
		t.Errorf("no key: %v, %v", c, err)
	}
}
