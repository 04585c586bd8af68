package simulate

import (
	"container/heap"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
	"github.com/lib/pq"
)

const (
	planAhead = 31 * 24 * time.Hour // how far the date planner looks at a time
	oneBatch  = 500                 // runs advanced together
	maxTurns  = 1000                // times that runs are advanced at one moment
)

// seat is where a run waits.
type seat struct {
	flow, hash string
	due        time.Time
}

type startedCohort struct {
	cohort store.Cohort
	runs   []store.CohortRun
}

// act is something on the agenda: what happens to a profile, or, without one, a look at dates.
type act struct {
	at      time.Time
	order   int // among those of one moment
	profile string
	h       Happening
	do      func(ctx context.Context) error // instead of h
}

// agenda holds what is to happen, the first on top.
type agenda struct {
	acts    []act
	added   int
	planned bool
}

func (a *agenda) Len() int { return len(a.acts) }
func (a *agenda) Less(i, j int) bool {
	if a.acts[i].at.Equal(a.acts[j].at) {
		return a.acts[i].order < a.acts[j].order
	}
	return a.acts[i].at.Before(a.acts[j].at)
}
func (a *agenda) Swap(i, j int) { a.acts[i], a.acts[j] = a.acts[j], a.acts[i] }
func (a *agenda) Push(x any)    { a.acts = append(a.acts, x.(act)) }
func (a *agenda) Pop() any {
	last := a.acts[len(a.acts)-1]
	a.acts = a.acts[:len(a.acts)-1]
	return last
}

func (a *agenda) add(one act) {
	one.order = a.added
	a.added++
	heap.Push(a, one)
}

// plan lets the date planner look at t.
func (a *agenda) plan(t time.Time) {
	a.planned = true
	a.add(act{at: t})
}

// Schedule puts what happens to a profile on the agenda.
func (s *Simulation) Schedule(profile string, h Happening) {
	s.agenda.add(act{at: h.At, profile: profile, h: h})
}

// Start takes the cohorts that the dispatcher starts.
func (s *Simulation) Start(_ context.Context, cohort store.Cohort, runs []store.CohortRun) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = append(s.started, startedCohort{cohort, runs})
	return nil
}

// Nudge takes the runs that the dispatcher wants to have looked at.
func (s *Simulation) Nudge(_ context.Context, _ string, runs []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.called = append(s.called, runs...)
	return nil
}

// Run lets time pass until nothing more happens, or until end, which it reaches then. Dates alone do not make a
// simulation go on for ever: it ends at end.
func (s *Simulation) Run(ctx context.Context, end time.Time) error {
	if end.Sub(s.clock()) > Longest {
		return fmt.Errorf("a simulation takes at most %d days", int(Longest/(24*time.Hour)))
	}
	for {
		next, ok := s.next()
		if !ok || next.After(end) {
			break
		}
		if next.After(s.clock()) {
			s.turns = 0
			if err := s.setClock(ctx, next); err != nil {
				return err
			}
		}
		if err := s.moment(ctx); err != nil {
			return fmt.Errorf("at %s: %w", s.clock().Format(time.RFC3339), err)
		}
	}
	return nil
}

// next is when something happens next.
func (s *Simulation) next() (next time.Time, ok bool) {
	if len(s.agenda.acts) > 0 {
		next, ok = s.agenda.acts[0].at, true
	}
	for _, w := range s.waiting {
		if !ok || w.due.Before(next) {
			next, ok = w.due, true
		}
	}
	return next, ok
}

// moment does one thing that is due now: what happens to people comes before what flows do.
func (s *Simulation) moment(ctx context.Context) error {
	if len(s.agenda.acts) > 0 && !s.agenda.acts[0].at.After(s.clock()) {
		one := heap.Pop(&s.agenda).(act)
		if err := s.perform(ctx, one); err != nil {
			return err
		}
		return s.settle(ctx, nil)
	}
	var due []string
	for run, w := range s.waiting {
		if !w.due.After(s.clock()) {
			due = append(due, run)
		}
	}
	slices.Sort(due)
	return s.settle(ctx, due)
}

func (s *Simulation) perform(ctx context.Context, one act) error {
	switch {
	case one.do != nil:
		return one.do(ctx)
	case one.profile != "":
		if s.watcher.happened != nil {
			s.watcher.happened(one.h)
		}
		return s.Happen(ctx, one.profile, one.h)
	default: // a look at dates, which settle takes
		s.agenda.plan(s.clock().Add(planAhead - time.Hour))
		return nil
	}
}

