// Package consent makes and reads the links with which people withdraw their consent to be messaged, and what links
// carry so that those who follow them are known.
package consent

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// Email is the channel of an unsubscribe link in an email.
const Email = "email"

// ErrToken is what Verify returns for anything that Token did not make with the same secret.
var ErrToken = errors.New("not a valid unsubscribe token")

const (
	version  = 1
	macSize  = 16
	maxToken = 400
)

// UnsubscribeURL is the link for the emails to a profile: a page with a button, which also takes the one-click
// POST of RFC 8058. base is the public URL of this server.
func UnsubscribeURL(base string, secret []byte, profileID string) string {
	return strings.TrimRight(base, "/") + "/unsubscribe/" + Token(secret, profileID, Email)
}

// Token names a profile and a channel and proves that the holder of secret made it. It does not expire: links in
// old messages have to work.
func Token(secret []byte, profileID, channel string) string {
	payload := append([]byte{version}, channel+"\x00"+profileID...)
	return base64.RawURLEncoding.EncodeToString(append(sign(secret, payload), payload...))
}

// Verify reads a token.
func Verify(secret []byte, token string) (profileID, channel string, err error) {
	if len(token) > maxToken {
		return "", "", ErrToken
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(data) <= macSize {
		return "", "", ErrToken
	}
	mac, payload := data[:macSize], data[macSize:]
	if !hmac.Equal(mac, sign(secret, payload)) || payload[0] != version {
		return "", "", ErrToken
	}
	channel, profileID, ok := strings.Cut(string(payload[1:]), "\x00")
	if !ok || profileID == "" {
		return "", "", ErrToken
	}
	return profileID, channel, nil
}

func sign(secret, payload []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("legato unsubscribe\x00")) // the secret may sign other things elsewhere
	h.Write(payload)
	return h.Sum(nil)[:macSize]
}
