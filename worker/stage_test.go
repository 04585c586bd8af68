package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/channel/email"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/apply"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

// start is when the tests' clock begins: a Friday noon, two days before clocks go forward in Europe.
var start = time.Date(2026, 3, 27, 12, 0, 0, 0, time.UTC)

// stage is a Legato of real parts whose time is the test's: Postgres, SMTP, and Temporal's time-skipping
// environment in the place of its server.
type stage struct {
	*testing.T
	store    *store.Store
	mail     *mailServer
	advance  *activities.Advance
	dispatch *ingest.Dispatcher
	planner  *ingest.Planner
	mu       sync.Mutex
	now      time.Time
	started  []startedCohort
	decided  []string
	nudged   map[string][]string // by cohort
	most     int                 // members of a cohort on a real server; 0 is the worker's default
	url      string
}

type startedCohort struct {
	cohort store.Cohort
	runs   []store.CohortRun
}

// Start keeps the cohorts that the dispatcher starts, for play.
func (s *stage) Start(_ context.Context, cohort store.Cohort, runs []store.CohortRun) error {
	s.mu.Lock() // the dispatcher starts several at once
	defer s.mu.Unlock()
	s.started = append(s.started, startedCohort{cohort, runs})
	return nil
}

// Nudge keeps the nudges that the dispatcher passes on, for play.
func (s *stage) Nudge(_ context.Context, cohort string, runs []string) error {
	if s.nudged == nil {
		s.nudged = map[string][]string{}
	}
	s.nudged[cohort] = append(s.nudged[cohort], runs...)
	return nil
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) setClock(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = t
}

// newStage applies one flow and its templates.
func newStage(t *testing.T, flowYAML string, templates map[string]string) *stage {
	t.Helper()
	s := &stage{T: t, url: testkit.DatabaseURL(t), mail: newMailServer(t), now: start}
	var err error
	if s.store, err = store.Open(t.Context(), s.url, 10); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	s.apply(flowYAML, templates)
	sender := email.New(email.Options{Address: s.mail.address, Timeout: 5 * time.Second})
	t.Cleanup(func() { _ = sender.Close() })
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	c := clock.Clock{Now: s.clock, Speed: 1}
	programs := &program.Cache{Load: s.store.Plan}
	s.advance = &activities.Advance{
		Store: s.store, Clock: c, Programs: programs, Mail: sender, From: "hello@shop.example", FromName: "Shop", Log: log,
		Content: content.New(content.Options{}), Feeds: &activities.Feeds{Store: s.store, Clock: s.clock},
		Links: func(profile string) map[string]any {
			return map[string]any{"unsubscribe": "http://shop.example/unsubscribe/" + profile}
		},
	}
	s.dispatch = &ingest.Dispatcher{Store: s.store, Clock: c, Programs: programs, Starter: s, Log: log}
	s.planner = &ingest.Planner{Store: s.store, Clock: c, Programs: programs, Log: log}
	return s
}

// apply makes a flow and its templates the ones that run.
func (s *stage) apply(flowYAML string, templates map[string]string) {
	s.Helper()
	files := fstest.MapFS{"flows/flow.yaml": {Data: []byte(flowYAML)}}
	for name, source := range templates {
		files["templates/"+name+".liquid"] = &fstest.MapFile{Data: []byte(source)}
	}
	definitions, problems := flow.Load(files, "test")
	if err := problems.Err(); err != nil {
		s.Fatal(err)
	}
	if err := apply.Definitions(s.Context(), s.store, definitions); err != nil {
		s.Fatal(err)
	}
}

// profile writes a person with custom properties and gives the id.
func (s *stage) profile(name string, attributes map[string]any) string {
	s.Helper()
	id := "01" + name
	location, properties := map[string]any{}, map[string]any{}
	var address *string
	for key, value := range attributes {
		switch key {
		case "email":
			text := value.(string)
			address = &text
		case "country", "timezone":
			location[key] = value
		default:
			properties[key] = value
		}
	}
	_, err := s.store.DB.Exec(`insert into profile (id, email, first_name, location, properties) values ($1, $2, $3, $4, $5)`,
		id, address, name, encode(s.T, location), encode(s.T, properties))
	if err != nil {
		s.Fatal(err)
	}
	return id
}

