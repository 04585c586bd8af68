package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// latency measures an event's way from the request to the moment at which Temporal has its run.
func latency(ctx context.Context, s *stage, _ options) ([]row, error) {
	const n = 100
	w, err := s.worker(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	if err := s.people(ctx, "late", n); err != nil {
		return nil, err
	}
	for i := range n {
		if err := s.postEvent(ctx, "Added to Cart", fmt.Sprintf("late%d@example.com", i+1)); err != nil {
			return nil, err
		}
		time.Sleep(200 * time.Millisecond)
	}
	if _, err := s.finished(ctx, benchFlow, "late", n, time.Now()); err != nil {
		return nil, err
	}
	var took []float64
	err = s.store.DB.SelectContext(ctx, &took, `
		select extract(epoch from c.started_at - e.recorded_at) * 1000
		from run r join cohort c on c.id = r.cohort_id join event e on e.id = r.event_id and e.time = r.event_time
		where r.profile_id like 'late%'`)
	if err != nil {
		return nil, err
	}
	slices.Sort(took)
	return []row{{
		work: "event in → run started, 5 events/s", against: "–",
		ours: fmt.Sprintf("p50 %.0f ms, p99 %.0f ms", took[len(took)/2], took[len(took)*99/100]), theirs: "", ratio: "–",
	}}, nil
}

// loneRuns compares runs that have a workflow each with bare workflows of the same shape.
func loneRuns(ctx context.Context, s *stage, o options) ([]row, error) {
	measured, err := byTurns(o.rounds,
		func(round int) (float64, error) { return s.runs(ctx, fmt.Sprintf("lone%d-", round), o.lone, 1) },
		func(int) (float64, error) { return s.bare(ctx, o.lone) },
	)
	if err != nil {
		return nil, err
	}
	ours, bare := measured[0], measured[1]
	return []row{{
		work: fmt.Sprintf("%d lone runs: filter, wait, split, filter, email", o.lone), ours: ours.String(),
		against: "bare workflows with the same local activities and timer, which do nothing", theirs: bare.String(),
		ratio: ours.over(bare, "%.2f"), goal: "0.85",
	}}, nil
}

// together compares people who enter at once with bare workflows, one per run, and with the same work without
// Temporal.
func together(ctx context.Context, s *stage, o options) ([]row, error) {
	measured, err := byTurns(o.rounds,
		func(round int) (float64, error) {
			if round == 0 {
				stop, err := profile(o.profile)
				if err != nil {
					return 0, err
				}
				defer stop()
			}
			return s.runs(ctx, fmt.Sprintf("many%d-", round), o.together, cohortMax)
		},
		func(round int) (float64, error) { return s.direct(ctx, fmt.Sprintf("plain%d-", round), o.together) },
		func(int) (float64, error) { return s.bare(ctx, o.lone) },
	)
	if err != nil {
		return nil, err
	}
	ours, direct, bare := measured[0], measured[1], measured[2]
	work := fmt.Sprintf("%d entries at once, whole runs", o.together)
	return []row{{
		work: work, ours: ours.String(), against: "bare workflows, one per run", theirs: bare.String(),
		ratio: ours.over(bare, "%.1f"), goal: "20",
	}, {
		work: work, ours: ours.String(), against: "the same SQL, rendering and SMTP without Temporal", theirs: direct.String(),
		ratio: ours.over(direct, "%.2f"), goal: "0.7",
	}}, nil
}

// cohortMax is the members of a cohort in rows about people who enter together.
const cohortMax = 200

// runs lets n people enter at once and gives how many whole runs a second came of it.
func (s *stage) runs(ctx context.Context, prefix string, n, most int) (float64, error) {
	if err := s.queueUp(ctx, benchFlow, prefix, n); err != nil {
		return 0, err
	}
	start := time.Now()
	w, err := s.worker(ctx, most)
	if err != nil {
		return 0, err
	}
	defer w.Stop()
	took, err := s.finished(ctx, benchFlow, prefix, n, start)
	if err != nil {
		return 0, err
	}
	return perSecond(n, took), s.closed(ctx, benchFlow) // so that the next round finds none of this one's
}

// queueUp makes n people and their entries, and lets Postgres catch up with its own work.
func (s *stage) queueUp(ctx context.Context, flow, prefix string, n int) error {
	if err := s.people(ctx, prefix, n); err != nil {
		return err
	}
	if err := s.enter(ctx, flow, prefix); err != nil {
		return err
	}
	return s.settle(ctx)
}
