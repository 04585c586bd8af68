package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// runFlow runs a command below flow and gives what it prints.
func runFlow(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	command := rootCommand()
	command.SetOut(&out)
	command.SetErr(&errs)
	command.SetArgs(append([]string{"flow"}, args...))
	err = command.Execute()
	return out.String(), errs.String(), err
}

const cartFile = "../../../definitions/flows/abandoned-cart.yaml"

func TestGraphDrawsAFlow(t *testing.T) {
	t.Parallel()
	stdout, _, err := runFlow(t, "graph", cartFile)
	if err != nil || !strings.HasPrefix(stdout, "flowchart TD\n") || !strings.Contains(stdout, "Abandoned cart") {
		t.Errorf("%v: %s", err, stdout)
	}
	picture := filepath.Join(t.TempDir(), "cart.svg")
	if stdout, _, err := runFlow(t, "graph", cartFile, "-o", picture); err != nil || stdout != "" {
		t.Errorf("%v: %s", err, stdout)
	}
	if drawn, err := os.ReadFile(picture); err != nil || !bytes.HasPrefix(drawn, []byte("<svg ")) {
		t.Errorf("%v: %.60s", err, drawn)
	}
}

func TestGraphSaysWhatItCannotDraw(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("flow: broken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"--format must be mermaid or svg": {"graph", cartFile, "--format", "png"},
		"looking for the flow":            {"graph", "nowhere.yaml"},
		"a flow needs steps":              {"graph", broken},
		"accepts 1 arg":                   {"graph"},
	} {
		if _, _, err := runFlow(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestGraphShowsHowManyPeopleWaitAtEachStep(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	s, err := store.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.DB.ExecContext(t.Context(), `
		insert into plan (hash, flow_id, body) values ('h', 'abandoned-cart', '{}');
		insert into cohort (id, flow_id, hash, size) values ('c', 'abandoned-cart', 'h', 6);
		insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at, step, status)
		select n::text, 'abandoned-cart', 'h', n::text, '', 'c', now(), step, status
		from (values (1, '', 'active'), (2, 'if-1', 'active'), (3, 'if-1', 'active'), (4, 'if-1', 'done'), (5, 'gone', 'active')) as r (n, step, status)`); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, err := runFlow(t, "graph", cartFile, "--counts")
	if err != nil || strings.Count(stdout, "waiting") != 2 || !strings.Contains(stdout, "2 waiting") || !strings.Contains(stdout, "1 waiting") {
		t.Errorf("%v: %s", err, stdout)
	}
	if stderr != "not drawn: 1 run at steps of other versions\n" {
		t.Errorf("it says %q", stderr)
	}
	t.Setenv("DATABASE_URL", "")
	if _, _, err := runFlow(t, "graph", cartFile, "--counts"); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
		t.Errorf("without a database: %v", err)
	}
}

func TestSchemaIsPrinted(t *testing.T) {
	t.Parallel()
	stdout, _, err := runFlow(t, "schema")
	var schema map[string]any
	if err != nil || json.Unmarshal([]byte(stdout), &schema) != nil || schema["title"] != "Legato flow" {
		t.Errorf("%v: %.100s", err, stdout)
	}
}
