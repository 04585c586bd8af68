package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// shownFailures is how many failures are listed at most.
const shownFailures = 200

// flowFailuresCommand lists what failed for good, and repeats it.
func flowFailuresCommand() *cobra.Command {
	retry := false
	command := &cobra.Command{
		Use:   "failures [flow]",
		Short: "List steps that failed, and repeat them",
		Long: "List the steps that failed for good, or of which nobody knows whether they arrived (held), newest first, of one\n" +
			"flow or of all. With --retry the failed emails, alerts and webhooks are put to the workers again: each is checked\n" +
			"and made as it would be now, once, and the person's way through the flow stays as it is. What is held is never\n" +
			"repeated, because it may have arrived.",
		Example: "  legato flow failures\n  legato flow failures abandoned-cart --retry",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				flow := ""
				if len(args) == 1 {
					flow = args[0]
					if _, err := s.Flow(ctx, flow); err != nil {
						return fmt.Errorf("flow %s: %w", flow, err)
					}
				}
				if retry {
					n, err := s.RetryFailures(ctx, flow, time.Now())
					if err != nil {
						return err
					}
					fmt.Fprintf(command.OutOrStdout(), "%d failed steps are tried again\n", n)
					return nil
				}
				return printFailures(command, s, flow)
			})
		},
	}
	command.Flags().BoolVar(&retry, "retry", false, "try the failed emails, alerts and webhooks again")
	return command
}

func printFailures(command *cobra.Command, s *store.Store, flow string) error {
	failures, err := s.Failures(command.Context(), flow, shownFailures+1)
	if err != nil {
		return err
	}
	if len(failures) == 0 {
		fmt.Fprintln(command.OutOrStdout(), "nothing failed")
		return nil
	}
	w := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tFLOW\tSTEP\tPROFILE\tRESULT\tREASON\tERROR")
	for i, f := range failures {
		if i == shownFailures {
			break
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.At.UTC().Format("2006-01-02 15:04:05"), f.FlowID, f.Step, f.ProfileID, f.Result, f.Reason, oneLine(f.Error))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(failures) > shownFailures {
		fmt.Fprintf(command.OutOrStdout(), "and more; these are the %d newest\n", shownFailures)
	}
	return nil
}

// oneLine keeps a stranger's words from breaking the table or the terminal.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:160], "") + "…"
	}
	return s
}
