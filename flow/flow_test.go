package flow

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/flow/plan"
)

func mustParse(t *testing.T, source string) *Flow {
	t.Helper()
	f, problems := Parse("test.yaml", []byte(source))
	if problems.Err() != nil {
		t.Fatalf("%s\nin\n%s", problems, source)
	}
	return f
}

const small = `flow: small
trigger:
  metric: Placed Order
steps:
  - wait: 7d
  - if: event.value > 1
    then:
      - email: a
  - email: b
`

func TestHashIsThatOfTheMeaningNotOfTheText(t *testing.T) {
	t.Parallel()
	want := mustParse(t, small).Plan.Hash()
	same := map[string]string{
		"again":             small,
		"comments":          "# above\n" + strings.ReplaceAll(small, "\n  - wait", "\n\n  # here\n  - wait"),
		"other white space": strings.ReplaceAll(strings.ReplaceAll(small, ": ", ":   "), "\n", "  \n"),
		"Windows lines":     strings.ReplaceAll(small, "\n", "\r\n"),
		"quotes":            strings.ReplaceAll(small, "Placed Order", `"Placed Order"`),
		"braces":            strings.ReplaceAll(small, "trigger:\n  metric: Placed Order", "trigger: {metric: Placed Order}"),
		"order of keys":     strings.Replace("steps:"+strings.SplitAfter(small, "steps:")[1]+strings.Split(small, "steps:")[0], "\n\n", "\n", 1),
		"the same duration": strings.ReplaceAll(small, "7d", "1w"),
		"defaults spelt":    strings.ReplaceAll(small, "steps:", "name: small\nstatus: draft\nreentry: always\nsteps:"),
		"status":            strings.ReplaceAll(small, "steps:", "status: live\nsteps:"),
		"long form":         strings.ReplaceAll(small, "email: b", "email: {template: b}\n    status: live"),
	}
	for name, source := range same {
		if got := mustParse(t, source).Plan.Hash(); got != want {
			t.Errorf("%s: the hash changed", name)
		}
	}
	other := map[string]string{
		"duration":   strings.ReplaceAll(small, "7d", "8d"),
		"metric":     strings.ReplaceAll(small, "Placed", "placed"),
		"expression": strings.ReplaceAll(small, "> 1", "> 2"),
		"template":   strings.ReplaceAll(small, "email: b", "email: c"),
		"order":      strings.ReplaceAll(small, "  - email: b\n", "  - email: b\n  - wait: 1d\n  - email: d\n"),
		"reentry":    small + "reentry: never\n",
		"draft step": strings.ReplaceAll(small, "email: b", "email: b\n    status: draft"),
	}
	for name, source := range other {
		if mustParse(t, source).Plan.Hash() == want {
			t.Errorf("%s: the hash did not change", name)
		}
	}
}

func TestPlansSurviveStorage(t *testing.T) {
	t.Parallel()
	files, _ := filepath.Glob("testdata/plan/*.yaml")
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := mustParse(t, string(source)).Plan
		back, err := plan.Decode(p.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, back); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

// checkPlan holds a plan to what workflows rely on, and to the rules for plans that others make.
func checkPlan(t *testing.T, p *plan.Plan, status string) {
	t.Helper()
	for _, finding := range CheckPlan(p, status) {
		if finding.Severity == IsError {
			t.Errorf("CheckPlan refuses what Parse made: %s", finding)
		}
	}
	place := map[string]int{}
	for i, s := range p.Steps {
		if _, twice := place[s.ID]; twice || !idPattern.MatchString(s.ID) || len(s.ID) > maxID+8 {
			t.Errorf("step id %q is not unique or not an id", s.ID)
		}
		place[s.ID] = i
	}
	if len(p.Steps) == 0 || p.Steps[0].ID != p.Entry {
		t.Errorf("the entry %q is not the first step", p.Entry)
	}
	reached := map[string]bool{p.Entry: true}
	for i, s := range p.Steps {
		if !reached[s.ID] {
			t.Errorf("step %s cannot be reached", s.ID)
		}
		for _, next := range s.Successors() {
			if at, ok := place[next]; next != "" && (!ok || at <= i) {
				t.Errorf("step %s leads to %q, which does not come after it", s.ID, next)
			}
			reached[next] = true
		}
	}
	if p.Hash() == "" || p.Flow == "" || p.Reentry.Mode == "" {
		t.Errorf("something is missing in %+v", p)
	}
}

func TestPlansAreOrderedAndConnected(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"testdata/plan", "../definitions/flows"} {
		files, _ := filepath.Glob(folder + "/*.yaml")
		if len(files) == 0 {
			t.Fatal("no flows in " + folder)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.yaml") { // of a flow beside it
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := mustParse(t, string(source))
			checkPlan(t, f.Plan, f.Status)
		}
	}
}

