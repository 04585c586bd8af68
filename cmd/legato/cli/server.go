package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/channel/consent"
	"github.com/legato-flow/legato/channel/email"
	"github.com/legato-flow/legato/channel/webhook"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/internal/payload"
	"github.com/legato-flow/legato/internal/telemetry"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/worker"
)

// server is the parts that the API and the worker are made of, opened once for the process.
type server struct {
	config   config.Config
	log      *slog.Logger
	clock    clock.Clock
	registry *prometheus.Registry
	store    *store.Store
	temporal client.Client
	codec    *payload.Codec // nil where payloads are not encrypted
	space    string         // the Temporal namespace
	closers  []func()
}

// openServer connects to Postgres and Temporal, whose settings its SDK reads through getenv.
func openServer(ctx context.Context, c config.Config, getenv func(string) string, logs io.Writer) (*server, error) {
	s := &server{config: c, clock: clock.System(c.Speed), registry: telemetry.NewRegistry()}
	s.log = telemetry.NewLogger(logs, c.LogFormat, c.LogLevel)
	var err error
	if s.store, err = store.Open(ctx, string(c.DatabaseURL), c.DatabaseConnections); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() { _ = s.store.Close() })
	options, err := config.TemporalOptions(getenv)
	if err != nil {
		s.close()
		return nil, err
	}
	if options.MetricsHandler, err = telemetry.TemporalMetrics(s.registry); err != nil {
		s.close()
		return nil, err
	}
	options.Logger = telemetry.TemporalLogger(s.log)
	if s.codec, err = payload.New(c.PayloadKey, c.PayloadOtherKeys...); err != nil {
		s.close()
		return nil, err
	}
	s.codec.Protect(&options)
	if s.space = options.Namespace; s.space == "" {
		s.space = "default"
	}
	if s.temporal, err = client.DialContext(ctx, options); err != nil {
		s.close()
		return nil, fmt.Errorf("connecting to Temporal at %s: %w", options.HostPort, err)
	}
	s.closers = append(s.closers, s.temporal.Close)
	return s, nil
}

// close lets go of everything, the last first.
func (s *server) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closers = nil
}

// worker assembles the worker.
func (s *server) worker(ctx context.Context) (*worker.Worker, error) {
	if err := worker.EnsureAttributes(ctx, s.temporal, s.space); err != nil {
		return nil, err
	}
	account, err := s.store.Account(ctx)
	if err != nil {
		return nil, err
	}
	c := s.config
	mail := email.New(email.Options{
		Address: c.SMTP.Address, Username: c.SMTP.Username, Password: string(c.SMTP.Password), TLS: email.TLS(c.SMTP.TLS),
		Connections: c.SMTP.Connections,
	})
	s.closers = append(s.closers, func() { _ = mail.Close() })
	programs := &program.Cache{Load: s.store.Plan}
	deliveries := &activities.Deliveries{
		Store: s.store, Calls: webhook.New(webhook.Options{Private: c.WebhookPrivate, MaxBody: activities.MaxDelivery}),
		Now: time.Now, Base: c.BaseURL, Keep: c.WebhookLog, Log: s.log,
	}
	return worker.New(worker.Options{
		Store: s.store, DatabaseURL: string(c.DatabaseURL), Temporal: s.temporal, Queue: c.TaskQueue, Clock: s.clock, Programs: programs,
		Advance: &activities.Advance{
			Store: s.store, Clock: s.clock, Programs: programs, Mail: mail,
			Webhooks: webhook.New(webhook.Options{Secret: c.WebhookKey(), Private: c.WebhookPrivate}), From: c.From, FromName: c.FromName,
			Content: content.New(content.Options{Currency: account.Currency, Locale: account.Locale}),
			Feeds:   &activities.Feeds{Store: s.store, Clock: s.clock.Now},
			Links: func(profile string) map[string]any {
				secret := []byte(string(c.Secret))
				return map[string]any{"unsubscribe": consent.UnsubscribeURL(c.BaseURL, secret, profile), "exchange": consent.Exchange(secret, profile)}
			},
			Caps:     map[string]time.Duration{plan.ChannelEmail: c.CapEmail, plan.ChannelSMS: c.CapText, plan.ChannelPush: c.CapPush},
			Quiet:    quietHours(c),
			Parallel: c.SMTP.Connections, Log: s.log,
		},
		CohortMax: c.CohortMax, StartsPerSecond: c.StartsPerSecond, DateHorizon: c.DateHorizon, DateSpread: c.DateSpread, LateEvents: c.LateEvents, StopTimeout: c.ShutdownTimeout, BuildID: c.BuildID, Deliveries: deliveries, Log: s.log,
	}), nil
}

