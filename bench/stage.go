package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"time"

	"github.com/emersion/go-smtp"
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
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"testing/fstest"
)

// stage is a Legato on the servers under test: API, worker and a mail server that takes everything and keeps
// nothing.
type stage struct {
	url      string // of the database
	store    *store.Store
	temporal client.Client
	api      *httptest.Server
	sink     *smtp.Server
	mail     *email.Sender
	log      *slog.Logger
	programs *program.Cache
}

const (
	key   = "pk_bench"
	queue = "bench"
)

// The shape that both sides walk: a filter over history at entry and before the send, a wait, a split, an email.
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

func newStage(ctx context.Context, url, temporal string) (*stage, error) {
	s := &stage{url: url, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	var err error
	if s.store, err = store.Open(ctx, url, 40); err != nil {
		return nil, err
	}
	if _, err := migrations.Run(ctx, s.store.DB.DB); err != nil {
		return nil, err
	}
	definitions, problems := flow.Load(fstest.MapFS{
		"flows/bench.yaml":       {Data: []byte(flowSource)},
		"templates/bench.liquid": {Data: []byte(templateSource)},
	}, "bench")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if err := apply.Definitions(ctx, s.store, definitions); err != nil {
		return nil, err
	}
	if s.temporal, err = client.DialContext(ctx, client.Options{HostPort: temporal, Logger: sdklog.NewStructuredLogger(s.log)}); err != nil {
		return nil, err
	}
	if err := worker.EnsureAttributes(ctx, s.temporal, "default"); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.sink = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return swallow{}, nil }))
	s.sink.Domain = "localhost"
	go func() { _ = s.sink.Serve(listener) }()
	s.mail = email.New(email.Options{Address: listener.Addr().String(), Connections: 8})
	s.programs = &program.Cache{Load: s.store.Plan}
	s.api = httptest.NewServer(api.New(api.Options{
		Store: s.store, Ingester: ingest.New(s.store, time.Now), Keys: []string{key}, Secret: []byte("a secret of the bench"), Log: s.log,
	}))
	return s, nil
}

func (s *stage) close() {
	s.api.Close()
	_ = s.mail.Close()
	_ = s.sink.Close()
	s.temporal.Close()
	_ = s.store.Close()
}

// worker starts a Legato worker with cohorts of at most so many. The caller stops it.
func (s *stage) worker(ctx context.Context, most int) (*worker.Worker, error) {
	system := clock.System(1)
	w := worker.New(worker.Options{
		Store: s.store, DatabaseURL: s.url, Temporal: s.temporal, Queue: queue, Clock: system, Programs: s.programs, CohortMax: most, Log: s.log,
		Advance: &activities.Advance{
			Store: s.store, Clock: system, Programs: s.programs, Mail: s.mail, From: "hello@shop.example", Log: s.log,
			Content: content.New(content.Options{}), Feeds: &activities.Feeds{Store: s.store, Clock: time.Now},
			Links: func(profile string) map[string]any {
				return map[string]any{"unsubscribe": "http://127.0.0.1/unsubscribe/" + profile}
			},
		},
	})
	return w, w.Start(ctx)
}

// swallow takes every message.
type swallow struct{}

func (swallow) Mail(string, *smtp.MailOptions) error { return nil }
func (swallow) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (swallow) Reset()                               {}
func (swallow) Logout() error                        { return nil }
func (swallow) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
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
func (s *stage) enter(ctx context.Context, prefix string) error {
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
		select 'bench', profile_id, 'event/' || id, id, time from e`, prefix, now)
	return err
}

// finished waits until n runs of these people have ended, and says how long it took since start.
func (s *stage) finished(ctx context.Context, prefix string, n int, start time.Time) (time.Duration, error) {
	for {
		var done int
		err := s.store.DB.GetContext(ctx, &done, "select count(*) from run where profile_id like $1 || '%' and status <> 'active'", prefix)
		if err != nil {
			return 0, err
		}
		if done >= n {
			return time.Since(start), nil
		}
		if time.Since(start) > 10*time.Minute {
			return 0, fmt.Errorf("%d of %d runs ended in ten minutes", done, n)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
