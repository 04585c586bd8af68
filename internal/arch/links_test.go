package arch

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

var (
	fence   = regexp.MustCompile("(?ms)^(```|~~~).*?^(```|~~~)\\s*$")
	inline  = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)(?:\s+"[^"]*")?\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6}\s+(.+?)\s*#*$`)
	linked  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// brokenLinks lists the links of Markdown pages that lead to no file, or to no heading, of the tree.
func brokenLinks(tree fs.FS) ([]string, error) {
	var wrong []string
	err := sources(tree, func(name string, data []byte) {
		if path.Ext(name) != ".md" {
			return
		}
		text := inline.ReplaceAllString(fence.ReplaceAllString(string(data), ""), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(m[1])
			if err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %s: %v", name, m[1], err))
				continue
			}
			if u.IsAbs() || u.Host != "" {
				continue
			}
			target := name
			if u.Path != "" {
				target = path.Join(path.Dir(name), u.Path)
			}
			if _, err := fs.Stat(tree, target); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %s leads nowhere", name, m[1]))
				continue
			}
			if u.Fragment != "" && path.Ext(target) == ".md" && !slices.Contains(anchors(tree, target), u.Fragment) {
				wrong = append(wrong, fmt.Sprintf("%s: %s has no such heading", name, m[1]))
			}
		}
	})
	slices.Sort(wrong)
	return wrong, err
}

// anchors gives the fragments by which a page's headings are reached where Markdown is usually shown.
func anchors(tree fs.FS, name string) []string {
	data, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil
	}
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(string(data), ""), -1) {
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, linked.ReplaceAllString(m[1], "$1")))
	}
	return all
}

func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	findNothing(t, brokenLinks)
}

func TestBrokenLinksAreFound(t *testing.T) {
	t.Parallel()
	wrong, err := brokenLinks(fstest.MapFS{
		"README.md": {Data: []byte("[a](docs/a.md) [b](docs/a.md#the-first-step) [c](docs/none.md) [d](#here) [e](https://example.com/x) " +
			"[f](docs/a.md#second \"title\")\n# Here\n```\n[g](in/code.md)\n```\n`[h](inline.md)`\n")},
		"docs/a.md": {Data: []byte("## The *first* step!\n[up](../README.md) [gone](README.md)\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"README.md: docs/a.md#second has no such heading",
		"README.md: docs/none.md leads nowhere",
		"docs/a.md: README.md leads nowhere",
	}
	if !slices.Equal(wrong, want) {
		t.Errorf("got %q", wrong)
	}
}
