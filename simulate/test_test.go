package simulate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/simulate"
)

// scratch is one for the test alone.
func scratch(t *testing.T, url string) *simulate.Scratch {
	t.Helper()
	s, err := simulate.OpenScratch(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// shipped are the definitions that come with Legato.
func shipped(t *testing.T) (*flow.Definitions, string) {
	t.Helper()
	root, err := testkit.Root()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "definitions")
	engine := content.New(content.Options{})
	d, problems := flow.Load(os.DirFS(folder), folder, flow.LoadOptions{Feeds: func(name string, source []byte) []string {
		parsed, err := engine.Parse(name, source)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Feeds()
	}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return d, folder
}

func TestTheFlowsThatShipPassTheirTests(t *testing.T) {
	t.Parallel()
	d, folder := shipped(t)
	s := scratch(t, testkit.DatabaseURL(t))
	for _, f := range d.Flows {
		file := filepath.Join(folder, "flows", f.ID+"_test.yaml")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("flow %s has no tests: %v", f.ID, err)
			continue
		}
		tests, problems := simulate.ReadFile(file, data)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		verdicts, err := tests.Test(t.Context(), s, d, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			t.Logf("%s: %s (%s)", v.Flow, v.Name, v.Took)
			for _, failure := range v.Failures {
				t.Errorf("%s: %s\n%s", v.Flow, v.Name, failure)
			}
		}
	}
}
