package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/legato-flow/legato/dev"
)

var (
	yamlBlock = regexp.MustCompile("(?s)```yaml\n# definitions/(flows/[a-z-]+\\.yaml)\n(.*?)```")
	lintSays  = regexp.MustCompile(`(?m)^\$ bin/legato flow lint\n(.*)$`)
)

// TestTheFlowsInTheDocumentationAreWhatTheySay checks the flows that the README and the guide show, beside those that
// ship, and that lint says what is printed there.
func TestTheFlowsInTheDocumentationAreWhatTheySay(t *testing.T) {
	t.Parallel()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"README.md", "docs/guide/first-flow.md"} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(root, page))
			if err != nil {
				t.Fatal(err)
			}
			folder := filepath.Join(t.TempDir(), "definitions")
			if err := os.CopyFS(folder, os.DirFS(filepath.Join(root, "definitions"))); err != nil {
				t.Fatal(err)
			}
			blocks := yamlBlock.FindAllSubmatch(text, -1)
			says := lintSays.FindSubmatch(text)
			if len(blocks) == 0 || says == nil {
				t.Fatal("the page shows no flow, or not what lint says of it")
			}
			for _, block := range blocks {
				if err := os.WriteFile(filepath.Join(folder, string(block[1])), block[2], 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			command := rootCommand()
			command.SetArgs([]string{"flow", "lint", folder})
			command.SetOut(&out)
			command.SetErr(&out)
			if err := command.Execute(); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			if got := strings.TrimSpace(out.String()); got != string(says[1]) {
				t.Errorf("lint says %q, the page %q", got, says[1])
			}
		})
	}
}
