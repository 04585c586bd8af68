package export_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/export"
	"github.com/legato-flow/legato/flow/plan"
)

var update = flag.Bool("update", false, "write what comes out to the golden files")

// fataler is what tests and property tests have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// comesBack writes the plan, reads that, and compares the plans.
func comesBack(t fataler, p *plan.Plan) []byte {
	t.Helper()
	written, err := export.YAML(p, plan.Draft)
	if err != nil {
		t.Fatalf("%v\n%s", err, p.Encode())
	}
	f, problems := flow.Parse("export.yaml", written)
	if problems.Err() != nil {
		t.Fatalf("%v\n\n%s\n%s", problems, written, p.Encode())
	}
	if diff := cmp.Diff(string(p.Encode()), string(f.Plan.Encode())); diff != "" {
		t.Fatalf("%s\n%s\n%s", diff, written, cmp.Diff(p, f.Plan))
	}
	return written
}

func TestEveryPlanComesBackFromItsText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { comesBack(t, anyPlan(t)) })
}

// In a manual flow a message without a status is manual, so that one that is live has to say so.
func TestAManualFlowComesBack(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../testdata/plan/manual-flow.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, problems := flow.Parse("flow.yaml", source)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	written, err := export.YAML(f.Plan, f.Status)
	if err != nil {
		t.Fatal(err)
	}
	again, problems := flow.Parse("export.yaml", written)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.Plan, again.Plan); diff != "" {
		t.Errorf("%s\n%s", diff, written)
	}
}

func TestFlowsThatPeopleWroteComeBack(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"../testdata/plan/*.yaml", "../../definitions/flows/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		files = slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.yaml") })
		if len(files) == 0 {
			t.Fatal("no flows in " + pattern)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				source, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				f, problems := flow.Parse(file, source)
				if problems.Err() != nil {
					t.Fatal(problems)
				}
				comesBack(t, f.Plan)
			})
		}
	}
}

// TestTheTextIsReadable compares what is written for the plans in testdata with the file beside each. A case is
// added by adding a flow and running the test with -update.
func TestTheTextIsReadable(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/*.yaml")
	if len(files) == 0 {
		t.Fatal("no cases")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f, problems := flow.Parse(file, source)
			if problems.Err() != nil {
				t.Fatal(problems)
			}
			got := comesBack(t, f.Plan)
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlansThatCannotBeWrittenAreRefused(t *testing.T) {
	t.Parallel()
	metric := []plan.Trigger{{Metric: &plan.MetricTrigger{Metric: "A"}}}
	mail := func(id, next string) plan.Step {
		return plan.Step{ID: id, Kind: plan.KindEmail, Next: next, Email: &plan.Email{Template: "x"}}
	}
	split := func(next, then, otherwise string) plan.Step {
		return plan.Step{ID: "a", Kind: plan.KindIf, Next: next,
			If: &plan.If{Branches: []plan.Branch{{When: "true", Next: then}}, Else: otherwise}}
	}
	for name, c := range map[string]struct {
		steps []plan.Step
		want  string
	}{
		"a circle":                  {[]plan.Step{mail("a", "b"), mail("b", "a")}, "circle"},
		"a link to nothing":         {[]plan.Step{mail("a", "b")}, `step a leads to "b"`},
		"a step nothing leads to":   {[]plan.Step{mail("a", ""), mail("b", "")}, "nothing leads to step b"},
		"no first step":             {[]plan.Step{mail("b", "")}, "no first step"},
		"a branch that just ends":   {[]plan.Step{split("b", "", "b"), mail("b", "")}, "a run ends after step a"},
		"a step without settings":   {[]plan.Step{{ID: "a", Kind: plan.KindEmail}}, "has no settings"},
		"a part of a second":        {[]plan.Step{{ID: "a", Kind: plan.KindWait, Wait: &plan.Wait{Duration: 1}}}, "whole seconds"},
		"a branch without question": {[]plan.Step{{ID: "a", Kind: plan.KindIf, If: &plan.If{Branches: []plan.Branch{{}}}}}, "no condition"},
	} {
		p := &plan.Plan{Format: plan.Format, Flow: "x", Name: "x", Triggers: metric, Reentry: plan.Reentry{Mode: plan.Always}, Entry: "a", Steps: c.steps}
		if _, err := export.YAML(p, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
