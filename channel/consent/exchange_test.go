package consent

import "testing"

func TestAnExchangeIDNamesItsProfileToItsMakerOnly(t *testing.T) {
	t.Parallel()
	secret := []byte("0123456789abcdef")
	text := Exchange(secret, "01J8ZQ3V5W7Y9ABCDEFGHJKMNP")
	if again := Exchange(secret, "01J8ZQ3V5W7Y9ABCDEFGHJKMNP"); again != text {
		t.Errorf("%s and %s for one profile", text, again)
	}
	if other := Exchange(secret, "01J8ZQ3V5W7Y9ABCDEFGHJKMNQ"); other[:16] == text[:16] {
		t.Error("two profiles share a nonce")
	}
	if id, ok := ReadExchange(secret, text); !ok || id != "01J8ZQ3V5W7Y9ABCDEFGHJKMNP" {
		t.Errorf("%q, %v", id, ok)
	}
	if _, ok := ReadExchange([]byte("another secret"), text); ok {
		t.Error("another secret reads it")
	}
	for _, wrong := range []string{"", "x", text[:len(text)-2], text + "AA", "A" + text[1:], text + "=", string(make([]byte, 500))} {
		if id, ok := ReadExchange(secret, wrong); ok {
			t.Errorf("%q names %q", wrong, id)
		}
	}
}
