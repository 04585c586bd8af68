package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
)

// environmentFile is where legato dev says, while it runs, how its database and its Temporal are reached.
const environmentFile = ".legato/environment"

// shareEnvironment writes how this development server is reached, for commands in the same folder. The caller
// calls what it returns when the server stops.
func shareEnvironment(dir string, c config.Config) (func(), error) {
	file := filepath.Join(dir, filepath.Base(environmentFile))
	text := fmt.Sprintf("DATABASE_URL=%s\nTEMPORAL_ADDRESS=%s\n", string(c.DatabaseURL), os.Getenv("TEMPORAL_ADDRESS"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("writing how the database is reached: %w", err)
	}
	return func() { _ = os.Remove(file) }, nil
}

// joinDevelopment lets a command that needs a database use the one of the legato dev that runs in this folder, where
// the environment names none. It says so.
func joinDevelopment(command *cobra.Command) error {
	if os.Getenv("DATABASE_URL") != "" || os.Getenv("LEGATO_MODE") == string(config.Production) || command.Annotations[needsDatabase] == "" {
		return nil
	}
	text, err := os.ReadFile(environmentFile)
	if err != nil {
		return nil // no development server runs here: the command itself says what is missing
	}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || os.Getenv(name) != "" {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	fmt.Fprintln(command.ErrOrStderr(), "using the database of legato dev, which runs here")
	return nil
}

// needsDatabase marks commands that read or write the database.
const needsDatabase = "database"

// onDatabase marks commands.
func onDatabase(commands ...*cobra.Command) []*cobra.Command {
	for _, command := range commands {
		if command.Annotations == nil {
			command.Annotations = map[string]string{}
		}
		command.Annotations[needsDatabase] = "yes"
		onDatabase(command.Commands()...)
	}
	return commands
}