func encode(t *testing.T, value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// event stores an event at the stage's time, and the entries that it causes.
func (s *stage) event(profile, metric string, properties map[string]any) {
	s.Helper()
	now := s.clock()
	ctx := s.Context()
	if _, err := s.store.DB.ExecContext(ctx, "select ensure_event_partition($1)", now); err != nil {
		s.Fatal(err)
	}
	if _, err := s.store.DB.ExecContext(ctx, `insert into nudge (run_id) select run_id from watch where profile_id = $1 and kind = 'event' and key = $2`, profile, metric); err != nil {
		s.Fatal(err)
	}
	_, err := s.store.DB.ExecContext(ctx, `
		with m as (
			insert into metric (id, name) values (left(md5($2), 6), $2) on conflict (name, service) do update set updated_at = now() returning id
		), e as (
			insert into event (id, profile_id, metric_id, time, recorded_at, unique_id, properties)
			select gen_random_uuid(), $1, m.id, date_trunc('second', $3::timestamptz), $3, gen_random_uuid()::text, $4 from m returning id, time
		)
		insert into outbox (flow_id, profile_id, entry_key, event_id, event_time, created_at)
		select t.flow_id, $1, 'event/' || e.id, e.id, e.time, $3 from e, flow_trigger t where t.kind = 'metric' and t.key = $2`,
		profile, metric, now, encode(s.T, properties))
	if err != nil {
		s.Fatal(err)
	}
}

// eventForAll stores an event of everybody in one transaction, and the entries that it causes.
func (s *stage) eventForAll(metric string) {
	s.Helper()
	if _, err := s.store.DB.Exec("select ensure_event_partition($1)", s.clock()); err != nil {
		s.Fatal(err)
	}
	_, err := s.store.DB.Exec(`
		with m as (
			insert into metric (id, name) values (left(md5($1), 6), $1) returning id
		), e as (
			insert into event (id, profile_id, metric_id, time, recorded_at, unique_id)
			select gen_random_uuid(), p.id, m.id, date_trunc('second', $2::timestamptz), $2, 'one' from m, profile p returning id, profile_id, time
		)
		insert into outbox (flow_id, profile_id, entry_key, event_id, event_time, created_at)
		select t.flow_id, e.profile_id, 'event/' || e.id, e.id, e.time, $2 from e, flow_trigger t where t.kind = 'metric' and t.key = $1`,
		metric, s.clock())
	if err != nil {
		s.Fatal(err)
	}
}

// enter lets in whoever waits in the outbox.
func (s *stage) enter() []startedCohort {
	s.Helper()
	s.started = nil
	if _, err := s.dispatch.Dispatch(s.Context()); err != nil {
		s.Fatal(err)
	}
	return s.started
}

// play carries a cohort to its end in virtual time. at calls something after so long.
func (s *stage) play(c startedCohort, at map[time.Duration]func()) {
	s.Helper()
	s.playAll([]startedCohort{c}, at)
}

// playAll carries cohorts to their ends beside each other in virtual time. at calls something after so long.
func (s *stage) playAll(cohorts []startedCohort, at map[time.Duration]func()) {
	s.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(s.clock())
	env.SetWorkflowRunTimeout(1000 * 24 * time.Hour)
	env.SetTestTimeout(30 * time.Second)
	workflows.Register(env)
	env.RegisterActivityWithOptions(func(ctx context.Context, batch workflows.Batch) (workflows.Advanced, error) {
		s.setClock(env.Now().UTC())
		result, err := s.advance.Run(ctx, batch)
		s.mu.Lock() // cohorts beside each other advance at once
		s.decided = append(s.decided, result.Decisions...)
		s.mu.Unlock()
		return result, err
	}, activity.RegisterOptions{Name: workflows.Advance})
	for after, do := range at {
		env.RegisterDelayedCallback(func() {
			s.setClock(env.Now().UTC())
			do()
			if _, err := s.store.DB.Exec("update cohort set started_at = now()"); err != nil {
				s.Error(err)
			}
			if _, err := s.dispatch.Nudge(s.Context()); err != nil {
				s.Error(err)
			}
			for cohort, runs := range s.nudged {
				err := env.SignalWorkflowByID(cohort, workflows.Nudge, runs)
				var gone *serviceerror.NotFound // as a real server says of one that has ended
				if err != nil && !errors.As(err, &gone) {
					s.Error(err)
				}
			}
			s.nudged = nil
		}, after)
	}
	env.RegisterWorkflowWithOptions(beside, workflow.RegisterOptions{Name: "beside"})
	var inputs []workflows.Cohort
	var ids []string
	for _, c := range cohorts {
		in := workflows.Cohort{Engine: workflows.Engine, Flow: c.cohort.FlowID, Hash: c.cohort.Hash}
		for _, run := range c.runs {
			in.Waiting = append(in.Waiting, workflows.Waiting{Runs: []string{run.ID}, Due: run.DueAt.Time})
		}
		ids, inputs = append(ids, c.cohort.ID), append(inputs, in)
	}
	env.ExecuteWorkflow("beside", ids, inputs)
	if err := env.GetWorkflowError(); err != nil {
		s.Fatal(err)
	}
}

// beside runs cohorts, as the test environment runs one workflow only and its children.
func beside(ctx workflow.Context, ids []string, cohorts []workflows.Cohort) error {
	var running []workflow.ChildWorkflowFuture
	for i, cohort := range cohorts {
		child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: ids[i]})
		running = append(running, workflow.ExecuteChildWorkflow(child, cohort.Flow, cohort))
	}
	for _, r := range running {
		if err := r.Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

// togetherAndAlone plays a test of people who enter together in one workflow, and again in a workflow for each.
func togetherAndAlone(t *testing.T, test func(t *testing.T, most int)) {
	t.Helper()
	for name, most := range map[string]int{"together": 200, "alone": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, most)
		})
	}
}

