package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run has go test -json run a small module with the files, and sums up what it printed.
func run(t *testing.T, files map[string]string) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example.com/x\n\ngo 1.26\n"
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("go", "test", "-json", "./...")
	command.Dir, command.Stderr = dir, os.Stderr
	out, _ := command.Output() // it fails where a test does
	var b bytes.Buffer
	s := newSummary(&b)
	if err := s.read(bytes.NewReader(out)); err != nil {
		t.Fatal(err)
	}
	ok := s.close()
	return b.String(), ok
}

const header = "package a\nimport \"testing\"\n"

func TestPassingTestsAreCountedAndSilent(t *testing.T) {
	t.Parallel()
	out, ok := run(t, map[string]string{
		"a/a_test.go": header + `func TestOne(t *testing.T) { t.Log("chatter"); t.Run("sub", func(t *testing.T) {}) }
func TestTwo(t *testing.T) { t.Skip("not today") }`,
	})
	if !ok || !strings.HasSuffix(out, "\n2 passed, 0 failed, 1 skipped\n") || !strings.HasPrefix(out, "ok  \texample.com/x/a\t") || strings.Contains(out, "chatter") {
		t.Errorf("%v\n%s", ok, out)
	}
}

func TestFailuresAreShownAndCounted(t *testing.T) {
	t.Parallel()
	out, ok := run(t, map[string]string{
		"a/a_test.go": header + `func TestOne(t *testing.T) { t.Error("the reason") }
func TestTwo(t *testing.T) {}`,
		"b/b_test.go": "package b\nthis does not compile\n",
		"c/c_test.go": "package c\nimport (\"os\"; \"testing\")\nfunc TestFalls(t *testing.T) { println(\"last words\"); os.Exit(3) }\n",
	})
	if ok || !strings.HasSuffix(out, "\n1 passed, 3 failed, 0 skipped\n") {
		t.Errorf("%v\n%s", ok, out)
	}
	for _, want := range []string{"the reason", "b_test.go:2:1", "last words", "failed: example.com/x/a TestOne\n", "failed: example.com/x/b\n", "FAIL\texample.com/x/c"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestTextIsCountedByPackage(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	s := newSummary(&b)
	if err := s.read(strings.NewReader("building\nok  \tx/a\t0.1s\n?   \tx/n\t[no test files]\n--- FAIL: TestB (0.00s)\nFAIL\nFAIL\tx/b\t0.2s\nFAIL\n")); err != nil {
		t.Fatal(err)
	}
	if s.close() || !strings.HasSuffix(b.String(), "\n1 passed, 1 failed, 0 skipped\n") || !strings.HasPrefix(b.String(), "building\n") {
		t.Error(b.String())
	}
}

func TestNoTestAtAllIsAFailure(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if newSummary(&b).close() || !strings.HasPrefix(b.String(), "no test ran\n") {
		t.Error(b.String())
	}
}
