package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow/export"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// flowExportCommand writes a flow of the database as YAML.
func flowExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export FLOW",
		Short: "Print the YAML of a flow in the database",
		Long: "Print the YAML of the version of a flow that people enter now, for flows that were made through the API or\n" +
			"changed there. Applied again, it is the same version. FLOW is an id.",
		Example: "  legato flow export k3x9qa > definitions/flows/k3x9qa.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				f, err := s.Flow(ctx, args[0])
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("there is no flow %s in the database", args[0])
				}
				if err != nil {
					return fmt.Errorf("reading flow %s: %w", args[0], err)
				}
				p, err := s.Plan(ctx, f.Hash)
				if err != nil {
					return err
				}
				yaml, err := export.YAML(p, f.Status)
				if err != nil {
					return err
				}
				_, err = command.OutOrStdout().Write(yaml)
				return err
			})
		},
	}
}
