package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	var moves []string
	var migrating bool
	command := &cobra.Command{
		Use:   "apply [folder]",
		Short: "Make the definitions of a folder the ones that run",
		Long: "Check the flows, templates and feeds of a folder, by default LEGATO_DEFINITIONS, and store them.\n" +
			"People inside a flow stay on the version they entered, unless --migrate moves them to the new one. With an error\n" +
			"in any file nothing is stored. legato flow plan shows beforehand what changes.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(moves) > 0 && !migrating {
				return errors.New("--map says where --migrate moves people; it needs --migrate")
			}
			return withStore(command, func(ctx context.Context, c config.Config, s *store.Store) error {
				d, by, err := toApply(c, args, moves)
				if err != nil {
					return err
				}
				w := command.OutOrStdout()
				if !migrating {
					if err := apply.Definitions(ctx, s, d); err != nil {
						return err
					}
					fmt.Fprintf(w, "applied %d flows, %d templates, %d feeds\n", len(d.Flows), len(d.Templates), len(d.Feeds))
					return nil
				}
				return applyAndMigrate(ctx, w, s, d, by)
			})
		},
	}
	command.Flags().BoolVar(&migrating, "migrate", false, "move the people inside to the new version, where it has a place for them")
	command.Flags().StringArrayVar(&moves, "map", nil, "flow/step=step: where to move people from a step that is gone")
	return command
}

// applyAndMigrate prints what changes and who goes where, applies it, and moves the people.
func applyAndMigrate(ctx context.Context, w io.Writer, s *store.Store, d *flow.Definitions, by map[string]map[string]string) error {
	temporal, err := dialTemporal(ctx)
	if err != nil {
		return err
	}
	defer temporal.Close()
	all, err := changesOf(ctx, s, d, by)
	if err != nil {
		return err
	}
	for _, c := range all.flows {
		if len(c.unknown) > 0 {
			return fmt.Errorf("--map: flow %s has no step %s", c.flow.ID, strings.Join(c.unknown, ", "))
		}
	}
	if err := all.print(w); err != nil {
		return err
	}
	if err := apply.Definitions(ctx, s, d); err != nil {
		return err
	}
	fmt.Fprintf(w, "applied %d flows, %d templates, %d feeds\n", len(d.Flows), len(d.Templates), len(d.Feeds))
	return migrate(ctx, w, s, temporal, all)
}

// sampleBase is where the feeds that ship expect the sample store.
const sampleBase = "http://127.0.0.1:8080/"

// applySample checks a folder and stores what it defines, for a development server that serves the sample store at
// base. Warnings do not keep it from being stored.
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
