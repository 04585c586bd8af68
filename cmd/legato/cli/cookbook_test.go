package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/legato-flow/legato/dev"
)

// TestEveryFlowThatShipsHasItsPageInTheCookbook holds the cookbook to the flows: a page for each, which shows the flow
// as it ships and names its tests, and a line in the index.
func TestEveryFlowThatShipsHasItsPageInTheCookbook(t *testing.T) {
	t.Parallel()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	read := func(parts ...string) string {
		data, err := os.ReadFile(filepath.Join(append([]string{root}, parts...)...))
		if err != nil {
			t.Error(err)
		}
		return string(data)
	}
	index := read("docs", "guide", "cookbook", "README.md")
	files, err := filepath.Glob(filepath.Join(root, "definitions", "flows", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "guide", "cookbook", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	flows := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if strings.HasSuffix(name, "_test") {
			continue
		}
		flows++
		if !strings.Contains(index, "]("+name+".md)") {
			t.Errorf("the index of the cookbook lacks %s", name)
		}
		page := read("docs", "guide", "cookbook", name+".md")
		blocks := yamlBlock.FindAllStringSubmatch(page, -1)
		if len(blocks) != 1 || blocks[0][1] != "flows/"+name+".yaml" || blocks[0][2] != read("definitions", "flows", name+".yaml") {
			t.Errorf("%s.md does not show the flow as it ships", name)
		}
		if !strings.Contains(page, "definitions/flows/"+name+"_test.yaml\n") {
			t.Errorf("%s.md does not name the flow's tests", name)
		}
	}
	if flows < 12 || len(pages) != flows+1 {
		t.Errorf("%d flows ship, and the cookbook has %d pages and its index", flows, len(pages)-1)
	}
}
