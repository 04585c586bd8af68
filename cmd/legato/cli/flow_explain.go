package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/simulate"
	"github.com/legato-flow/legato/store"
)

// flowExplainCommand says how a person stands to a flow.
func flowExplainCommand() *cobra.Command {
	asJSON := false
	command := &cobra.Command{
		Use:   "explain FLOW PERSON",
		Short: "Say why a person did or did not enter a flow, what each step did, and where they wait",
		Long: "Look at the database and say why a person did or did not enter a flow: what was seen of its triggers, why they\n" +
			"were refused, what became of each step of each run, where they wait and what would be checked, and what every\n" +
			"clause of the filters is worth now. PERSON is an id, email address, phone number or external id.",
		Example: "  legato flow explain abandoned-cart ada@example.com",
		Args:    cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			c, err := config.FromEnvironment("DATABASE_URL")
			if err != nil {
				return err
			}
			s, err := store.Open(command.Context(), string(c.DatabaseURL), 2)
			if err != nil {
				return err
			}
			defer s.Close()
			e, err := simulate.Explain(command.Context(), s, args[0], args[1], time.Now().UTC())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(command.OutOrStdout(), e)
			}
			e.Print(command.OutOrStdout())
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}
