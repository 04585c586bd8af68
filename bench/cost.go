package main

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
)

// expense is what a run costs Temporal's history, its store and the processors.
type expense struct {
	events, bytes float64
	used          usage // of all runs
	runs          int
}

func (e expense) milliseconds() float64 { return ms(e.used.all()) / float64(e.runs) }

// cost compares what a run costs with an interpreter that has a workflow per person and an activity per step.
func cost(ctx context.Context, s *stage, o options) ([]row, error) {
	ours := func(prefix string, n, most int) func() error {
		return func() error {
			start := time.Now()
			w, err := s.worker(ctx, most)
			if err != nil {
				return err
			}
			defer w.Stop()
			if _, err := s.finished(ctx, benchFlow, prefix, n, start); err != nil {
				return err
			}
			return s.closed(ctx, benchFlow)
		}
	}
	s.progress("cost: interpreter")
	usual, err := s.expense(ctx, "usual-", o.lone, func() error { return s.interpreted(ctx, "usual-", o.lone) })
	if err != nil {
		return nil, fmt.Errorf("the interpreter: %w", err)
	}
	s.progress("cost: lone runs")
	lone, err := s.expense(ctx, "alone-", o.lone, ours("alone-", o.lone, 1))
	if err != nil {
		return nil, err
	}
	s.progress("cost: together")
	many, err := s.expense(ctx, "crowd-", o.together, ours("crowd-", o.together, cohortMax))
	if err != nil {
		return nil, err
	}
	return append(beside("a lone run", lone, usual), beside(fmt.Sprintf("a run of %d at once", o.together), many, usual)...), nil
}

func beside(work string, ours, usual expense) []row {
	against := "an interpreter: workflow per person, activity per step"
	line := func(what, format string, ours, theirs float64) row {
		return row{
			work: work + ": " + what, against: against, ours: fmt.Sprintf(format, ours), theirs: fmt.Sprintf(format, theirs),
			ratio: fmt.Sprintf("%.1f", theirs/ours),
		}
	}
	processors := line("CPU of Temporal + worker + Postgres", "%.2f ms", ours.milliseconds(), usual.milliseconds())
	processors.ours += ours.split()
	processors.theirs += usual.split()
	return []row{
		line("history events", "%.2f", ours.events, usual.events),
		line("Temporal's bytes in Postgres", "%.0f", ours.bytes, usual.bytes),
		processors,
	}
}

// split says whose the processor time of a run is.
func (e expense) split() string {
	each := func(d time.Duration) float64 { return ms(d) / float64(e.runs) }
	return fmt.Sprintf(" = %.2f + %.2f + %.2f", each(e.used.temporal), each(e.used.worker), each(e.used.postgres))
}

// expense lets n people enter, measures while run lets all of them through, and counts what is left.
func (s *stage) expense(ctx context.Context, prefix string, n int, run func() error) (expense, error) {
	e := expense{runs: n}
	before, err := s.kept(ctx)
	if err != nil {
		return e, err
	}
	if err := s.queueUp(ctx, benchFlow, prefix, n); err != nil {
		return e, err
	}
	used, err := s.usage()
	if err != nil {
		return e, err
	}
	if err := run(); err != nil {
		return e, err
	}
	now, err := s.usage()
	if err != nil {
		return e, err
	}
	e.used = now.since(used)
	if e.events, err = s.events(ctx, prefix); err != nil {
		return e, err
	}
	after, err := s.kept(ctx)
	e.bytes = float64(after-before) / float64(n)
	return e, err
}

// events counts the history events per run, of fifty workflows that have ended.
func (s *stage) events(ctx context.Context, prefix string) (float64, error) {
	var cohorts []struct {
		ID   string
		Size int
	}
	err := s.store.DB.SelectContext(ctx, &cohorts, `select id, size from cohort
		where id in (select cohort_id from run where profile_id like $1 || '%') order by md5(id) limit 50`, prefix)
	if err != nil {
		return 0, err
	}
	events, runs := 0, 0
	for _, c := range cohorts {
		if err := s.temporal.GetWorkflow(ctx, c.ID, "").Get(ctx, nil); err != nil {
			return 0, fmt.Errorf("workflow %s: %w", c.ID, err)
		}
		history := s.temporal.GetWorkflowHistory(ctx, c.ID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			if _, err := history.Next(); err != nil {
				return 0, fmt.Errorf("history of workflow %s: %w", c.ID, err)
			}
			events++
		}
		runs += c.Size
	}
	if runs == 0 {
		return 0, fmt.Errorf("no cohort of %s", prefix)
	}
	return float64(events) / float64(runs), nil
}
