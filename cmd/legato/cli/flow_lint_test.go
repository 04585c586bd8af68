package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runLint runs the command and gives what it prints to each side.
func runLint(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	command := flowLintCommand()
	command.SilenceErrors = true // the root prints the error
	command.SetOut(&out)
	command.SetErr(&errs)
	command.SetArgs(args)
	err = command.Execute()
	return out.String(), errs.String(), err
}

// definitionsIn writes files into a fresh folder.
func definitionsIn(t *testing.T, files map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "definitions")
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const (
	goodFlow     = "flow: good\ntrigger: {metric: A}\nsteps:\n  - email: hello\n"
	goodTemplate = "---\nsubject: Hello\n---\n<p>{{ person.first_name }}</p>\n"
)

func TestLintFindsNothingWrongWithOurDefinitions(t *testing.T) {
	t.Parallel()
	stdout, stderr, err := runLint(t, "../../../definitions")
	if err != nil || stderr != "" || stdout != "12 flows, 20 templates, 2 feeds: no problems\n" {
		t.Errorf("%q, %q, %v", stdout, stderr, err)
	}
}

func TestLintPrintsEveryProblemWithItsPlace(t *testing.T) {
	t.Parallel()
	root := definitionsIn(t, map[string]string{
		"flows/good.yaml":        goodFlow,
		"flows/bad.yaml":         "flow: bad\ntrigger: {metric: A}\nsteps:\n  - emial: hello\n  - teleport: hello\n",
		"templates/hello.liquid": goodTemplate,
		"templates/bad.liquid":   "---\nsubject: Hello\n---\n<p>{{ feeds.none }}</p>\n",
		"templates/worse.liquid": "---\nsubject: Hello\n---\n<p>{% if %}\n",
	})
	stdout, stderr, err := runLint(t, root)
	if err == nil || err.Error() != "2 flows, 3 templates, 0 feeds: 4 problems" {
		t.Errorf("error %v", err)
	}
	for _, want := range []string{
		`flows/bad.yaml:4:5: unknown key "emial": did you mean email?` + "\n      - emial: hello\n        ^\n",
		"flows/bad.yaml:5:5: unknown step kind \"teleport\"\n",
		"templates/bad.liquid:4:7: there is no feed none\n    <p>{{ feeds.none }}</p>\n          ^\n",
		"templates/worse.liquid:4:",
	} {
		if !strings.Contains(stderr, filepath.ToSlash(root)+"/"+want) {
			t.Errorf("%q is missing in\n%s", want, stderr)
		}
	}
	if stdout != "" || strings.Contains(stderr, "Usage") || strings.Contains(stderr, "good.yaml") {
		t.Errorf("too much is printed: %s%s", stdout, stderr)
	}
}

func TestLintOfAFileLeavesOutTheOthers(t *testing.T) {
	t.Parallel()
	root := definitionsIn(t, map[string]string{
		"flows/good.yaml":        goodFlow,
		"flows/bad.yaml":         "flow: bad\n",
		"flows/lost.yaml":        strings.ReplaceAll(strings.ReplaceAll(goodFlow, "good", "lost"), "hello", "nowhere"),
		"templates/hello.liquid": goodTemplate,
	})
	if stdout, stderr, err := runLint(t, root+"/flows/good.yaml"); err != nil || stdout != "1 flow, 0 templates, 0 feeds: no problems\n" {
		t.Errorf("%q, %q, %v", stdout, stderr, err)
	}
	if _, stderr, err := runLint(t, root+"/flows/lost.yaml"); err == nil || !strings.Contains(stderr, "there is no template nowhere") {
		t.Errorf("%q, %v", stderr, err)
	}
	_, stderr, err := runLint(t, root, root+"/", root+"/flows/bad.yaml")
	if err == nil || strings.Count(stderr, "a flow needs trigger") != 1 || !strings.HasPrefix(err.Error(), "3 flows,") {
		t.Errorf("%q, %v", stderr, err)
	}
}

func TestLintWarnsWithoutFailing(t *testing.T) {
	t.Parallel()
	root := definitionsIn(t, map[string]string{
		"flows/good.yaml":        goodFlow + "  - wait: 1d\n",
		"templates/hello.liquid": goodTemplate,
	})
	stdout, stderr, err := runLint(t, root)
	if err != nil || stdout != "1 flow, 1 template, 0 feeds: 1 warning\n" || !strings.Contains(stderr, "warning: no live step") {
		t.Errorf("%q, %q, %v", stdout, stderr, err)
	}
}

func TestLintSaysWhereItLooked(t *testing.T) {
	t.Parallel()
	root := definitionsIn(t, map[string]string{"other/good.yaml": goodFlow})
	for path, want := range map[string]string{
		root:                      "contains none of flows, templates, feeds",
		root + "/other/good.yaml": "is not in a folder called",
		root + "/nowhere":         "looking for definitions",
	} {
		if _, _, err := runLint(t, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
