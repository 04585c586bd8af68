package cli

import (
	"context"
	"io"
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
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				return explain(ctx, s, command.OutOrStdout(), args[0], args[1], asJSON)
			})
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

func explain(ctx context.Context, s *store.Store, out io.Writer, flow, person string, asJSON bool) error {
	e, err := simulate.Explain(ctx, s, flow, person, time.Now().UTC())
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(out, e)
	}
	e.Print(out)
	return nil
}
