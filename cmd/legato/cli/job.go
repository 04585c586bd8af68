package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// listedJobs is how many jobs are shown.
const listedJobs = 50

func jobCommand() *cobra.Command {
	command := &cobra.Command{Use: "job", Short: "Look at work on many profiles, and cancel it"}
	command.AddCommand(jobListCommand(), jobCancelCommand())
	return command
}

func jobListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: fmt.Sprintf("Show the newest %d jobs and how far they are", listedJobs),
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				all, err := s.AllJobs(ctx, listedJobs)
				if err != nil {
					return err
				}
				return printJobs(command.OutOrStdout(), all)
			})
		},
	}
}

func printJobs(w io.Writer, all []store.Job) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "JOB\tKIND\tSTATUS\tOF\tDONE\tSKIPPED\tFAILED\tCREATED\tENDED\tLISTS")
	for i := range all {
		j := &all[i]
		lists := "-"
		if len(j.ListIDs) > 0 {
			lists = strings.Join(j.ListIDs, " ")
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", j.ID, j.Kind, j.Status, j.Total, j.Completed, j.Skipped, j.Failed, keyTime(&j.CreatedAt), keyTime(j.CompletedAt), lists)
	}
	return out.Flush()
}

func jobCancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel job",
		Short: "End a job that is not complete; what has been done of it stays",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				cancelled, err := s.CancelJob(ctx, args[0], time.Now().UTC())
				switch {
				case errors.Is(err, store.ErrNotFound):
					return fmt.Errorf("there is no job %q", args[0])
				case err != nil:
					return err
				case !cancelled:
					return fmt.Errorf("job %s has ended already", args[0])
				}
				_, err = fmt.Fprintf(command.OutOrStdout(), "job %s is cancelled\n", args[0])
				return err
			})
		},
	}
}