// quietHours gives the channels' quiet hours, of those that have any.
func quietHours(c config.Config) map[string]activities.QuietHours {
	quiet := map[string]activities.QuietHours{}
	for channel, h := range map[string]config.Hours{plan.ChannelEmail: c.QuietEmail, plan.ChannelSMS: c.QuietSMS, plan.ChannelPush: c.QuietPush} {
		if h != (config.Hours{}) {
			quiet[channel] = activities.QuietHours{From: h.From, Till: h.Till}
		}
	}
	return quiet
}

// checks say whether what the server stands on answers.
func (s *server) checks() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"postgres": s.store.DB.PingContext,
		"temporal": func(ctx context.Context) error {
			_, err := s.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
			return err
		},
	}
}

// handler assembles the API. extra serves the paths that it does not know; it may be nil.
func (s *server) handler(extra http.Handler) http.Handler {
	options := s.operations()
	options.Store, options.Ingester, options.Clock = s.store, ingest.New(s.store, s.clock.Now), s.clock.Now
	options.Ingester.LimitMetrics(s.config.MaxMetrics)
	s.closers = append(s.closers, options.Ingester.Close)
	options.Secret, options.BaseURL, options.Extra = []byte(string(s.config.Secret)), s.config.BaseURL, extra
	options.Liquid = checkLiquid(content.New(content.Options{}))
	if s.codec != nil { // an interface of a nil *Codec would not be nil
		options.Payloads, options.CodecOrigin = s.codec, s.config.TemporalUIOrigin
	}
	if s.config.RateLimits {
		options.Limiter = api.NewLimiter(time.Now) // not s.clock, which may run ahead
	}
	options.Proxies, options.From, options.FromName = s.config.TrustedProxies, s.config.From, s.config.FromName
	if s.config.Mode == config.Development {
		options.Loopback = true
		options.Keys = []string{string(s.config.APIKey)}
	}
	return api.New(options)
}

// operations is what health and metrics need.
func (s *server) operations() api.Options {
	return api.Options{Checks: s.checks(), Registry: s.registry, Log: s.log}
}

// run serves HTTP at address, if there is one, and runs w, if there is one, until ctx ends or either fails. Then
// it finishes what has begun, within the shutdown timeout.
func (s *server) run(ctx context.Context, address string, handler http.Handler, w *worker.Worker) error {
	var listener net.Listener
	if address != "" {
		var err error
		if listener, err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("listening on %s: %w", address, err)
		}
	}
	return s.serve(ctx, listener, handler, w)
}

// serve is run on a listener that is open already; it may be nil.
func (s *server) serve(ctx context.Context, listener net.Listener, handler http.Handler, w *worker.Worker) error {
	group, ctx := errgroup.WithContext(ctx)
	if listener != nil {
		s.log.Info("listening", "address", listener.Addr().String())
		group.Go(func() error { return api.Serve(ctx, listener, handler, s.config.ShutdownTimeout) })
	}
	if w != nil {
		if err := w.Start(ctx); err != nil {
			return err
		}
		s.log.Info("running flows", "queue", s.config.TaskQueue)
		group.Go(func() error {
			<-ctx.Done()
			w.Stop()
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		return nil
	})
	err := group.Wait()
	s.log.Info("stopped")
	return err
}

// connectPatiently opens the server, and waits for Postgres and Temporal to come up for as long as patience.
func connectPatiently(ctx context.Context, c config.Config, logs io.Writer, patience time.Duration) (*server, error) {
	for deadline := time.Now().Add(patience); ; {
		s, err := openServer(ctx, c, os.Getenv, logs)
		if err == nil || time.Now().After(deadline) || ctx.Err() != nil {
			return s, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
