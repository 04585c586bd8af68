// Package payload encrypts what Temporal stores of workflows and activities, and serves the endpoint by which its web
// UI shows it to those allowed.
package payload

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// Metadata of an encrypted payload.
const (
	encoding = "binary/encrypted"
	keyName  = "encryption-key-id" // the first bytes of the key's SHA-256, in hex
)

// Codec encrypts payloads with AES-256-GCM. What is not encrypted passes through decoding as it is, so that
// encryption can be turned on while workflows run.
type Codec struct {
	current string
	keys    map[string]cipher.AEAD
}

// New makes a codec of keys in base64, 32 bytes each. The first encrypts; the others only decrypt what they encrypted
// before. Without a key it gives nil.
func New(keys ...string) (*Codec, error) {
	c := &Codec{keys: map[string]cipher.AEAD{}}
	for i, text := range keys {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(key) != 32 {
			return nil, fmt.Errorf("payload key %d: expected 32 bytes in base64, as openssl rand -base64 32 prints", i+1)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		sealer, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(key)
		id := hex.EncodeToString(sum[:4])
		if i == 0 {
			c.current = id
		}
		c.keys[id] = sealer
	}
	if c.current == "" {
		return nil, nil
	}
	return c, nil
}

// Encode encrypts payloads.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	sealer := c.keys[c.current]
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encrypting a payload: %w", err)
		}
		nonce := make([]byte, sealer.NonceSize(), sealer.NonceSize()+len(plain)+sealer.Overhead())
		if _, err := rand.Read(nonce); err != nil {
			return nil, fmt.Errorf("encrypting a payload: %w", err)
		}
		out[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), keyName: []byte(c.current)},
			Data:     sealer.Seal(nonce, nonce, plain, []byte(c.current)),
		}
	}
	return out, nil
}

// Decode decrypts payloads. It fails where a key is missing or something was changed.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != encoding {
			out[i] = p
			continue
		}
		id := string(p.GetMetadata()[keyName])
		opener, ok := c.keys[id]
		if !ok {
			return nil, fmt.Errorf("decrypting a payload: it was encrypted with key %q, which is not among LEGATO_PAYLOAD_KEY and LEGATO_PAYLOAD_OLD_KEYS", id)
		}
		if len(p.GetData()) < opener.NonceSize() {
			return nil, errors.New("decrypting a payload: it is cut short")
		}
		plain, err := opener.Open(nil, p.GetData()[:opener.NonceSize()], p.GetData()[opener.NonceSize():], []byte(id))
		if err != nil {
			return nil, errors.New("decrypting a payload: it was changed, or the key is another one")
		}
		out[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(plain, out[i]); err != nil {
			return nil, fmt.Errorf("decrypting a payload: %w", err)
		}
	}
	return out, nil
}

// Protect makes a Temporal client encrypt and decrypt, what failures say included. A nil codec changes nothing.
func (c *Codec) Protect(o *client.Options) {
	if c == nil {
		return
	}
	o.DataConverter = converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
	o.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: o.DataConverter, EncodeCommonAttributes: true,
	})
}
