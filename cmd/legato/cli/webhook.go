package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

func webhookCommand() *cobra.Command {
	command := &cobra.Command{Use: "webhook", Short: "Show the webhooks that are told of events, and their calls"}
	command.AddCommand(webhookListCommand(), webhookDeliveriesCommand())
	return command
}

func webhookListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show the webhooks, the oldest first",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				all, err := s.Webhooks(ctx)
				if err != nil {
					return err
				}
				out := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(out, "ID\tNAME\tENABLED\tFAILING SINCE\tTOPICS\tREASON")
				for _, w := range all {
					reason := ""
					if w.DisabledReason != nil {
						reason = *w.DisabledReason
					}
					fmt.Fprintf(out, "%s\t%s\t%t\t%s\t%s\t%s\n", w.ID, w.Name, w.Enabled, keyTime(w.FailingSince), strings.Join(w.Topics, " "), reason)
				}
				return out.Flush()
			})
		},
	}
}

// deliveryStates are what --state takes.
var deliveryStates = []string{"waiting", "delivered", "failed"}

func webhookDeliveriesCommand() *cobra.Command {
	var state string
	var limit int
	command := &cobra.Command{
		Use:     "deliveries [id or name]",
		Short:   "Show the calls of webhooks, the latest first",
		Long:    "Show the calls of all webhooks or of one, the latest first. What is finished is kept for LEGATO_WEBHOOK_LOG.",
		Example: "  legato webhook deliveries warehouse --state failed",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if state != "" && !slices.Contains(deliveryStates, state) {
				return fmt.Errorf("--state %q: expected one of %s", state, strings.Join(deliveryStates, ", "))
			}
			if limit < 1 || limit > 10_000 {
				return errors.New("--limit: expected a number from 1 to 10000")
			}
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				if len(args) > 0 {
					hooks, err := s.Webhooks(ctx)
					if err != nil {
						return err
					}
					if !slices.ContainsFunc(hooks, func(w store.Webhook) bool { return w.ID == args[0] || w.Name == args[0] }) {
						return fmt.Errorf("no webhook has the id or the name %q", args[0])
					}
				}
				all, err := s.Deliveries(ctx, strings.Join(args, ""), state, limit)
				if err != nil {
					return err
				}
				out := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(out, "ID\tWEBHOOK\tCREATED\tSTATE\tEVENTS\tATTEMPTS\tSTATUS\tNEXT\tERROR")
				for _, d := range all {
					members, err := d.Members()
					if err != nil {
						return err
					}
					status, reason := "-", ""
					if d.Status != nil {
						status = strconv.Itoa(*d.Status)
					}
					if d.Error != nil {
						reason = *d.Error
					}
					fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n", d.ID, d.Webhook, keyTime(&d.CreatedAt), d.State(), len(members), d.Attempts, status, keyTime(d.NextAt), reason)
				}
				return out.Flush()
			})
		},
	}
	command.Flags().StringVar(&state, "state", "", "only those that are waiting, delivered or failed")
	command.Flags().IntVar(&limit, "limit", 50, "most to show")
	return command
}
