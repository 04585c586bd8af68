package cli

import (
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
)

func TestAKeyIsShownOnceListedAndRevoked(t *testing.T) {
	t.Setenv("DATABASE_URL", testkit.DatabaseURL(t))
	out, err := execute(t, keyCommand(), "create", "checkout", "--scope", "profiles:read,events:write", "--scope", "events:write")
	key := strings.TrimSpace(out)
	if err != nil || len(key) != 43 || !strings.HasPrefix(key, "pk_") {
		t.Fatal(out, err)
	}
	if _, err := execute(t, keyCommand(), "create", "the rest"); err != nil {
		t.Fatal(err)
	}
	list, err := execute(t, keyCommand(), "list")
	if err != nil || strings.Contains(list, key) || !strings.Contains(list, key[:11]) || !strings.Contains(list, "events:write profiles:read ") || !strings.Contains(list, "everything") {
		t.Error(list, err)
	}
	if out, err := execute(t, keyCommand(), "revoke", key[:11]); err != nil || out != "revoked checkout ("+key[:11]+")\n" {
		t.Error(out, err)
	}
	if _, err := execute(t, keyCommand(), "revoke", "checkout"); err == nil || !strings.Contains(err.Error(), "was revoked at") {
		t.Error(err)
	}
	for _, wrong := range []struct {
		args []string
		want string
	}{
		{[]string{"create", "x", "--scope", "events"}, `--scope "events": expected one of accounts:read`},
		{[]string{"create", "x", "--scope", ""}, "--scope: expected a scope such as events:write"},
		{[]string{"create", ""}, "1 to 100 characters"},
		{[]string{"create", "a\nb"}, "without control characters"},
		{[]string{"revoke", "nobody"}, `no API key has the name or the prefix "nobody"`},
	} {
		if _, err := execute(t, keyCommand(), wrong.args...); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%q: %v", wrong.args, err)
		}
	}
	list, err = execute(t, keyCommand(), "list")
	if err != nil || strings.Count(list, "\n") != 3 {
		t.Error(list, err)
	}
}