func TestHostileFilesAreRefusedQuickly(t *testing.T) {
	t.Parallel()
	const n = 60_000
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, source := range map[string]string{
		"too large":           strings.Repeat("#", maxFile+1),
		"brackets":            strings.Repeat("[", n),
		"closed brackets":     strings.Repeat("[", n/2) + strings.Repeat("]", n/2),
		"braces":              strings.Repeat("{", n),
		"dashes":              strings.Repeat("- ", n/2),
		"question marks":      strings.Repeat("? ", n/2),
		"anchors":             strings.Repeat("&a ", n/3),
		"aliases":             "a: &a [x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n",
		"keys in one line":    strings.Repeat("a: ", n/3),
		"many keys":           many("k%d: 1\n", 8_000),
		"many keys in braces": "{" + many("k%d: 1,", 3_000) + "}",
		"many unknown steps":  "flow: x\ntrigger: {metric: A}\nsteps:\n" + many("  - s%d: 1\n", 3_000),
		"steps in one line":   "flow: x\ntrigger: {metric: A}\nsteps: [" + many("{s%d: 1},", 2_000) + "]",
		"a long line":         "flow: x\ntrigger: {metric: A}\nsteps:\n" + many("  - if: '"+strings.Repeat(" ", 1000)+")%d'\n    then: []\n", 190),
		"deep indentation":    many("%[1]*[1]da:\n", 600),
		"quotes":              strings.Repeat("'", n),
		"an endless quote":    `a: "` + strings.Repeat("x\n ", n/3),
		"colons":              strings.Repeat(":", n),
		"carriage returns":    strings.Repeat("\r", n),
		"pipes":               strings.Repeat("a: |\n", n/5),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			f, problems := Parse("hostile.yaml", []byte(source))
			if f != nil || problems.Err() == nil {
				t.Error("it was accepted")
			}
			if len(problems) > maxProblems+1 || len(problems.Error()) > 100_000 {
				t.Errorf("%d problems in %d bytes", len(problems), len(problems.Error()))
			}
			if took := time.Since(start); took > 30*time.Second { // each takes well under a second on an idle machine
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestNearestFindsSlips(t *testing.T) {
	t.Parallel()
	known := []string{"wait", "if", "email", "update_profile", "exit", "on", "for"}
	for word, want := range map[string]string{
		"emial": "email", "e-mail": "email", "emails": "email", "wiat": "wait", "updateprofile": "update_profile",
		"update_profil": "update_profile", "fro": "for", "teleport": "", "x": "", "": "", "sms": "", strings.Repeat("a", 50): "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("%q is near %q, want %q", word, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/plan/*.yaml", "testdata/error/*.yaml", "testdata/feed/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(source)
		}
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		_, _ = ParseFeed("fuzz.yaml", source)
		flow, problems := Parse("fuzz.yaml", source)
		if (flow == nil) != (problems.Err() != nil) {
			t.Fatalf("flow %v and problems %v contradict each other", flow, problems)
		}
		lines := strings.Count(string(source), "\n") + strings.Count(string(source), "\r") + 1
		for _, p := range problems {
			if p.Message == "" || p.Line < 0 || p.Line > lines || p.Line > 0 && p.Column < 1 {
				t.Fatalf("a problem has no good place: %+v", p)
			}
		}
		if flow == nil {
			return
		}
		checkPlan(t, flow.Plan, flow.Status)
		again, _ := Parse("fuzz.yaml", source)
		if again.Plan.Hash() != flow.Plan.Hash() {
			t.Fatal("two plans of one text differ")
		}
	})
}
