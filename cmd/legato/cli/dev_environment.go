package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
)

// environmentFile is where legato dev says, while it runs, how its database, its Temporal and its API are reached.
const environmentFile = ".legato/environment"

// shareEnvironment writes how this development server is reached, for commands in the same folder. The caller
// calls what it returns when the server stops.
func shareEnvironment(dir string, c config.Config) (func(), error) {
	file := filepath.Join(dir, filepath.Base(environmentFile))
	text := fmt.Sprintf("DATABASE_URL=%s\nTEMPORAL_ADDRESS=%s\n%s=%s\n", string(c.DatabaseURL), os.Getenv("TEMPORAL_ADDRESS"), listenVariable, c.Listen)
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
	shared, ok := developmentEnvironment()
	if !ok {
		return nil // no development server runs here: the command itself says what is missing
	}
	for name, value := range shared {
		if name == listenVariable || os.Getenv(name) != "" { // a command that serves must not take its address
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	fmt.Fprintln(command.ErrOrStderr(), "using the database of legato dev, which runs here")
	return nil
}

// listenVariable says where the API listens.
const listenVariable = "LEGATO_LISTEN"

// developmentEnvironment reads how the legato dev that runs in this folder is reached. ok is false if there is none.
func developmentEnvironment() (shared map[string]string, ok bool) {
	text, err := os.ReadFile(environmentFile)
	if err != nil {
		return nil, false
	}
	shared = map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found {
			shared[name] = value
		}
	}
	return shared, true
}

// orDevelopment is getenv, and says where the API of the legato dev listens that runs in this folder, where the environment
// does not.
func orDevelopment(getenv func(string) string) func(string) string {
	return func(name string) string {
		value := getenv(name)
		if value == "" && name == listenVariable && getenv("LEGATO_MODE") != string(config.Production) {
			shared, _ := developmentEnvironment()
			value = shared[name]
		}
		return value
	}
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
