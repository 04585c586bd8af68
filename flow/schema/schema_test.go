package schema_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/schema"
)

var update = flag.Bool("update", false, "write the schema and the reference page")

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("flow.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("flow.schema.json") // held to the meta-schema of its draft
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate holds a YAML text to the schema.
func validate(t *testing.T, s *jsonschema.Schema, source []byte) error {
	t.Helper()
	text, err := yaml.YAMLToJSON(bytes.TrimPrefix(source, []byte("\uFEFF")))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(document)
}

func TestTheSchemaLetsFlowsPass(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for _, pattern := range []string{"../../definitions/flows/*.yaml", "../testdata/plan/*.yaml", "../export/testdata/*.golden"} {
		files, _ := filepath.Glob(pattern)
		if len(files) == 0 {
			t.Fatal("no flows in " + pattern)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.yaml") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(t, s, source); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func TestTheSchemaLetsExamplesPass(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for _, spec := range flow.Steps() {
		step := "  - " + strings.ReplaceAll(strings.TrimSpace(spec.Example), "\n", "\n    ")
		if err := validate(t, s, []byte("flow: x\ntrigger: {metric: A}\nsteps:\n"+step+"\n")); err != nil {
			t.Errorf("%s: %v", spec.Kind, err)
		}
	}
	for _, spec := range flow.Triggers() {
		if err := validate(t, s, []byte("flow: x\nsteps: [{email: a}]\n"+spec.Example)); err != nil {
			t.Errorf("%s: %v", spec.Kind, err)
		}
	}
}

func TestTheSchemaRefusesWrongStructure(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for _, name := range []string{
		"unknown-keys", "missing-everything", "not-a-mapping", "steps-shapes", "steps-null", "step-shapes", "two-kinds-in-one-step",
		"unknown-step-kinds", "if-parts", "misplaced-keys-of-steps", "status", "durations", "trigger-misspelt", "trigger-missing-kind",
		"trigger-not-a-mapping", "trigger-two-kinds", "flow-ids", "reentry-word", "date-settings",
	} {
		source, err := os.ReadFile("../testdata/error/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, source); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestEveryTypeOfTheLanguageIsInTheSchema(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, typ := range flow.Types() {
		known[typ.Name] = true
	}
	var check func(where string, fields []flow.Field)
	check = func(where string, fields []flow.Field) {
		for _, f := range fields {
			if !known[f.Type] {
				t.Errorf("%s.%s has the type %q, which flow.Types does not list", where, f.Name, f.Type)
			}
			check(where+"."+f.Name, f.Fields)
		}
	}
	check("flow", flow.FlowFields())
	check("step", flow.StepFields())
	for _, spec := range append(flow.Steps(), flow.Triggers()...) {
		check(spec.Kind, spec.Fields)
		check(spec.Kind, spec.Beside)
		if spec.Type != "" && !known[spec.Type] {
			t.Errorf("%s has the type %q, which flow.Types does not list", spec.Kind, spec.Type)
		}
	}
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	// A key that takes anything is one whose type the schema forgot.
	if anything := regexp.MustCompile(`"[a-z_]+": \{\s*("description": "[^"]*"\s*)?\}`).Find(text); anything != nil {
		t.Errorf("anything goes at %s", anything)
	}
}

func TestReferencePagesAreUpToDate(t *testing.T) {
	t.Parallel()
	text, err := schema.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"flow.schema.json": text, "flow.md": schema.Markdown()} {
		page := filepath.Join("..", "..", "docs", "reference", name)
		if *update {
			if err := os.WriteFile(page, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("run go test ./flow/schema -update\n%s", diff)
		}
	}
}
