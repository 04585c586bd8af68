package cli

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

func keyCommand() *cobra.Command {
	command := &cobra.Command{Use: "key", Short: "Make private API keys"}
	command.AddCommand(keyCreateCommand())
	return command
}

// keyCreateCommand makes a private key. It is shown once: Postgres holds its hash.
func keyCreateCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "create name",
		Short:   "Make a private API key and show it once",
		Example: "  legato key create checkout",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if args[0] == "" || len(args[0]) > 100 {
				return fmt.Errorf("the name of a key is 1 to 100 characters long")
			}
			c, err := config.FromEnvironment("DATABASE_URL")
			if err != nil {
				return err
			}
			s, err := store.Open(command.Context(), string(c.DatabaseURL), 2)
			if err != nil {
				return err
			}
			defer s.Close()
			random := make([]byte, 20)
			if _, err := rand.Read(random); err != nil {
				return err
			}
			key := "pk_" + hex.EncodeToString(random)
			if err := s.CreateKey(command.Context(), key, args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), key)
			return err
		},
	}
}
