// Package simulate runs a flow in virtual time: the same plan, dispatcher, planner and advance as production has, on
// a scratch schema of a real Postgres, without Temporal and with a recorder in the place of every way out. A month
// passes in milliseconds. Simulations of a person, unit tests of flows and runs over a shop's history are made of
// it; Explain looks at the real thing.
package simulate

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jmoiron/sqlx/types"
	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/apply"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/store"
)

// Longest is how far a simulation may go on.
const Longest = 800 * 24 * time.Hour

// Options are what a simulation is made of.
type Options struct {
	Definitions *flow.Definitions // of which the flow's templates and feeds are used
	Flow        *flow.Flow        // simulated as if it were live, whatever its status
	Account     store.Account     // a zero one is that of a sample shop
	WebFeeds    map[string]any    // what web feeds answer, by name; the others answer {}
	Settings    Settings
	Log         *slog.Logger // of the parts; nil drops it
}

// Settings are what the worker is set to. The zero value keeps nothing back.
type Settings struct {
	Caps  map[string]time.Duration         // by channel, as in activities.Advance
	Quiet map[string]activities.QuietHours // likewise
	Late  time.Duration                    // as in ingest.Dispatcher
}

// Simulation is a flow with the people who may enter it, at a moment of virtual time. It is for one goroutine.
type Simulation struct {
	Program  *program.Program
	Messages []Message // that went out, in their order

	scratch  *Scratch
	store    *store.Store
	options  Options
	account  *store.Account
	ingest   *ingest.Ingester
	dispatch *ingest.Dispatcher
	planner  *ingest.Planner
	advance  *activities.Advance
	watcher  watcher
	waiting  map[string]seat // by run id
	agenda   agenda
	lists    map[string]string // ids by name
	ours     map[string]bool   // ids of events that were given, not tracked by the flow
	turns    int               // of advance at the current moment

	mu      sync.Mutex
	now     time.Time
	started []startedCohort
	called  []string // runs that the dispatcher says should be looked at
}

// watcher is told what happens as it happens. All of its functions may be nil.
type watcher struct {
	happened func(h Happening)
	entered  func(runs []store.CohortRun)
	refused  func(ctx context.Context) error
	advanced func(ctx context.Context, run string, decisions []string, sent []Message) error
}

// New sets a flow up in the scratch, which it empties, at the time now.
func New(ctx context.Context, scratch *Scratch, now time.Time, o Options) (*Simulation, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := scratch.Reset(ctx); err != nil {
		return nil, err
	}
	s := &Simulation{
		scratch: scratch, store: scratch.Store, options: o,
		waiting: map[string]seat{}, lists: map[string]string{}, ours: map[string]bool{},
	}
	if err := s.setClock(ctx, now); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	c := clock.Clock{Now: s.clock, Speed: 1}
	programs := &program.Cache{Load: s.store.Plan}
	s.ingest = ingest.New(s.store, s.clock)
	s.dispatch = &ingest.Dispatcher{Store: s.store, Clock: c, Programs: programs, Starter: s, Late: o.Settings.Late, Log: o.Log}
	s.planner = &ingest.Planner{Store: s.store, Clock: c, Programs: programs, Horizon: planAhead, Log: o.Log}
	s.advance = &activities.Advance{
		Store: s.store, Clock: c, Programs: programs, Mail: s, Webhooks: calls{s}, From: "hello@shop.example", FromName: s.account.Name, Log: o.Log,
		Caps: o.Settings.Caps, Quiet: o.Settings.Quiet,
		Content: content.New(content.Options{Currency: s.account.Currency, Locale: s.account.Locale}),
		Feeds:   &activities.Feeds{Store: s.store, Clock: s.clock, Client: s.webFeeds()},
		Links: func(profile string) map[string]any {
			return map[string]any{"unsubscribe": "https://shop.example/unsubscribe/" + profile, "exchange": "kx-" + profile}
		},
	}
	hash := o.Flow.Plan.Hash()
	var err error
	s.Program, err = program.New(o.Flow.Plan, hash)
	return s, err
}

// open writes the account.
func (s *Simulation) open(ctx context.Context) error {
	a := s.options.Account
	if a.ID == "" {
		a.ID = "SIM001"
	}
	if len(a.Tracking) == 0 {
		a.Tracking = types.JSONText("{}")
	}
	for field, standard := range map[*string]string{&a.Name: "The Sample Shop", &a.Timezone: "UTC", &a.Currency: "USD", &a.Locale: "en-US"} {
		if *field == "" {
			*field = standard
		}
	}
	if len(a.Organization) == 0 {
		a.Organization = []byte(`{"url": "https://shop.example"}`)
	}
	s.account = &a
	_, err := s.store.DB.ExecContext(ctx, `insert into account (id, name, timezone, currency, locale, organization, tracking)
		values ($1, $2, $3, $4, $5, $6, $7)`, a.ID, a.Name, a.Timezone, a.Currency, a.Locale, string(a.Organization), a.Tracking)
	if err != nil {
		return fmt.Errorf("setting up the simulation: %w", err)
	}
	return nil
}

// Apply lets the flow run from now on. What was there and what happened before triggers nothing.
func (s *Simulation) Apply(ctx context.Context) error {
	live := *s.options.Flow
	live.Status = plan.Live
	d := &flow.Definitions{Flows: []*flow.Flow{&live}, Templates: map[string]flow.Template{}, Feeds: map[string]flow.Feed{}}
	if s.options.Definitions != nil {
		d.Feeds = s.options.Definitions.Feeds
		for _, name := range live.Templates() {
			if t, ok := s.options.Definitions.Templates[name]; ok {
				d.Templates[name] = t
			}
		}
	}
	if err := apply.Definitions(ctx, s.store, d); err != nil {
		return fmt.Errorf("applying flow %s to the simulation: %w", live.ID, err)
	}
	if live.Plan.Date() != nil {
		s.agenda.plan(s.now)
	}
	return nil
}

func (s *Simulation) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// setClock moves the simulation and its database to t.
func (s *Simulation) setClock(ctx context.Context, t time.Time) error {
	s.mu.Lock()
	t = t.UTC()
	same := t.Equal(s.now)
	s.now = t
	s.mu.Unlock()
	if same {
		return nil
	}
	return s.scratch.setClock(ctx, t)
}
