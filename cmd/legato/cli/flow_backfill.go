package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// flowBackfillCommand lets people into a flow who triggered it before it was live.
func flowBackfillCommand() *cobra.Command {
	var o ingest.BackfillOptions
	var detach, status, cancel bool
	command := &cobra.Command{
		Use:   "backfill flow",
		Short: "Let people into a flow who triggered it before it was live",
		Long: "Everybody whose event or membership lies no further back than the flow is long enters where they would be by now:\n" +
			"waits that would be over are passed, what would have been sent is not sent. Nobody enters twice for the same event.\n" +
			"Re-entry rules do not hold; filters do. A worker carries it on, also after a restart; this command shows how far it is.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				w := command.OutOrStdout()
				switch {
				case cancel:
					if err := s.CancelBackfill(ctx, args[0]); err != nil {
						return fmt.Errorf("no backfill of flow %s is running", args[0])
					}
					_, err := fmt.Fprintln(w, "stopped; who was let in stays in")
					return err
				case status:
					b, err := s.LatestBackfill(ctx, args[0])
					if errors.Is(err, store.ErrNotFound) {
						return fmt.Errorf("flow %s was never backfilled", args[0])
					}
					if err != nil {
						return err
					}
					return printBackfill(w, b)
				}
				b, err := startBackfill(ctx, s, args[0], o)
				if errors.Is(err, store.ErrBackfillRunning) {
					fmt.Fprintln(w, "a backfill of this flow is running:")
				} else if err != nil {
					return err
				} else if err := printBackfill(w, b); err != nil {
					return err
				}
				if detach {
					return nil
				}
				return followBackfill(ctx, w, s, args[0])
			})
		},
	}
	flags := command.Flags()
	flags.BoolVar(&o.FromStart, "from-start", false, "of a list flow: enter as if they had joined now")
	flags.IntVar(&o.PerSecond, "per-second", 100, "how many people, 1 to 1000")
	flags.BoolVar(&detach, "detach", false, "do not wait for it to end")
	flags.BoolVar(&status, "status", false, "only say how far the last one is")
	flags.BoolVar(&cancel, "cancel", false, "stop the one that is running")
	return command
}

func startBackfill(ctx context.Context, s *store.Store, id string, o ingest.BackfillOptions) (*store.Backfill, error) {
	f, err := s.Flow(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("there is no flow %s", id)
	}
	if err != nil {
		return nil, err
	}
	if !f.Live() {
		return nil, fmt.Errorf("flow %s is not live: nobody can enter it", id)
	}
	p, err := s.Plan(ctx, f.Hash)
	if err != nil {
		return nil, err
	}
	account, err := s.Account(ctx)
	if err != nil {
		return nil, err
	}
	b, err := ingest.NewBackfill(p, account.Timezone, time.Now().UTC(), o)
	if err != nil {
		return nil, err
	}
	if b.Kind == "list" {
		lists, err := s.ListIDs(ctx, b.Key)
		if err != nil {
			return nil, err
		}
		if len(lists) != 1 {
			return nil, fmt.Errorf("%d lists are called %s; the trigger must name one", len(lists), b.Key)
		}
		b.Key = lists[0]
	}
	return s.StartBackfill(ctx, b)
}

func followBackfill(ctx context.Context, w io.Writer, s *store.Store, id string) error {
	last := -1
	for {
		b, err := s.LatestBackfill(ctx, id)
		if err != nil {
			return err
		}
		if b.Seen != last || b.Status != store.BackfillRunning {
			if err := printBackfill(w, b); err != nil {
				return err
			}
			last = b.Seen
		}
		if b.Status != store.BackfillRunning {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func printBackfill(w io.Writer, b *store.Backfill) error {
	_, err := fmt.Fprintf(w, "%s: %d of %d since %s looked at\n", b.Status, b.Seen, b.Total, b.Since.UTC().Format(time.DateTime))
	return err
}
