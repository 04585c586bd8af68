package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// withStore gives the database that the environment names to a command.
func withStore(command *cobra.Command, do func(ctx context.Context, c config.Config, s *store.Store) error) error {
	c, err := config.FromEnvironment("DATABASE_URL", "LEGATO_DEFINITIONS")
	if err != nil {
		return err
	}
	s, err := store.Open(command.Context(), string(c.DatabaseURL), 2)
	if err != nil {
		return err
	}
	defer s.Close()
	return do(command.Context(), c, s)
}
