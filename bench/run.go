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
	if _, err := s.finished(ctx, "late", n, time.Now()); err != nil {
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
	return s.beside(ctx, "lone", o.lone, 1, o.lone, "%.2f", row{
		work:    fmt.Sprintf("%d lone runs: filter, wait, split, filter, email", o.lone),
		against: "bare workflows with the same local activities and timer, which do nothing",
	})
}

// together compares people who enter at once with bare workflows, one per run.
func together(ctx context.Context, s *stage, o options) ([]row, error) {
	return s.beside(ctx, "many", o.together, 200, o.lone, "%.1f", row{
		work: fmt.Sprintf("%d entries at once, whole runs", o.together), against: "bare workflows, one per run",
	})
}

// beside measures n runs in cohorts of at most so many, then bare workflows, and fills in the row.
func (s *stage) beside(ctx context.Context, prefix string, n, most, bare int, format string, r row) ([]row, error) {
	ours, oursText, err := s.runs(ctx, prefix, n, most)
	if err != nil {
		return nil, err
	}
	theirs, theirsText, err := s.bare(ctx, bare)
	if err != nil {
		return nil, err
	}
	r.ours, r.theirs, r.ratio = oursText, theirsText, fmt.Sprintf(format, ours/theirs)
	return []row{r}, nil
}

// runs lets n people enter at once and gives how many whole runs a second came of it.
func (s *stage) runs(ctx context.Context, prefix string, n, most int) (float64, string, error) {
	if err := s.people(ctx, prefix, n); err != nil {
		return 0, "", err
	}
	if err := s.enter(ctx, prefix); err != nil {
		return 0, "", err
	}
	start := time.Now()
	w, err := s.worker(ctx, most)
	if err != nil {
		return 0, "", err
	}
	defer w.Stop()
	took, err := s.finished(ctx, prefix, n, start)
	if err != nil {
		return 0, "", err
	}
	perSecond, text := rate(n, took)
	return perSecond, text, nil
}
