package activities

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/workflows"
)

// Migrate moves members of a cohort to another version of their flow. What a run has done stays done; it goes on
// at the step that the migration gives for the one at which it waits, with the same due time.
func (a *Advance) Migrate(ctx context.Context, m workflows.Migration) (workflows.Migrated, error) {
	g, err := a.Programs.Get(ctx, m.To)
	if err != nil {
		return workflows.Migrated{}, err
	}
	var result workflows.Migrated
	err = a.Store.Tx(ctx, func(tx *sqlx.Tx) error {
		runs, err := a.Store.MigrateRuns(ctx, tx, m.Runs, m.From, m.To, m.Steps)
		if err != nil {
			return err
		}
		p := &pass{Advance: a, program: g}
		for _, run := range runs {
			moved := &member{run: run}
			if moved.data, err = readData(run.Data); err != nil {
				return err
			}
			if run.Step != "" {
				p.watch(moved, "", g.ExitOn, run.EnteredAt)
			}
			if s := stepOf(g, run.Step); s != nil && !moved.since(run.Step).IsZero() {
				p.watch(moved, run.Step, s.Watches, moved.since(run.Step))
			}
		}
		result.Moved, result.Kept = len(runs), len(m.Runs)-len(runs)
		return p.writeWatches(ctx, tx)
	})
	return result, err
}

func stepOf(g *program.Program, id string) *program.Step {
	if i := g.Index(id); i >= 0 {
		return &g.Steps[i]
	}
	return nil
}