// settle advances runs, and lets in and looks at whoever is concerned by what happened, until all is quiet.
func (s *Simulation) settle(ctx context.Context, due []string) error {
	for {
		if err := s.move(ctx, due, nil); err != nil {
			return err
		}
		if s.agenda.planned { // a date may have changed
			if _, err := s.planner.Plan(ctx); err != nil {
				return err
			}
		}
		entered, err := s.enter(ctx)
		if err != nil {
			return err
		}
		nudged, err := s.nudged(ctx)
		if err != nil {
			return err
		}
		if len(entered) == 0 && len(nudged) == 0 {
			return nil
		}
		if s.turns++; s.turns > maxTurns {
			return fmt.Errorf("runs were looked at %d times at one moment: the flow seems to go in circles", maxTurns)
		}
		if err := s.move(ctx, nil, nudged); err != nil {
			return err
		}
		due = entered
	}
}

// enter lets in or refuses whoever waits at the door, and gives the runs that are due at once.
func (s *Simulation) enter(ctx context.Context) (due []string, err error) {
	for {
		n, err := s.dispatch.Dispatch(ctx)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if s.watcher.refused != nil {
			if err := s.watcher.refused(ctx); err != nil {
				return nil, err
			}
		}
	}
	started := s.started
	s.started = nil
	for _, c := range started {
		for _, run := range c.runs {
			s.waiting[run.ID] = seat{c.cohort.FlowID, c.cohort.Hash, run.DueAt.Time}
			if !run.DueAt.Time.After(s.clock()) {
				due = append(due, run.ID)
			}
		}
		if s.watcher.entered != nil {
			s.watcher.entered(c.runs)
		}
	}
	return due, nil
}

// nudged gives the waiting runs that something happened to which they may wait for.
func (s *Simulation) nudged(ctx context.Context) ([]string, error) {
	var runs pq.StringArray
	err := s.store.DB.GetContext(ctx, &runs, `with gone as (delete from nudge returning run_id)
		select coalesce(array_agg(distinct run_id order by run_id), '{}') from gone`)
	if err != nil {
		return nil, fmt.Errorf("looking for runs to be looked at: %w", err)
	}
	runs = append(runs, s.called...)
	s.called = nil
	slices.Sort(runs)
	return slices.DeleteFunc(slices.Compact(runs), func(run string) bool { _, ok := s.waiting[run]; return !ok }), nil
}

// move advances runs: those that are due, and those that were nudged.
func (s *Simulation) move(ctx context.Context, due, nudged []string) error {
	size := oneBatch
	if s.watcher.advanced != nil {
		size = 1 // so that decisions belong to somebody
	}
	for _, group := range []struct {
		runs   []string
		nudged bool
	}{{due, false}, {nudged, true}} {
		byHash := map[[2]string][]string{}
		var order [][2]string
		for _, run := range group.runs {
			w, ok := s.waiting[run]
			if !ok {
				continue
			}
			key := [2]string{w.flow, w.hash}
			if byHash[key] == nil {
				order = append(order, key)
			}
			byHash[key] = append(byHash[key], run)
		}
		for _, key := range order {
			for part := range slices.Chunk(byHash[key], size) {
				batch := workflows.Batch{Flow: key[0], Hash: key[1], Runs: part}
				if group.nudged {
					batch.Nudged = part
				}
				if err := s.step(ctx, batch); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *Simulation) step(ctx context.Context, batch workflows.Batch) error {
	for _, run := range batch.Runs {
		if !s.waiting[run].due.After(s.clock()) {
			if s.turns++; s.turns > maxTurns*oneBatch {
				return fmt.Errorf("runs were advanced %d times at one moment: the flow seems to go in circles", s.turns-1)
			}
		}
	}
	before := len(s.Messages)
	result, err := s.advance.Run(ctx, batch)
	if err != nil {
		return err
	}
	for _, run := range batch.Runs {
		delete(s.waiting, run)
	}
	for _, group := range result.Waiting {
		for _, run := range group.Runs {
			s.waiting[run] = seat{batch.Flow, batch.Hash, group.Due}
		}
	}
	if s.watcher.advanced == nil {
		return nil
	}
	return s.watcher.advanced(ctx, batch.Runs[0], result.Decisions, s.Messages[before:])
}
