package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/internal/payload"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
)

// dialTemporal connects to the Temporal server that the environment names.
func dialTemporal(ctx context.Context) (client.Client, error) {
	options, err := config.TemporalOptions(os.Getenv)
	if err != nil {
		return nil, err
	}
	settings, err := config.FromEnvironment("LEGATO_TASK_QUEUE")
	if err != nil {
		return nil, err
	}
	codec, err := payload.New(settings.PayloadKey, settings.PayloadOtherKeys...)
	if err != nil {
		return nil, err
	}
	codec.Protect(&options)
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connecting to Temporal at %s: %w", options.HostPort, err)
	}
	return c, nil
}

// migrate moves the people inside the changed flows to the version that runs now, cohort by cohort, through an
// update of each cohort's workflow. It may be run again: who has been moved is not on the old version any more.
func migrate(ctx context.Context, w io.Writer, s *store.Store, t client.Client, all *changes) error {
	for _, c := range all.flows {
		target := c.flow.Plan.Hash()
		for hash, places := range c.places {
			cohorts, err := s.CohortsOn(ctx, c.flow.ID, hash)
			if err != nil {
				return err
			}
			var sum workflows.Migrated
			for _, cohort := range cohorts {
				moved, err := migrateCohort(ctx, t, cohort, workflows.Migration{From: hash, To: target, Steps: places})
				if err != nil {
					return fmt.Errorf("moving cohort %s to the new version: %w", cohort, err)
				}
				sum.Moved += moved.Moved
				sum.Kept += moved.Kept
			}
			fmt.Fprintf(w, "flow %s: %d people moved from version %.8s to %.8s, %d stay\n", c.flow.ID, sum.Moved, hash, target, sum.Kept)
		}
	}
	return nil
}

func migrateCohort(ctx context.Context, t client.Client, cohort string, m workflows.Migration) (workflows.Migrated, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var result workflows.Migrated
	handle, err := t.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: cohort, UpdateName: workflows.Migrate, Args: []any{m}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &result)
	}
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) { // it has ended since
		return result, nil
	}
	return result, err
}
