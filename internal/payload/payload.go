// Package payload encrypts what Temporal stores of workflows and activities.
package payload

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

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
	current string                 // the id of the key that encrypts; empty: none does
	keys    map[string]cipher.AEAD // by id
}

// New makes a codec of keys of 32 bytes each. current encrypts; the old ones decrypt what they encrypted before. Without
// current nothing more is encrypted, and without any key the codec is nil.
func New[K ~string](current K, old ...K) (*Codec, error) {
	if current == "" && len(old) == 0 {
		return nil, nil
	}
	c := &Codec{keys: map[string]cipher.AEAD{}}
	if current != "" {
		id, err := c.add(string(current))
		if err != nil {
			return nil, err
		}
		c.current = id
	}
	for _, key := range old {
		if _, err := c.add(string(key)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// add takes a key and gives its id, which says nothing of the key.
func (c *Codec) add(key string) (id string, err error) {
	if len(key) != 32 {
		return "", fmt.Errorf("a payload key has %d bytes; expected 32", len(key))
	}
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return "", fmt.Errorf("using a payload key: %w", err)
	}
	sealer, err := cipher.NewGCM(block)
	if err != nil {
		return "", fmt.Errorf("using a payload key: %w", err)
	}
	sum := sha256.Sum256([]byte(key))
	id = hex.EncodeToString(sum[:4])
	c.keys[id] = sealer
	return id, nil
}

// Encode encrypts payloads.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	sealer, ok := c.keys[c.current]
	if !ok {
		return payloads, nil
	}
	out := make([]*commonpb.Payload, len(payloads))
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
			return nil, fmt.Errorf("decrypting a payload: it was encrypted with key %q, which is not among LEGATO_PAYLOAD_KEY and LEGATO_PAYLOAD_OTHER_KEYS", id)
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
