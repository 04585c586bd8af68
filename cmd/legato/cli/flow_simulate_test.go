package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/flow/apply"
	"github.com/legato-flow/legato/internal/testkit"
)

// shippedCopy is a copy of the definitions that come with Legato, whose tests may be changed.
func shippedCopy(t *testing.T) string {
	t.Helper()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "definitions")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(root, "definitions"))); err != nil {
		t.Fatal(err)
	}
	return folder
}

func page(t *testing.T, name string) string {
	t.Helper()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// quoted are the arguments of a command line with single quotes.
var quoted = regexp.MustCompile(`'([^']*)'|(\S+)`)

func arguments(line string) []string {
	var all []string
	for _, m := range quoted.FindAllStringSubmatch(line, -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}

func TestTheGuideToTestingShowsWhatSimulateSays(t *testing.T) {
	t.Parallel()
	said := regexp.MustCompile("(?s)\\$ bin/legato flow simulate ([^\n]*)\n(.*?)```").FindStringSubmatch(page(t, "docs/guide/testing-flows.md"))
	if said == nil {
		t.Fatal("the guide shows no simulation")
	}
	command := flowSimulateCommand()
	if err := command.ParseFlags(arguments(said[1])); err != nil {
		t.Fatal(err)
	}
	flags := command.Flags()
	events, err := flags.GetStringArray("event")
	if err != nil {
		t.Fatal(err)
	}
	o := simulateOptions{events: events, person: flags.Lookup("person").Value.String(), at: flags.Lookup("at").Value.String(),
		people: 1, url: testkit.DatabaseURL(t), definitions: shippedCopy(t)}
	var out bytes.Buffer
	if err := o.run(t.Context(), &out, flags.Arg(0), time.Now()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(said[2], out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheGuideToTestingShowsWhatTestSays(t *testing.T) {
	t.Parallel()
	text := page(t, "docs/guide/testing-flows.md")
	written := regexp.MustCompile("(?s)```yaml\n# definitions/(flows/[a-z-]+_test\\.yaml)\n(.*?)```").FindStringSubmatch(text)
	said := regexp.MustCompile("(?s)\\$ bin/legato flow test definitions/([^\n]*)\n(.*?)```").FindStringSubmatch(text)
	if written == nil || said == nil {
		t.Fatal("the guide shows no test")
	}
	folder := shippedCopy(t)
	if err := os.WriteFile(filepath.Join(folder, written[1]), []byte(written[2]), 0o644); err != nil {
		t.Fatal(err)
	}
	o := testOptions{url: testkit.DatabaseURL(t)}
	var out bytes.Buffer
	if err := o.test(t.Context(), &out, &out, []string{filepath.Join(folder, said[1])}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if out.String() != said[2] {
		t.Errorf("test says %q, the guide %q", out.String(), said[2])
	}
}

const failingTest = `flow: welcome
tests:
  - name: greets
    given: {email: ada@example.com}
    events: [{join: Newsletter}]
    expect:
      messages: []
  - name: is done
    given: {email: ada@example.com}
    events: [{join: Newsletter}]
    expect: {status: done}
`

func TestATestThatFailsFailsTheCommand(t *testing.T) {
	t.Parallel()
	folder := shippedCopy(t)
	file := filepath.Join(folder, "flows", "welcome_test.yaml")
	if err := os.WriteFile(file, []byte(failingTest), 0o644); err != nil {
		t.Fatal(err)
	}
	url := testkit.DatabaseURL(t)
	run := func(o testOptions, path string) (string, error) {
		o.url = url
		var out bytes.Buffer
		err := o.test(t.Context(), &out, &out, []string{path})
		return out.String(), err
	}
	// A flow's file stands for its tests.
	out, err := run(testOptions{}, filepath.Join(folder, "flows", "welcome.yaml"))
	if err == nil || err.Error() != "1 test failed" || !strings.Contains(out, "FAIL welcome: greets (") ||
		!strings.Contains(out, "welcome_test.yaml:7:17: expected 0 messages, sent were:") || !strings.HasSuffix(out, "1 flow, 2 tests, 1 failed\n") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = run(testOptions{run: "^is done$", verbose: true}, file)
	if err != nil || !strings.HasPrefix(out, "ok   welcome: is done (") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = run(testOptions{asJSON: true}, file)
	var said struct {
		Tests, Failed int
		Results       []struct {
			Name   string
			Passed bool
		}
	}
	if err == nil || json.Unmarshal([]byte(out), &said) != nil || said.Tests != 2 || said.Failed != 1 || said.Results[0].Passed || !said.Results[1].Passed {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err = run(testOptions{run: "nothing is called so"}, file); err == nil {
		t.Error("no test ran, and that is well")
	}
	if err := os.WriteFile(file, []byte("flow: welcome\ntests: [{nam: x}]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err = run(testOptions{}, file); err == nil || !strings.Contains(out, `welcome_test.yaml:2:10: unknown key "nam" in a test: did you mean name?`) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestSimulateNeedsNothingThatRuns(t *testing.T) {
	t.Parallel()
	o := simulateOptions{events: []string{`{"join": "Newsletter"}`}, person: `{"email": "ada@example.com", "first_name": "A\u00e9\/"}`,
		asJSON: true, people: 1, definitions: shippedCopy(t)}
	var out bytes.Buffer
	if err := o.run(t.Context(), &out, filepath.Join(o.definitions, "flows", "welcome.yaml"), time.Now()); err != nil {
		t.Fatal(err)
	}
	var line struct {
		Status   string
		Timeline []struct {
			Kind    string
			Message *struct{ Subject string }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Status != "done" || !strings.Contains(out.String(), "Welcome to The Sample Shop, Aé/") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestSimulateSaysWhatIsWrongWithItsFlags(t *testing.T) {
	t.Parallel()
	folder := shippedCopy(t)
	for _, test := range []struct {
		name string
		o    simulateOptions
		flow string
		want string
	}{
		{"an unknown flow", simulateOptions{}, "wellcome", "has no flow wellcome; there are: abandoned-cart"},
		{"an unknown key", simulateOptions{person: `{"mail": "a@b.de"}`}, "welcome", `--person:1:2: unknown key "mail" in a person: did you mean email?`},
		{"no JSON", simulateOptions{events: []string{"{"}}, "welcome", "--event:1:"},
		{"no file", simulateOptions{person: "@nowhere.json"}, "welcome", "--person: open nowhere.json"},
		{"no database", simulateOptions{window: "30d"}, "welcome", "--on-history needs DATABASE_URL"},
		{"both at once", simulateOptions{window: "30d", person: "{}", url: "x"}, "welcome", "leave the other flags"},
		{"the past", simulateOptions{events: []string{`{"metric": "A", "at": "-1h"}`}}, "welcome", "this happens before the beginning"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.o.people, test.o.definitions = 1, folder
			err := test.o.run(t.Context(), &bytes.Buffer{}, test.flow, time.Now())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestSimulateRunsOverWhatIsStored(t *testing.T) {
	t.Parallel()
	url, folder := testkit.DatabaseURL(t), shippedCopy(t)
	o := simulateOptions{window: "7d", people: 10, limit: 5, url: url, definitions: folder}
	var out bytes.Buffer
	if err := o.run(t.Context(), &out, "abandoned-cart", time.Now()); err != nil || !strings.Contains(out.String(), ": 0 people, 0 events\n\nentered 0\n\n0 messages\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestExplainIsPrinted(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	d, problems := loadDefinitions(shippedCopy(t))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if err := apply.Definitions(t.Context(), s, d); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec("insert into profile (id, email) values ('01ADA', 'ada@example.com')"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := explain(t.Context(), s, &out, "abandoned-cart", "ada@example.com", false); err != nil ||
		!strings.Contains(out.String(), "no such event of this person has been seen") {
		t.Errorf("%v\n%s", err, out.String())
	}
	out.Reset()
	if err := explain(t.Context(), s, &out, "abandoned-cart", "01ADA", true); err != nil || !json.Valid(out.Bytes()) {
		t.Errorf("%v\n%s", err, out.String())
	}
}
