package cli

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

func reviewCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "review",
		Short: "Approve or cancel what waits for a person's decision",
		Long: "The actions of steps with status manual wait here until somebody approves or cancels them; their runs have gone on.\n" +
			"An approved one is carried out once, with all checks again: somebody who no longer passes is skipped with the reason.",
	}
	command.AddCommand(reviewListCommand(), reviewApproveCommand(), reviewCancelCommand())
	return command
}

// reviewScope is the options that say which reviews are meant.
type reviewScope struct {
	flow, step string
	all        bool
}

func (o *reviewScope) flags(command *cobra.Command) {
	command.Flags().StringVar(&o.flow, "flow", "", "only of this flow")
	command.Flags().StringVar(&o.step, "step", "", "only of the step with this id")
}

// filter reads the ids. Without any, all has to be said, so that no slip decides about everybody.
func (o *reviewScope) filter(args []string) (store.ReviewFilter, error) {
	f := store.ReviewFilter{Flow: o.flow, Step: o.step}
	if o.all == (len(args) > 0) {
		return f, errors.New("say which: ids, as legato review list prints them, or --all, with --flow and --step to narrow it")
	}
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || id <= 0 {
			return f, fmt.Errorf("%q is no id of a review; expected a whole number as legato review list prints it", arg)
		}
		f.IDs = append(f.IDs, id)
	}
	return f, nil
}

func openReviewStore(command *cobra.Command) (*store.Store, error) {
	c, err := config.FromEnvironment("DATABASE_URL")
	if err != nil {
		return nil, err
	}
	return store.Open(command.Context(), string(c.DatabaseURL), 2)
}

func reviewListCommand() *cobra.Command {
	var o reviewScope
	var limit int
	command := &cobra.Command{
		Use:     "list",
		Short:   "Show what waits, the oldest first",
		Example: "  legato review list --flow welcome",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if limit < 1 || limit > 100000 {
				return fmt.Errorf("--limit %d: expected a number from 1 to 100000", limit)
			}
			s, err := openReviewStore(command)
			if err != nil {
				return err
			}
			defer s.Close()
			reviews, err := s.Reviews(command.Context(), store.ReviewFilter{Flow: o.flow, Step: o.step}, 0, limit+1)
			if err != nil {
				return err
			}
			out := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(out, "ID\tFLOW\tSTEP\tPROFILE\tEMAIL\tWAITS SINCE")
			for _, r := range reviews[:min(len(reviews), limit)] {
				fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.FlowID, r.Step, r.ProfileID, r.Email, r.CreatedAt.UTC().Format(time.RFC3339))
			}
			if len(reviews) > limit {
				fmt.Fprintln(out, "… there are more; --limit shows them")
			}
			return out.Flush()
		},
	}
	o.flags(command)
	command.Flags().IntVar(&limit, "limit", 100, "how many to show")
	return command
}

func reviewApproveCommand() *cobra.Command {
	return reviewDecision("approve", "Let a worker carry them out", "  legato review approve 17 18\n  legato review approve --all --flow welcome", "approved", nil,
		func(command *cobra.Command, s *store.Store, f store.ReviewFilter, by string) (int, error) {
			return s.ApproveReviews(command.Context(), s.DB, f, by, time.Now().UTC())
		})
}

func reviewCancelCommand() *cobra.Command {
	var leave bool
	return reviewDecision("cancel", "Skip them", "  legato review cancel 17 --leave\n  legato review cancel --all --flow welcome --step welcome-2", "cancelled",
		func(command *cobra.Command) {
			command.Flags().BoolVar(&leave, "leave", false, "take the people out of the flow, too")
		},
		func(command *cobra.Command, s *store.Store, f store.ReviewFilter, by string) (int, error) {
			return s.CancelReviews(command.Context(), s.DB, f, by, leave, time.Now().UTC())
		})
}

// reviewDecision makes a command that decides about reviews.
func reviewDecision(verb, short, example, done string, flags func(*cobra.Command), decide func(*cobra.Command, *store.Store, store.ReviewFilter, string) (int, error)) *cobra.Command {
	var o reviewScope
	var by string
	command := &cobra.Command{
		Use:     verb + " [id ...]",
		Short:   short,
		Example: example,
		RunE: func(command *cobra.Command, args []string) error {
			f, err := o.filter(args)
			if err != nil {
				return err
			}
			s, err := openReviewStore(command)
			if err != nil {
				return err
			}
			defer s.Close()
			n, err := decide(command, s, f, by)
			if err != nil {
				return err
			}
			if f.IDs != nil && n < len(f.IDs) {
				return fmt.Errorf("%s %d of %d: the others were decided before, or there are none with these ids", done, n, len(f.IDs))
			}
			_, err = fmt.Fprintf(command.OutOrStdout(), "%s %d\n", done, n)
			return err
		},
	}
	o.flags(command)
	command.Flags().BoolVar(&o.all, "all", false, "all that wait, of --flow and --step if they are given")
	command.Flags().StringVar(&by, "by", reviewer(), "who decides, for the record")
	if flags != nil {
		flags(command)
	}
	return command
}

// reviewer is who runs the command.
func reviewer() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}
