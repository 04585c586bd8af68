package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/simulate"
)

// testOptions are the flags of legato flow test.
type testOptions struct {
	run     string
	verbose bool
	asJSON  bool
	url     string
}

func flowTestCommand() *cobra.Command {
	var o testOptions
	command := &cobra.Command{
		Use:   "test [path...]",
		Short: "Run the tests of flows",
		Long: "Run the tests that stand beside flows, flows/<name>_test.yaml, in virtual time. A path is a folder of definitions\n" +
			"(./definitions by default), a flow's file or a file of tests. It needs nothing that runs: without DATABASE_URL it\n" +
			"starts a Postgres of its own. The exit code is 1 when a test fails.",
		Example: "  legato flow test\n  legato flow test definitions/flows/welcome_test.yaml --run 'greeted at once'",
		RunE: func(command *cobra.Command, paths []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			c, err := config.Load(os.Getenv, "LEGATO_DEFINITIONS")
			if err != nil {
				return err
			}
			o.url = string(c.DatabaseURL)
			if len(paths) == 0 {
				paths = []string{c.Definitions}
			}
			return o.test(ctx, command.OutOrStdout(), command.ErrOrStderr(), paths)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.run, "run", "", "only tests whose name matches this regular expression")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "name every test")
	flags.BoolVar(&o.asJSON, "json", false, "print JSON")
	return command
}

// testFile is a file of tests with the folder of definitions that it belongs to.
type testFile struct{ root, file string }

func (o *testOptions) test(ctx context.Context, out, problemsTo io.Writer, paths []string) (err error) {
	only := func(string) bool { return true }
	if o.run != "" {
		pattern, err := regexp.Compile(o.run)
		if err != nil {
			return fmt.Errorf("--run: %w", err)
		}
		only = pattern.MatchString
	}
	files, err := testFiles(paths)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("there are no tests; those of a flow stand beside it, in flows/<name>_test.yaml")
	}
	definitions := map[string]*flow.Definitions{}
	var tests []*simulate.File
	var roots []string
	var problems flow.Problems
	for _, f := range files {
		if definitions[f.root] == nil {
			d, found := loadDefinitions(f.root)
			definitions[f.root] = d
			for _, p := range found {
				if p.Severity == flow.IsError {
					problems = append(problems, p)
				}
			}
		}
		data, err := os.ReadFile(f.file)
		if err != nil {
			return fmt.Errorf("reading tests: %w", err)
		}
		one, found := simulate.ReadFile(f.file, data)
		problems = append(problems, found...)
		tests, roots = append(tests, one), append(roots, f.root)
	}
	if err := problems.Err(); err != nil {
		fmt.Fprintln(problemsTo, err)
		return fmt.Errorf("%s keep the tests from running", count(problems.Count(flow.IsError), "problem"))
	}
	scratch, done, err := scratchDatabase(ctx, o.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	standard, err := config.Load(func(string) string { return "" }, "LEGATO_DEFINITIONS") // the same on every machine
	if err != nil {
		return err
	}
	settings := settingsOf(standard)
	var verdicts []simulate.Verdict
	for i, f := range tests {
		some, err := f.Test(ctx, scratch, simulate.Options{Definitions: definitions[roots[i]], Settings: settings}, only)
		if err != nil {
			return err
		}
		verdicts = append(verdicts, some...)
	}
	return o.report(out, verdicts)
}

// testFiles finds the files of tests of paths, each once, in order.
func testFiles(paths []string) ([]testFile, error) {
	var files []testFile
	for _, path := range paths {
		root, only, err := place(filepath.Clean(path))
		if err != nil {
			return nil, err
		}
		if only != "" {
			if !simulate.TestName(only) {
				only = only[:len(only)-len(filepath.Ext(only))] + "_test.yaml"
			}
			if _, err := os.Stat(only); err != nil {
				return nil, fmt.Errorf("looking for tests: %w", err)
			}
			files = append(files, testFile{root, only})
			continue
		}
		found, err := filepath.Glob(filepath.Join(root, "flows", "*_test.yaml"))
		if err != nil {
			return nil, fmt.Errorf("looking for tests: %w", err)
		}
		for _, file := range found {
			if simulate.TestName(file) {
				files = append(files, testFile{root, file})
			}
		}
	}
	slices.SortFunc(files, func(a, b testFile) int {
		switch {
		case a.file < b.file:
			return -1
		case a.file > b.file:
			return 1
		}
		return 0
	})
	return slices.CompactFunc(files, func(a, b testFile) bool { return a.file == b.file }), nil
}

func (o *testOptions) report(out io.Writer, verdicts []simulate.Verdict) error {
	flows, failed := map[string]bool{}, 0
	type asJSON struct {
		File     string   `json:"file"`
		Flow     string   `json:"flow"`
		Name     string   `json:"name"`
		Passed   bool     `json:"passed"`
		Millis   int64    `json:"milliseconds"`
		Failures []string `json:"failures,omitempty"`
	}
	all := []asJSON{}
	for _, v := range verdicts {
		flows[v.Flow] = true
		one := asJSON{File: v.File, Flow: v.Flow, Name: v.Name, Passed: len(v.Failures) == 0, Millis: v.Took.Milliseconds()}
		if !one.Passed {
			failed++
		}
		if !o.asJSON && (!one.Passed || o.verbose) {
			verdict := "ok  "
			if !one.Passed {
				verdict = "FAIL"
			}
			fmt.Fprintf(out, "%s %s: %s (%d ms)\n", verdict, v.Flow, v.Name, one.Millis)
		}
		for _, f := range v.Failures {
			one.Failures = append(one.Failures, f.String())
			if !o.asJSON {
				fmt.Fprintf(out, "  %s\n", f)
			}
		}
		all = append(all, one)
	}
	if o.asJSON {
		if err := printJSON(out, map[string]any{"flows": len(flows), "tests": len(verdicts), "failed": failed, "results": all}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out, "%s, %s, %d failed\n", count(len(flows), "flow"), count(len(verdicts), "test"), failed)
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%s failed", count(failed, "test"))
	case len(verdicts) == 0:
		return errors.New("no test has such a name")
	}
	return nil
}
