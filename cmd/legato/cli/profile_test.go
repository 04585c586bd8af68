package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// TestTheGuidesPeopleAreMergedExportedAndDeleted runs the commands of the page, in their order.
func TestTheGuidesPeopleAreMergedExportedAndDeleted(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	s, err := store.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	g := ingest.New(s, time.Now)
	for _, email := range []string{"ada@old.example", "ada@example.com"} {
		e := ingest.Event{Metric: "Viewed " + email, Profile: ingest.Change{Attributes: map[string]*string{"email": &email}}, Properties: json.RawMessage(`{"page":"/"}`)}
		if _, err := g.Events(t.Context(), []ingest.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "guide", "people-and-privacy.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^bin/legato profile ([^>\n]*)`).FindAllStringSubmatch(string(page), -1)
	wants := []string{"merged ", `"Viewed ada@old.example"`, "deleted "}
	if len(commands) != len(wants) {
		t.Fatal(commands)
	}
	for i, command := range commands {
		if i == 2 {
			if _, err := execute(t, profileCommand(), "delete", "ada@example.com"); err == nil || !strings.Contains(err.Error(), "nothing was deleted") {
				t.Error(err)
			}
		}
		out, err := execute(t, profileCommand(), strings.Fields(command[1])...)
		if err != nil || !strings.Contains(out, wants[i]) {
			t.Errorf("%s: %s, %v", command[1], out, err)
		}
	}
	for _, wrong := range [][]string{{"export", "ada@example.com"}, {"delete", "+1", "--yes"}, {"merge", "x", "y"}, {"export", "a@b@c"}} {
		if out, err := execute(t, profileCommand(), wrong...); err == nil {
			t.Errorf("%q: %s", wrong, out)
		}
	}
}
