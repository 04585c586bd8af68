package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/legato-flow/legato/dev"
)

// commandLine is a command in a page's block; a backslash continues it.
var commandLine = regexp.MustCompile(`(?m)^(?:\$ )?bin/legato ((?:.*\\\n)*.*)$`)

// TestTheCommandsInTheGuideExist looks at every command of the program that the guide shows, with its flags.
func TestTheCommandsInTheGuideExist(t *testing.T) {
	t.Parallel()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "guide", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	recipes, err := filepath.Glob(filepath.Join(root, "docs", "guide", "cookbook", "*.md"))
	if err != nil || len(recipes) == 0 {
		t.Fatal(recipes, err)
	}
	pages = append(pages, recipes...)
	found := 0
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range commandLine.FindAllStringSubmatch(string(text), -1) {
			found++
			line := strings.ReplaceAll(match[1], "\\\n", " ")
			line, _, _ = strings.Cut(line, " #")
			line, _, _ = strings.Cut(line, " > ")
			words := strings.Fields(quotedText.ReplaceAllString(line, "text"))
			command, rest, err := rootCommand().Find(words)
			if err != nil || !command.Runnable() {
				t.Errorf("%s: there is no command %q", filepath.Base(page), line)
				continue
			}
			if err := command.ParseFlags(rest); err != nil {
				t.Errorf("%s: %q: %v", filepath.Base(page), line, err)
				continue
			}
			if err := command.ValidateArgs(command.Flags().Args()); err != nil {
				t.Errorf("%s: %q: %v", filepath.Base(page), line, err)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d commands were found in the guide", found)
	}
}

var quotedText = regexp.MustCompile(`(?s)'[^']*'|"[^"]*"`)
