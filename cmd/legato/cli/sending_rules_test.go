package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/internal/config"
)

var (
	fencedBlock = regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```")
	settingName = regexp.MustCompile("LEGATO_[A-Z_]+")
)

// TestTheGuideToSendingRulesIsTrue checks that the flows of the page have no errors, that its commands and their options
// are there, and its settings, too.
func TestTheGuideToSendingRulesIsTrue(t *testing.T) {
	t.Parallel()
	root, err := dev.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/guide/sending-rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	flows, commands := 0, 0
	for _, block := range fencedBlock.FindAllSubmatch(text, -1) {
		switch string(block[1]) {
		case "yaml":
			flows++
			if _, problems := flow.Parse("sending-rules.yaml", block[2]); problems.Err() != nil {
				t.Errorf("%v\n%s", problems.Err(), block[2])
			}
		case "sh":
			for line := range strings.Lines(string(block[2])) {
				commands++
				command, rest, err := rootCommand().Find(strings.Fields(line)[1:])
				if err != nil || !command.Runnable() {
					t.Errorf("%s: %v", line, err)
				} else if err := command.ParseFlags(rest); err != nil {
					t.Errorf("%s: %v", line, err)
				}
			}
		default:
			t.Errorf("a block of %s is checked by nobody", block[1])
		}
	}
	if flows == 0 || commands == 0 {
		t.Errorf("%d flows and %d commands", flows, commands)
	}
	for _, name := range settingName.FindAllString(string(text), -1) {
		if !slices.ContainsFunc(config.Options(), func(o config.Option) bool { return o.Name == name }) {
			t.Errorf("%s is no option", name)
		}
	}
}
