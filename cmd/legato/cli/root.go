// Package cli is the command line: a file per noun, singular nouns, then a verb.
package cli

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Version is set when a release is built.
var Version = "dev"

// Execute runs the command line of the process and returns its exit code.
func Execute() int {
	root := rootCommand()
	if err := root.ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "legato:", err)
		return 1
	}
	return 0
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "legato",
		Short:         "Self-hosted flow automation for people who market to their own customers",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error { return joinDevelopment(command) }
	root.AddCommand(
		apiCommand(), workerCommand(), serveCommand(), migrateCommand(), flowCommand(), eventCommand(),
		configCommand(), healthCommand(), devCommand(), versionCommand(),
	)
	root.AddCommand(onDatabase(runCommand(), reviewCommand(), keyCommand(), profileCommand(), propertyCommand(), jobCommand(), accountCommand(), webhookCommand())...)
	return root
}

func flowCommand() *cobra.Command {
	command := &cobra.Command{Use: "flow", Short: "Check flows and make them run"}
	command.AddCommand(flowLintCommand(), flowSchemaCommand(), flowSimulateCommand(), flowTestCommand(), flowGraphCommand())
	command.AddCommand(onDatabase(
		flowApplyCommand(), flowPlanCommand(), flowVersionsCommand(), flowRollbackCommand(), flowPauseCommand(), flowResumeCommand(),
		flowArchiveCommand(), flowBackfillCommand(), flowExportCommand(), flowExplainCommand(), flowFailuresCommand(),
	)...)
	return command
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			revision := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, setting := range info.Settings {
					if setting.Key == "vcs.revision" {
						revision = " " + setting.Value
					}
				}
			}
			_, err := fmt.Fprintf(command.OutOrStdout(), "legato %s%s %s\n", Version, revision, runtime.Version())
			return err
		},
	}
}
