package consent_test

import (
	"strings"
	"testing"

	"github.com/legato-flow/legato/channel/consent"
)

func TestATokenNamesItsProfileToTheHolderOfTheSecretOnly(t *testing.T) {
	t.Parallel()
	secret := []byte("secret")
	token := consent.Token(secret, "01HXYZ", consent.Email)
	if profile, channel, err := consent.Verify(secret, token); err != nil || profile != "01HXYZ" || channel != "email" {
		t.Errorf("%q %q %v", profile, channel, err)
	}
	bad := map[string]string{
		"empty": "", "no base64": "!!!", "cut": token[:len(token)-1], "longer": token + "AAAA", "padded": token + "=",
		"other secret": consent.Token([]byte("other"), "01HXYZ", consent.Email),
		"long":         strings.Repeat("A", 10000),
	}
	for i := range token { // every changed character
		c := byte('A')
		if token[i] == c {
			c = 'B'
		}
		bad["changed at "+string(rune('0'+i%10))+token[:i]] = token[:i] + string(c) + token[i+1:]
	}
	for name, token := range bad {
		if _, _, err := consent.Verify(secret, token); err == nil {
			t.Errorf("%s: %q is accepted", name, token)
		}
	}
	if got, want := consent.UnsubscribeURL("https://shop.example/", secret, "01HXYZ"), "https://shop.example/unsubscribe/"+token; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
