package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

func TestExportPrintsTheYAMLOfAFlowInTheDatabase(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	source, err := os.ReadFile(cartFile)
	if err != nil {
		t.Fatal(err)
	}
	f, problems := flow.Parse(cartFile, source)
	if f == nil {
		t.Fatal(problems)
	}
	s, err := store.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Tx(t.Context(), func(tx *sqlx.Tx) error { return s.ApplyFlow(t.Context(), tx, f.Plan, f.Status) }); err != nil {
		t.Fatal(err)
	}
	stdout, _, err := runFlow(t, "export", f.ID)
	if err != nil {
		t.Fatal(err)
	}
	again, problems := flow.Parse("exported.yaml", []byte(stdout))
	if again == nil {
		t.Fatalf("%v\n%s", problems, stdout)
	}
	if again.Plan.Hash() != f.Plan.Hash() || again.Status != f.Status {
		t.Errorf("the YAML is another flow:\n%s", stdout)
	}
	if _, _, err := runFlow(t, "export", "none"); err == nil || !strings.Contains(err.Error(), "there is no flow none") {
		t.Errorf("%v", err)
	}
}
