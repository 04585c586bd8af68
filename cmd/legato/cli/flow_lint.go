package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/store"
)

// definitionFolders are what makes a folder one of definitions.
var definitionFolders = []string{"flows", "templates", "feeds"}

// flowLintCommand checks what people write.
func flowLintCommand() *cobra.Command {
	l := &linter{files: map[string]string{}, seen: map[flow.Problem]bool{}}
	var asJSON bool
	command := &cobra.Command{
		Use:   "lint [path...]",
		Short: "Check flows, templates and feeds",
		Long: "Check definitions and print every problem with its file, line and column.\n" +
			"A path is a folder of definitions (./definitions by default) or one file in it. A file is checked together\n" +
			"with the others, and only its own problems are printed. Warnings alone do not make the command fail.\n\n" +
			"With a database, that of --database or DATABASE_URL, metrics, properties and lists are held against the data:\n" +
			"there are warnings of what no event and no profile has had, and of comparisons that are always false because a\n" +
			"property is text where a number is asked for, and the like. --offline leaves that out.",
		Example:      "  legato flow lint\n  legato flow lint definitions/flows/welcome.yaml\n  legato flow lint --json --offline",
		SilenceUsage: true,
		RunE: func(command *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				paths = []string{"definitions"}
			}
			if err := l.open(command); err != nil {
				return err
			}
			defer l.close()
			for _, path := range paths {
				if err := l.lint(command.Context(), filepath.Clean(path)); err != nil {
					return err
				}
			}
			l.problems.Sort()
			return l.print(command, asJSON)
		},
	}
	command.Flags().StringVar(&l.database, "database", "", "the URL of a database whose data is looked at (default DATABASE_URL)")
	command.Flags().BoolVar(&l.offline, "offline", false, "look at no database")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON, for other programs")
	command.MarkFlagsMutuallyExclusive("database", "offline")
	return command
}

// linter gathers what several paths give, each file and each problem once.
type linter struct {
	database string // a URL; "" is that of the environment
	offline  bool
	store    *store.Store      // nil without a database
	files    map[string]string // file → folder
	seen     map[flow.Problem]bool
	problems flow.Problems
}

// lint checks a folder of definitions, or one file in it.
func (l *linter) lint(ctx context.Context, path string) error {
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
	d, problems := loadDefinitions(root)
	if l.store != nil {
		found, err := checkData(ctx, l.store, d)
		if err != nil {
			return err
		}
		problems = append(problems, found...)
	}
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

// totals are how many files were checked, by folder.
func (l *linter) totals() map[string]int {
	total := map[string]int{}
	for _, folder := range l.files {
		total[folder]++
	}
	return total
}

// read says how many files were checked.
func (l *linter) read() string {
	total := l.totals()
	return fmt.Sprintf("%s, %s, %s", count(total["flows"], "flow"), count(total["templates"], "template"), count(total["feeds"], "feed"))
}

// count says how many: "1 flow", "3 flows".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
