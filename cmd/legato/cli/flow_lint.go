package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow"
)

// definitionFolders are what makes a folder one of definitions.
var definitionFolders = []string{"flows", "templates", "feeds"}

// flowLintCommand checks what people write.
func flowLintCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [path...]",
		Short: "Check flows, templates and feeds",
		Long: "Check definitions and print every problem with its file, line and column.\n" +
			"A path is a folder of definitions (./definitions by default) or one file in it. A file is checked together\n" +
			"with the others, and only its own problems are printed. Warnings alone do not make the command fail.",
		Example:      "  legato flow lint\n  legato flow lint definitions/flows/welcome.yaml",
		SilenceUsage: true,
		RunE: func(command *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				paths = []string{"definitions"}
			}
			l := &linter{files: map[string]string{}, seen: map[flow.Problem]bool{}}
			for _, path := range paths {
				if err := l.lint(filepath.Clean(path)); err != nil {
					return err
				}
			}
			l.problems.Sort()
			for _, p := range l.problems {
				fmt.Fprintln(command.ErrOrStderr(), p)
			}
			if n := l.problems.Count(flow.IsError); n > 0 {
				return fmt.Errorf("%s: %s", l.read(), count(n, "problem"))
			}
			verdict := "no problems"
			if n := l.problems.Count(flow.IsWarning); n > 0 {
				verdict = count(n, "warning")
			}
			fmt.Fprintf(command.OutOrStdout(), "%s: %s\n", l.read(), verdict)
			return nil
		},
	}
}

// linter gathers what several paths give, each file and each problem once.
type linter struct {
	files    map[string]string // file → folder
	seen     map[flow.Problem]bool
	problems flow.Problems
}

// lint checks a folder of definitions, or one file in it.
func (l *linter) lint(path string) error {
	root, only, err := place(path)
	if err != nil {
		return err
	}
	counted := 0
	for _, folder := range definitionFolders {
		suffix := ".yaml"
		if folder == "templates" {
			suffix = ".liquid"
		}
		entries, err := os.ReadDir(filepath.Join(root, folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking for definitions: %w", err)
		}
		counted++
		for _, entry := range entries {
			file := filepath.Join(root, folder, entry.Name())
			if strings.HasSuffix(file, suffix) && !strings.HasSuffix(file, "_test.yaml") && (only == "" || only == file) {
				l.files[file] = folder
			}
		}
	}
	if counted == 0 {
		return fmt.Errorf("%s is no folder of definitions: it contains none of %s", root, strings.Join(definitionFolders, ", "))
	}
	_, problems := loadDefinitions(root)
	for _, p := range problems {
		if (only == "" || only == filepath.FromSlash(p.File)) && !l.seen[p] {
			l.seen[p] = true
			l.problems = append(l.problems, p)
		}
	}
	return nil
}

// place gives the folder of definitions for a path, and the file if the path is one.
func place(path string) (root, only string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", fmt.Errorf("looking for definitions: %w", err)
	}
	if info.IsDir() {
		return path, "", nil
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", "", fmt.Errorf("looking for definitions: %w", err)
	}
	folder := filepath.Base(filepath.Dir(absolute))
	if !slices.Contains(definitionFolders, folder) {
		return "", "", fmt.Errorf("%s is not in a folder called %s", path, strings.Join(definitionFolders, " or "))
	}
	root = filepath.Join(filepath.Dir(path), "..")
	return root, filepath.Join(root, folder, filepath.Base(path)), nil
}

// read says how many files were checked.
func (l *linter) read() string {
	total := map[string]int{}
	for _, folder := range l.files {
		total[folder]++
	}
	return fmt.Sprintf("%s, %s, %s", count(total["flows"], "flow"), count(total["templates"], "template"), count(total["feeds"], "feed"))
}

// loadDefinitions reads a folder of definitions with everything that can be checked without running it.
func loadDefinitions(root string) (*flow.Definitions, flow.Problems) {
	engine := content.New(content.Options{})
	return flow.Load(os.DirFS(root), filepath.ToSlash(root), flow.LoadOptions{
		Check: func(name string, source []byte) flow.Problems {
			var problems flow.Problems
			for _, e := range content.Check(name, source) {
				problems = append(problems, flow.Problem{Line: e.Line, Column: e.Column, Message: e.Message})
			}
			return problems
		},
		Feeds: func(name string, source []byte) []string {
			t, err := engine.Parse(name, source)
			if err != nil {
				return nil // reported by Check
			}
			return t.Feeds()
		},
	})
}

// count says how many: "1 flow", "3 flows".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
