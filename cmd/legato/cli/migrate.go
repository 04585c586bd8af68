package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/migrations"
	"github.com/legato-flow/legato/store"
)

func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to date",
		Long: "Apply every migration that the database at DATABASE_URL lacks, in order, each in a transaction. " +
			"Safe to run at any time and from several machines at once.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options, err := config.FromEnvironment("DATABASE_URL")
			if err != nil {
				return err
			}
			s, err := store.Open(command.Context(), string(options.DatabaseURL), 2)
			if err != nil {
				return err
			}
			defer s.Close()
			applied, err := migrations.Run(command.Context(), s.DB.DB)
			if err != nil {
				return err
			}
			if len(applied) == 0 {
				fmt.Fprintln(command.OutOrStdout(), "nothing to do")
			}
			for _, name := range applied {
				fmt.Fprintln(command.OutOrStdout(), "applied", name)
			}
			return nil
		},
	}
}
