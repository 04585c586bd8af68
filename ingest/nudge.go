package ingest

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"golang.org/x/sync/errgroup"
)

// nudgeBatch is how many nudges are passed on in one transaction.
const nudgeBatch = 2000

// Nudge tells cohorts that something happened to members of theirs, and returns how many nudges it passed on. A
// nudge leaves the table after it was passed on, so it may come twice, which changes nothing; one of a cohort that
// Temporal does not have yet stays until it does.
func (d *Dispatcher) Nudge(ctx context.Context) (int, error) {
	passed := 0
	err := d.Store.Tx(ctx, func(tx *sqlx.Tx) error {
		nudges, err := d.Store.TakeNudges(ctx, tx, nudgeBatch)
		if err != nil || len(nudges) == 0 {
			return err
		}
		var done []int64
		var cohorts []string
		runs := map[string][]string{}
		for _, n := range nudges {
			if n.CohortID.Valid && !n.Started {
				continue
			}
			done = append(done, n.ID)
			id := n.CohortID.String
			if !n.CohortID.Valid || slices.Contains(runs[id], n.RunID) {
				continue
			}
			if runs[id] == nil {
				cohorts = append(cohorts, id)
			}
			runs[id] = append(runs[id], n.RunID)
		}
		group, grouped := errgroup.WithContext(ctx)
		group.SetLimit(dispatchStarts)
		for _, id := range cohorts {
			group.Go(func() error { return d.Starter.Nudge(grouped, id, runs[id]) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		passed = len(done)
		return d.Store.DropNudges(ctx, tx, done)
	})
	if err != nil {
		return 0, fmt.Errorf("passing nudges on: %w", err)
	}
	return passed, nil
}