// outcomes gives what became of a profile's steps, as "step result reason".
func (s *stage) outcomes(profile string) []string {
	s.Helper()
	runs, err := s.store.RunsOfProfile(s.Context(), profile, 10)
	if err != nil {
		s.Fatal(err)
	}
	var ids []string
	for _, run := range runs {
		ids = append(ids, run.ID)
	}
	outcomes, err := s.store.Outcomes(s.Context(), ids)
	if err != nil {
		s.Fatal(err)
	}
	var lines []string
	for _, o := range outcomes {
		line := o.Step + " " + o.Result
		if o.Reason != "" {
			line += ": " + o.Reason
		}
		lines = append(lines, line)
	}
	return lines
}

// run gives a profile's only run.
func (s *stage) run(profile string) store.Run {
	s.Helper()
	runs, err := s.store.RunsOfProfile(s.Context(), profile, 10)
	if err != nil || len(runs) != 1 {
		s.Fatalf("%d runs, %v", len(runs), err)
	}
	return runs[0]
}

const letterTemplate = "---\nsubject: \"Hello {{ person.first_name }}\"\n---\n<p>Hello {{ person.first_name }}</p>\n"

func address(name string) string { return fmt.Sprintf("%s@example.com", name) }

// detail gives what the only outcome of a step of a profile says.
func (s *stage) detail(profile, step string) map[string]any {
	s.Helper()
	var source []byte
	err := s.store.DB.Get(&source, "select coalesce(detail, '{}') from outcome o join run r on r.id = o.run_id where r.profile_id = $1 and o.step = $2", profile, step)
	if err != nil {
		s.Fatal(err)
	}
	var detail map[string]any
	if err := json.Unmarshal(source, &detail); err != nil {
		s.Fatal(err)
	}
	return detail
}
