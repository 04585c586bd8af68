package flow

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("update", false, "write what comes out to the golden files")

// golden calls run for each YAML file of a folder in testdata and compares what it gives with the file beside it.
// A case is added by adding a file and running the test with -update.
func golden(t *testing.T, folder, suffix string, run func(t *testing.T, file string, source []byte) []byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", folder, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := run(t, name+".yaml", source)
			want := strings.TrimSuffix(file, ".yaml") + suffix
			if *rewrite {
				if err := os.WriteFile(want, got, fs.FileMode(0o644)); err != nil {
					t.Fatal(err)
				}
				return
			}
			wanted, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(wanted), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFlowsBecomePlans(t *testing.T) {
	t.Parallel()
	golden(t, "plan", ".json", func(t *testing.T, file string, source []byte) []byte {
		f, problems := Parse(file, source)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return indented(t, f.Plan)
	})
}

func TestMistakesInFlowsAreShownAtTheirPlace(t *testing.T) {
	t.Parallel()
	golden(t, "error", ".txt", func(t *testing.T, file string, source []byte) []byte {
		f, problems := Parse(file, source)
		if len(problems) == 0 {
			t.Fatal("no problem was found")
		}
		if (f == nil) != (problems.Err() != nil) {
			t.Errorf("flow %v and error %v contradict each other", f, problems.Err())
		}
		return []byte(problems.Error() + "\n")
	})
}

func TestFeedsAndTheirMistakes(t *testing.T) {
	t.Parallel()
	golden(t, "feed", ".txt", func(t *testing.T, file string, source []byte) []byte {
		feed, problems := ParseFeed(file, source)
		if problems.Err() == nil && strings.HasPrefix(file, "error-") {
			t.Error("no problem was found")
		}
		if len(problems) > 0 {
			return []byte(problems.Error() + "\n")
		}
		return indented(t, feed)
	})
}
