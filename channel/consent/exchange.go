package consent

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Exchange encrypts a profile's id for the links in its messages (the parameter _kx): whoever follows one can be told
// apart by it, and nobody else can make one or see whose it is. One profile always has the same.
func Exchange(secret []byte, profileID string) string {
	c := exchangeCipher(secret)
	nonce := exchangeKey(secret, "nonce\x00"+profileID)[:c.NonceSize()] // by what it encrypts, so that no nonce serves twice
	return base64.RawURLEncoding.EncodeToString(c.Seal(nonce, nonce, []byte(profileID), nil))
}

// ReadExchange gives the id of the profile that Exchange was called for with the same secret.
func ReadExchange(secret []byte, text string) (profileID string, ok bool) {
	if len(text) > maxToken {
		return "", false
	}
	c := exchangeCipher(secret)
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(data) <= c.NonceSize() {
		return "", false
	}
	id, err := c.Open(nil, data[:c.NonceSize()], data[c.NonceSize():], nil)
	if err != nil || len(id) == 0 {
		return "", false
	}
	return string(id), true
}

func exchangeCipher(secret []byte) cipher.AEAD {
	block, err := aes.NewCipher(exchangeKey(secret, "key"))
	if err != nil {
		panic(err) // the key has the right length
	}
	c, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the right block size
	}
	return c
}

func exchangeKey(secret []byte, of string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("legato exchange\x00" + of)) // the secret may sign other things elsewhere
	return h.Sum(nil)
}
