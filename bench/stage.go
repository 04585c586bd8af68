package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing/fstest"
	"time"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/channel/email"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/apply"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/migrations"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/worker"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

// stage is a Legato on the servers under test: API, worker and a mail server that takes everything and keeps
// nothing.
type stage struct {
	under    *servers
	url      string // of the database
	store    *store.Store
	temporal client.Client
	address  string // of the API
	stopAPI  func() error
	sink     *sink
	mail     *email.Sender
	log      *slog.Logger
	programs *program.Cache
	progress func(state string)
}

const (
	key      = "pk_bench"
	queue    = "bench"
	patience = 15 * time.Minute // for a row
)

// benchFlow has the shape that both sides walk: a filter over history at entry and before the send, a wait, a split, an
// email.
const benchFlow = "bench"

const flowSource = `
flow: bench
status: live
trigger:
  metric: Added to Cart
filter: not did("Placed Order", since_start)
steps:
  - wait: 2s
  - if: person.location.country == "United States"
    then:
      - email: bench
    else:
      - email: bench
`

const templateSource = `---
subject: "{{ person.first_name }}, your cart"
---
<p>Hello {{ person.first_name }}</p>{% for item in event.Items %}<p>{{ item.ProductName }}: {{ item.ItemPrice }}</p>{% endfor %}
`

func newStage(ctx context.Context, under *servers) (*stage, error) {
	s := &stage{under: under, url: under.postgres.URL, log: slog.New(slog.NewTextHandler(io.Discard, nil)), progress: func(string) {}}
	var err error
	if s.store, err = store.Open(ctx, s.url, 40); err != nil {
		return nil, err
	}
	if _, err := migrations.Run(ctx, s.store.DB.DB); err != nil {
		return nil, err
	}
	if err := s.apply(ctx, benchFlow, flowSource); err != nil {
		return nil, err
	}
	if s.sink, err = startSink(); err != nil {
		return nil, err
	}
	s.mail = email.New(email.Options{Address: s.sink.address, Connections: 8})
	s.programs = &program.Cache{Load: s.store.Plan}
	return s, s.serve(ctx)
}

// serve starts the API.
func (s *stage) serve(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.address = listener.Addr().String()
	handler := api.New(api.Options{
		Store: s.store, Ingester: ingest.New(s.store, time.Now), Keys: []string{key}, Secret: []byte("a secret of the bench"), Log: s.log,
	})
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- api.Serve(ctx, listener, handler, 5*time.Second) }()
	s.stopAPI = func() error {
		stop()
		return <-ended
	}
	return nil
}

// apply makes a flow live.
func (s *stage) apply(ctx context.Context, name, source string) error {
	definitions, problems := flow.Load(fstest.MapFS{
		"flows/" + name + ".yaml": {Data: []byte(source)},
		"templates/bench.liquid":  {Data: []byte(templateSource)},
	}, "bench")
	if err := problems.Err(); err != nil {
		return err
	}
	return apply.Definitions(ctx, s.store, definitions)
}

// connect goes to a Temporal that keeps its data there.
func (s *stage) connect(ctx context.Context, kind string) error {
	if s.under.kind == kind {
		return nil
	}
	if s.temporal != nil {
		s.temporal.Close()
		s.temporal = nil
	}
	if err := s.under.startTemporal(ctx, kind); err != nil || kind == nowhere {
		return err
	}
	var err error
	s.temporal, err = client.DialContext(ctx, client.Options{HostPort: s.under.temporal.Address, Logger: sdklog.NewStructuredLogger(s.log)})
	if err != nil {
		return err
	}
	return worker.EnsureAttributes(ctx, s.temporal, "default")
}

func (s *stage) close() {
	_ = s.stopAPI()
	_ = s.mail.Close()
	_ = s.sink.stop()
	if s.temporal != nil {
		s.temporal.Close()
	}
	_ = s.store.Close()
}

// worker starts a Legato worker with cohorts of at most so many. The caller stops it.
func (s *stage) worker(ctx context.Context, most int) (*worker.Worker, error) {
	w := worker.New(worker.Options{
		Store: s.store, DatabaseURL: s.url, Temporal: s.temporal, Queue: queue, Clock: clock.System(1), Programs: s.programs, CohortMax: most,
		Log: s.log, Advance: s.advance(),
	})
	return w, w.Start(ctx)
}

