package cli

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
)

func configCommand() *cobra.Command {
	var check bool
	command := &cobra.Command{
		Use:   "config",
		Short: "Show every option with the value in force",
		Long: "Show every option, the value in force, and where it comes from. All options are environment variables; " +
			"secrets print as ***.",
		Example: "  legato config\n  legato config --check && legato serve",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := config.Print(command.OutOrStdout(), os.Getenv); err != nil {
				return err
			}
			if !check {
				return nil
			}
			if _, err := config.TemporalOptions(os.Getenv); err != nil {
				return err
			}
			_, err := config.FromEnvironment()
			return err
		},
	}
	command.Flags().BoolVar(&check, "check", false, "fail when the server would not start with these values")
	return command
}
