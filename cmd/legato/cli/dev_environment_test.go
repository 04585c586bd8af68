package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/internal/testkit"
)

func TestACommandUsesTheDevelopmentDatabaseThatRunsInItsFolder(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Chdir(t.TempDir())
	t.Setenv("DATABASE_URL", "")
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	if err := os.Mkdir(".legato", 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := legato(t, "flow", "versions", "visit"); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Fatalf("without a server: %s %v", out, err)
	}
	leave, err := shareEnvironment(".legato", config.Config{DatabaseURL: config.Secret(url)})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(environmentFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the database's password: %v, %v", info, err)
	}
	if out, err := legato(t, "flow", "versions", "visit"); err == nil || err.Error() != "there is no flow visit" || !strings.Contains(out, "using the database of legato dev") {
		t.Errorf("%s %v", out, err)
	}
	leave()
	os.Setenv("DATABASE_URL", "")
	if _, err := legato(t, "flow", "versions", "visit"); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("after the server has stopped: %v", err)
	}
	t.Setenv("LEGATO_MODE", "production")
	if leave, err = shareEnvironment(".legato", config.Config{DatabaseURL: config.Secret(url)}); err != nil {
		t.Fatal(err)
	}
	defer leave()
	if out, err := legato(t, "flow", "versions", "visit"); err == nil || strings.Contains(out, "legato dev") {
		t.Errorf("production: %s %v", out, err)
	}
}

func TestAnEventIsSentToTheDevelopmentServerThatRunsInItsFolder(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	defer server.Close()
	t.Chdir(t.TempDir())
	t.Setenv("LEGATO_LISTEN", "")
	if err := os.Mkdir(".legato", 0o700); err != nil {
		t.Fatal(err)
	}
	leave, err := shareEnvironment(".legato", config.Config{Listen: strings.TrimPrefix(server.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	if out, err := legato(t, "event", "send", "Viewed", "--email", "ada@example.com"); err != nil {
		t.Errorf("%s %v", out, err)
	}
	t.Setenv("LEGATO_LISTEN", "127.0.0.1:1")
	if _, err := legato(t, "event", "send", "Viewed", "--email", "ada@example.com"); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("an address that is given: %v", err)
	}
}
