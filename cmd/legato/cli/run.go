package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

func runCommand() *cobra.Command {
	command := &cobra.Command{Use: "run", Short: "Look at the runs inside flows, take them out or let them go on"}
	command.AddCommand(runListCommand(), runCancelCommand(), runMoveOnCommand())
	return command
}

// selecting adds the flags that say which runs are meant.
func selecting(command *cobra.Command, which *store.Selection) {
	command.Flags().StringVar(&which.Flow, "flow", "", "those inside this flow")
	command.Flags().StringVar(&which.Step, "step", "", "those that wait at this step; with --flow")
	command.Flags().StringVar(&which.Profile, "profile", "", "those of this profile, by id")
}

// selected reads the run's id, if there is one, and refuses a selection that is none.
func selected(which *store.Selection, args []string) error {
	if len(args) == 1 {
		which.Run = args[0]
	}
	if which.Step != "" && which.Flow == "" {
		return errors.New("--step needs --flow")
	}
	if *which == (store.Selection{}) {
		return errors.New("which runs? give a run's id, --flow, --flow with --step, or --profile")
	}
	return nil
}

func runListCommand() *cobra.Command {
	var which store.Selection
	var limit int
	command := &cobra.Command{
		Use: "list [run]", Short: "List runs that are inside, by when they are due", Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if err := selected(&which, args); err != nil {
				return err
			}
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				runs, err := s.ActiveRuns(ctx, which, limit)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "RUN\tFLOW\tVERSION\tPROFILE\tNEXT STEP\tDUE\tWORKFLOW")
				for _, r := range runs {
					fmt.Fprintf(w, "%s\t%s\t%.8s\t%s\t%s\t%s\t%s\n", r.ID, r.FlowID, r.Hash, r.ProfileID, r.Step,
						r.DueAt.Time.UTC().Format(time.DateTime), r.CohortID)
				}
				return w.Flush()
			})
		},
	}
	selecting(command, &which)
	command.Flags().IntVar(&limit, "limit", 100, "at most so many")
	return command
}

// runReachCommand makes a command that does something to the selected runs.
func runReachCommand(use, short, done string, do func(ctx context.Context, s *store.Store, tx *sqlx.Tx, which store.Selection) (int, error)) *cobra.Command {
	var which store.Selection
	command := &cobra.Command{
		Use: use + " [run]", Short: short, Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if err := selected(&which, args); err != nil {
				return err
			}
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				n := 0
				err := s.Tx(ctx, func(tx *sqlx.Tx) (err error) {
					n, err = do(ctx, s, tx, which)
					return err
				})
				if err != nil {
					return err
				}
				if n == 0 && which.Run != "" {
					return fmt.Errorf("no run %s is inside a flow", which.Run)
				}
				_, err = fmt.Fprintf(command.OutOrStdout(), "%s %d runs\n", done, n)
				return err
			})
		},
	}
	selecting(command, &which)
	return command
}

func runCancelCommand() *cobra.Command {
	return runReachCommand("cancel", "Take runs out of their flow at once", "cancelled",
		func(ctx context.Context, s *store.Store, tx *sqlx.Tx, which store.Selection) (int, error) {
			return s.CancelRuns(ctx, tx, which, "Cancelled")
		})
}

func runMoveOnCommand() *cobra.Command {
	return runReachCommand("move-on", "Let runs go on now, whatever they wait for", "moved on",
		func(ctx context.Context, s *store.Store, tx *sqlx.Tx, which store.Selection) (int, error) {
			return s.MoveRunsOn(ctx, tx, which)
		})
}
