package definition_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/definition"
	"github.com/legato-flow/legato/flow/export"
	"github.com/legato-flow/legato/flow/plan"
)

// names are those of a shop.
type names struct{ metrics, lists map[string]string }

var shop = names{
	metrics: map[string]string{"ADDCRT": "Added to Cart", "PLCORD": "Placed Order", "SUBBIS": "Subscribed to Back in Stock"},
	lists:   map[string]string{"LISTAA": "Newsletter", "LISTBB": "LISTBB"},
}

func (n names) Metric(id string) (string, bool)     { name, ok := n.metrics[id]; return name, ok }
func (n names) List(id string) (string, bool)       { name, ok := n.lists[id]; return name, ok }
func (n names) MetricID(name string) (string, bool) { return reverse(n.metrics, name) }
func (n names) ListID(name string) (string, bool)   { return reverse(n.lists, name) }
func (n names) Template(id string) bool             { return strings.HasPrefix(id, "TPL") }

func reverse(m map[string]string, name string) (string, bool) {
	for id, n := range m {
		if n == name {
			return id, true
		}
	}
	return "", false
}

var fresh = definition.Options{Flow: "f1", Name: "A flow", Names: shop, New: true}

func read(t testing.TB, data []byte, o definition.Options) *plan.Plan {
	t.Helper()
	p, problems := definition.Read(data, "", o)
	if len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, data)
	}
	return p
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tour takes a definition through plan, JSON and YAML, and gives the plan and the canonical JSON.
func tour(t testing.TB, data []byte, o definition.Options) (*plan.Plan, []byte) {
	t.Helper()
	p := read(t, data, o)
	first := encode(t, definition.Write(p, shop))
	o.New = false
	again := read(t, first, o)
	if diff := cmp.Diff(p, again); diff != "" {
		t.Fatalf("the JSON of the plan makes another plan: %s\n%s", diff, first)
	}
	yaml, err := export.YAML(p, plan.Draft)
	if err != nil {
		t.Fatalf("%v\n%s", err, first)
	}
	f, problems := flow.Parse("f.yaml", yaml)
	if f == nil {
		t.Fatalf("%v\n%s", problems, yaml)
	}
	if diff := cmp.Diff(p, f.Plan); diff != "" {
		t.Fatalf("the YAML of the plan makes another plan: %s\n%s", diff, yaml)
	}
	if diff := cmp.Diff(string(first), string(encode(t, definition.Write(f.Plan, shop)))); diff != "" {
		t.Fatalf("the JSON is another one after YAML: %s", diff)
	}
	return p, first
}

func TestDefinitionsGoThroughPlansAndYAMLAndBack(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no definitions", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".plan.json") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, _ := tour(t, data, fresh)
			golden := strings.TrimSuffix(file, ".json") + ".plan.json"
			got := string(encode(t, p)) + "\n"
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
