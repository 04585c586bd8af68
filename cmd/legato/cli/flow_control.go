package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// flowStateCommand makes a command that changes the state of one flow.
func flowStateCommand(use, short, long string, do func(ctx context.Context, s *store.Store, tx *sqlx.Tx, id string) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use: use + " flow", Short: short, Long: long, Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				var said string
				err := s.Tx(ctx, func(tx *sqlx.Tx) (err error) {
					said, err = do(ctx, s, tx, args[0])
					return err
				})
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("there is no flow %s that this can be done to", args[0])
				}
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(command.OutOrStdout(), said)
				return err
			})
		},
	}
}

func flowPauseCommand() *cobra.Command {
	return flowStateCommand("pause", "Let everybody inside a flow stand still",
		"People inside stay where they are, and nothing is sent. Who triggers the flow meanwhile enters it and waits at its\nbeginning. legato flow resume lets them go on; what was due meanwhile is due then.",
		func(ctx context.Context, s *store.Store, tx *sqlx.Tx, id string) (string, error) {
			return "paused " + id, s.PauseFlow(ctx, tx, id)
		})
}

func flowResumeCommand() *cobra.Command {
	return flowStateCommand("resume", "Let everybody inside a paused flow go on", "",
		func(ctx context.Context, s *store.Store, tx *sqlx.Tx, id string) (string, error) {
			return "resumed " + id, s.ResumeFlow(ctx, tx, id)
		})
}

func flowArchiveCommand() *cobra.Command {
	return flowStateCommand("archive", "End a flow: nobody enters, and everybody inside leaves",
		"Nobody enters any more, and the people inside leave at once. What happened stays readable. Applying the flow again\nbrings it back without them.",
		func(ctx context.Context, s *store.Store, tx *sqlx.Tx, id string) (string, error) {
			n, err := s.ArchiveFlow(ctx, tx, id)
			return fmt.Sprintf("archived %s, %d people left it", id, n), err
		})
}

// flowVersionsCommand lists what was applied, and when.
func flowVersionsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "versions flow", Short: "List the versions of a flow that were applied, the latest first", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				versions, err := s.FlowVersions(ctx, args[0], 100)
				if err != nil {
					return err
				}
				if len(versions) == 0 {
					return fmt.Errorf("there is no flow %s", args[0])
				}
				for _, v := range versions {
					fmt.Fprintf(command.OutOrStdout(), "%s  %s  %s\n", v.AppliedAt.UTC().Format(time.DateTime), v.Hash, v.Status)
				}
				return nil
			})
		},
	}
}

// flowRollbackCommand applies an earlier version again.
func flowRollbackCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rollback flow [version]",
		Short: "Apply an earlier version of a flow again, by default the one before",
		Long: "People who enter from now on get that version; those inside stay on the one they entered. A version may be\n" +
			"given by the beginning of its hash, as legato flow versions lists it.",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				now, err := s.Flow(ctx, args[0])
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("there is no flow %s", args[0])
				}
				if err != nil {
					return err
				}
				versions, err := s.FlowVersions(ctx, args[0], 1000)
				if err != nil {
					return err
				}
				wanted := ""
				if len(args) == 2 {
					wanted = args[1]
				}
				for _, v := range versions {
					if v.Hash == now.Hash || !strings.HasPrefix(v.Hash, wanted) {
						continue
					}
					p, err := s.Plan(ctx, v.Hash)
					if err != nil {
						return err
					}
					if err := s.Tx(ctx, func(tx *sqlx.Tx) error { return s.ApplyVersion(ctx, tx, p, v.Hash, now.Status) }); err != nil {
						return err
					}
					_, err = fmt.Fprintf(command.OutOrStdout(), "flow %s is at version %.8s again, as applied at %s\n", args[0], v.Hash, v.AppliedAt.UTC().Format(time.DateTime))
					return err
				}
				return fmt.Errorf("flow %s has no other version %s", args[0], wanted)
			})
		},
	}
}
