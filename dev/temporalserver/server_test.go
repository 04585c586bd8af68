package temporalserver_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/dev/postgres"
	"github.com/legato-flow/legato/dev/temporalserver"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

func TestTheServerServesAndKeepsItsDataOverARestart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		store func(t *testing.T) string
	}{
		{"in a file", func(*testing.T) string { return "" }},
		{"in Postgres", func(t *testing.T) string {
			db, err := postgres.Start(t.Context(), postgres.Options{Dir: t.TempDir(), Fast: true, Temporary: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Stop(); err != nil {
					t.Error(err)
				}
			})
			return db.URL
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			servesAndKeeps(t, test.store(t))
		})
	}
}

func servesAndKeeps(t *testing.T, address string) {
	t.Helper()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := temporalserver.Builder{Root: root, Caches: temporalserver.Caches(root)}.Binary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := temporalserver.Options{Binary: binary, Dir: t.TempDir(), UIPort: -1, Namespace: "first", Postgres: address}
	var first string
	for range 2 {
		s, err := temporalserver.Start(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.Dial(client.Options{HostPort: s.Address, Namespace: "first"})
		if err != nil {
			t.Fatal(err)
		}
		run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID: "kept", TaskQueue: "nobody",
			TypedSearchAttributes: temporal.NewSearchAttributes(temporal.NewSearchAttributeKeyKeyword("FlowID").ValueSet("kept")),
		}, "Anything")
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = run.GetRunID()
		} else if run.GetRunID() != first {
			t.Errorf("the workflow runs as %s and ran as %s before the restart", run.GetRunID(), first)
		}
		c.Close()
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAProgramThatFailsIsReportedWithWhatItSaid(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "temporal")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho disk full >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := temporalserver.Start(t.Context(), temporalserver.Options{Binary: script, Dir: t.TempDir(), UIPort: -1})
	if err == nil || err.Error() != "the Temporal server ended while it started: disk full" {
		t.Errorf("got %v", err)
	}
}

func TestTheServerIsBuiltOnceForItsSources(t *testing.T) {
	t.Parallel()
	root := module(t, "package main\n\nfunc main() {}\n")
	var mu sync.Mutex
	builds := 0
	b := temporalserver.Builder{Root: root, Caches: []string{t.TempDir()}, Progress: func(state string) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(state, "building") {
			builds++
		}
	}}
	paths := make([]string, 3)
	var group sync.WaitGroup
	for i := range paths {
		group.Go(func() {
			var err error
			if paths[i], err = b.Binary(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if builds != 1 || paths[0] != paths[1] || paths[1] != paths[2] {
		t.Errorf("built %d times, to %v", builds, paths)
	}
	if left, err := filepath.Glob(filepath.Join(b.Caches[0], "*.part")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	write(t, filepath.Join(root, "dev", "temporal", "main.go"), "package main\n\nfunc main() { println() }\n")
	path, err := b.Binary(t.Context())
	if err != nil || path == paths[0] || builds != 2 {
		t.Errorf("new sources: %s, built %d times, %v", path, builds, err)
	}
}

func TestACacheThatCannotBeWrittenToIsPassedOver(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	second := t.TempDir()
	b := temporalserver.Builder{Root: module(t, "package main\n\nfunc main() {}\n"), Caches: []string{filepath.Join(file, "cache"), second}}
	path, err := b.Binary(t.Context())
	if err != nil || filepath.Dir(path) != second {
		t.Errorf("got %s, %v", path, err)
	}
}

func TestSourcesThatDoNotCompileAreReportedWithTheCompilersWords(t *testing.T) {
	t.Parallel()
	b := temporalserver.Builder{Root: module(t, "package main\n\nfunc main() { undefined() }\n"), Caches: []string{t.TempDir()}}
	if _, err := b.Binary(t.Context()); err == nil || !strings.Contains(err.Error(), "undefined: undefined") {
		t.Errorf("got %v", err)
	}
	b.Root = t.TempDir()
	if _, err := b.Binary(t.Context()); err == nil || !strings.Contains(err.Error(), filepath.Join(b.Root, "dev", "temporal")) {
		t.Errorf("no sources: got %v", err)
	}
}

// module makes a repository whose Temporal server is a small program.
func module(t *testing.T, main string) string {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "dev", "temporal", "main.go"), main)
	write(t, filepath.Join(root, "dev", "temporal", "go.mod"), "module example.com/temporal\n\ngo 1.26\n")
	write(t, filepath.Join(root, "dev", "temporal", "go.sum"), "")
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
