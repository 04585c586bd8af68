package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/apply"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// flowApplyCommand makes the definitions of a folder the ones that run.
func flowApplyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "apply [folder]",
		Short: "Make the definitions of a folder the ones that run",
		Long: "Check the flows, templates and feeds of a folder, by default LEGATO_DEFINITIONS, and store them.\n" +
			"People inside a flow stay on the version they entered. With an error in any file nothing is stored.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			c, err := config.FromEnvironment("DATABASE_URL", "LEGATO_DEFINITIONS")
			if err != nil {
				return err
			}
			folder := c.Definitions
			if len(args) == 1 {
				folder = args[0]
			}
			s, err := store.Open(command.Context(), string(c.DatabaseURL), 2)
			if err != nil {
				return err
			}
			defer s.Close()
			d, err := applyFolder(command.Context(), s, folder)
			if err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "applied %d flows, %d templates, %d feeds\n", len(d.Flows), len(d.Templates), len(d.Feeds))
			return nil
		},
	}
}

// applyFolder checks a folder and stores what it defines. Warnings do not keep it from being stored.
func applyFolder(ctx context.Context, s *store.Store, folder string) (*flow.Definitions, error) {
	d, err := checkedFolder(folder)
	if err != nil {
		return nil, err
	}
	return d, apply.Definitions(ctx, s, d)
}

// sampleBase is where the feeds that ship expect the sample store.
const sampleBase = "http://127.0.0.1:8080/"

// applySample is applyFolder for a development server, which serves the sample store at base.
func applySample(ctx context.Context, s *store.Store, folder, base string) (*flow.Definitions, error) {
	d, err := checkedFolder(folder)
	if err != nil {
		return nil, err
	}
	for name, feed := range d.Feeds {
		if path, ok := strings.CutPrefix(feed.URL, sampleBase); ok {
			feed.URL = base + "/" + path
			d.Feeds[name] = feed
		}
	}
	return d, apply.Definitions(ctx, s, d)
}

// checkedFolder reads a folder of definitions that has no errors.
func checkedFolder(folder string) (*flow.Definitions, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("looking for definitions: %s is no folder", folder)
	}
	d, problems := loadDefinitions(folder)
	return d, problems.Err()
}
