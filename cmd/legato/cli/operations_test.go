package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// execute runs the command as a user would and gives what it printed.
func execute(t *testing.T, command *cobra.Command, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	command.SetOut(&out)
	command.SetErr(&out)
	command.SetArgs(args)
	command.SilenceUsage = true
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

func TestConfigShowsTheTableAndChecksItOnRequest(t *testing.T) {
	t.Setenv("LEGATO_COHORT_MAX", "0")
	t.Setenv("LEGATO_SECRET", "a secret nobody may read")
	out, err := execute(t, configCommand())
	if err != nil {
		t.Error(err)
	}
	if !strings.Contains(out, "LEGATO_COHORT_MAX") || !strings.Contains(out, "TEMPORAL_ADDRESS") || strings.Contains(out, "nobody may read") {
		t.Error(out)
	}
	if _, err := execute(t, configCommand(), "--check"); err == nil || !strings.Contains(err.Error(), "LEGATO_COHORT_MAX") {
		t.Errorf("--check: %v", err)
	}
}

func TestMigrateSaysWhatItApplied(t *testing.T) {
	url := testkit.DatabaseURL(t) // already migrated
	t.Setenv("DATABASE_URL", url)
	if out, err := execute(t, migrateCommand()); err != nil || out != "nothing to do\n" {
		t.Errorf("a database that is up to date: %q, %v", out, err)
	}
	s, err := store.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.DB.ExecContext(t.Context(), "drop schema public cascade; create schema public"); err != nil {
		t.Fatal(err)
	}
	out, err := execute(t, migrateCommand())
	if err != nil || !strings.HasPrefix(out, "applied 00001_") {
		t.Errorf("an empty database: %q, %v", out, err)
	}
	var tables int
	if err := s.DB.GetContext(t.Context(), &tables, "select count(*) from pg_tables where schemaname = 'public'"); err != nil || tables < 5 {
		t.Errorf("%d tables, %v", tables, err)
	}
}

func TestMigrateNeedsADatabase(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	if _, err := execute(t, migrateCommand()); err == nil || !strings.HasPrefix(err.Error(), "DATABASE_URL: not set") {
		t.Error(err)
	}
}

func TestHealthFollowsReadyz(t *testing.T) {
	listen := func(status int) string {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("postgres: no answer"))
		})
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
		return port
	}
	t.Setenv("LEGATO_LISTEN", "0.0.0.0:"+listen(http.StatusOK))
	if out, err := execute(t, healthCommand()); err != nil || out != "ready\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := execute(t, healthCommand(), "127.0.0.1:"+listen(http.StatusServiceUnavailable)); err == nil || !strings.Contains(err.Error(), "503 Service Unavailable postgres: no answer") {
		t.Errorf("not ready: %v", err)
	}
	if _, err := execute(t, healthCommand(), "127.0.0.1:1"); err == nil {
		t.Error("nobody answers and that is no error")
	}
	if _, err := execute(t, healthCommand(), "8080"); err == nil || !strings.Contains(err.Error(), "host:port") {
		t.Error(err)
	}
}