// advance is what moves runs on, whoever calls it.
func (s *stage) advance() *activities.Advance {
	return &activities.Advance{
		Store: s.store, Clock: clock.System(1), Programs: s.programs, Mail: s.mail, From: "hello@shop.example", Log: s.log,
		Content: content.New(content.Options{}), Feeds: &activities.Feeds{Store: s.store, Clock: time.Now},
		Links: func(profile string) map[string]any {
			return map[string]any{"unsubscribe": "http://127.0.0.1/unsubscribe/" + profile}
		},
	}
}

// people makes n profiles, half of them in the United States, and gives their ids' prefix.
func (s *stage) people(ctx context.Context, prefix string, n int) error {
	_, err := s.store.DB.ExecContext(ctx, `
		insert into profile (id, email, first_name, location)
		select $1 || lpad(i::text, 8, '0'), $1 || i || '@example.com', 'Ada',
		       jsonb_build_object('country', case when i % 2 = 0 then 'United States' else 'Germany' end)
		from generate_series(1, $2) i`, prefix, n)
	return err
}

// enter writes one event and one entry per person, as ingestion would, in one transaction.
func (s *stage) enter(ctx context.Context, flow, prefix string) error {
	now := time.Now().UTC()
	if _, err := s.store.DB.ExecContext(ctx, "select ensure_event_partition($1)", now); err != nil {
		return err
	}
	_, err := s.store.DB.ExecContext(ctx, `
		with m as (
			insert into metric (id, name) values ('BenchA', 'Added to Cart') on conflict (name, service) do update set updated_at = now() returning id
		), e as (
			insert into event (id, profile_id, metric_id, time, unique_id, value, properties)
			select gen_random_uuid(), p.id, m.id, date_trunc('second', $2::timestamptz), 'bench', 59,
			       '{"Items": [{"ProductName": "Tea pot", "ItemPrice": 59, "Quantity": 1}]}'
			from profile p, m where p.id like $1 || '%' returning id, profile_id, time
		)
		insert into outbox (flow_id, profile_id, entry_key, event_id, event_time)
		select $3, profile_id, 'event/' || id, id, time from e`, prefix, now, flow)
	return err
}

// settle lets Postgres do now what it would otherwise do while something is measured.
func (s *stage) settle(ctx context.Context) error {
	for _, statement := range []string{"vacuum analyze", "checkpoint"} {
		if _, err := s.store.DB.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// finished waits until nobody is about to enter the flow or inside, checks that n of these people have gone through
// it and were sent a message, and says how long it took since start.
func (s *stage) finished(ctx context.Context, flow, prefix string, n int, start time.Time) (time.Duration, error) {
	took, err := s.until(ctx, start, `select not exists (select from outbox where flow_id = $1)
		and not exists (select from run where flow_id = $1 and status = 'active')`, flow)
	if err != nil {
		return 0, err
	}
	var done, sent int
	err = s.store.DB.QueryRowContext(ctx, `
		select (select count(*) from run where flow_id = $1 and profile_id like $2 || '%' and status = 'done'),
		       (select count(*) from message where profile_id like $2 || '%' and status = 'sent')`, flow, prefix).Scan(&done, &sent)
	if err == nil && (done != n || sent != n) {
		err = fmt.Errorf("of %d runs %d came to the end and %d sent their message", n, done, sent)
	}
	return took, err
}

// closed waits until Temporal has no workflow of this type left that is open: one ends a little after its last activity.
func (s *stage) closed(ctx context.Context, kind string) error {
	for deadline := time.Now().Add(patience); ; {
		open, err := s.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: "default", Query: fmt.Sprintf("WorkflowType = '%s' and ExecutionStatus = 'Running'", kind),
		})
		if err != nil || open.Count == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d workflows %s are open after %s", open.Count, kind, patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// until asks again and again until the answer is yes, and says how long that took since start.
func (s *stage) until(ctx context.Context, start time.Time, question string, args ...any) (time.Duration, error) {
	for deadline := time.Now().Add(patience); ; {
		var yes bool
		if err := s.store.DB.GetContext(ctx, &yes, question, args...); err != nil {
			return 0, err
		}
		if yes {
			return time.Since(start), nil
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("not done in %s: %s", patience, question)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
