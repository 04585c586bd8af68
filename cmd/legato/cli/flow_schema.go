package cli

import (
	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow/schema"
)

// flowSchemaCommand prints what editors need.
func flowSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of flow files, for editors",
		Example: "  legato flow schema > flow.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			text, err := schema.JSON()
			if err != nil {
				return err
			}
			_, err = command.OutOrStdout().Write(text)
			return err
		},
	}
}
