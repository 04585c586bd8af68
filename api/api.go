// Package api is the HTTP surface: the public API in JSON:API shape, the unsubscribe page and the health checks.
// routes.go lists all of it.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/converter"
	"golang.org/x/sync/semaphore"
)

// Options are what the API works with.
type Options struct {
	Store    *store.Store
	Ingester *ingest.Ingester
	Clock    func() time.Time // default: the machine's
	Secret   []byte           // signs unsubscribe tokens; see package consent
	BaseURL  string           // the public URL of this server, for links; default http://127.0.0.1:8080
	Keys     []string         // private keys that are valid besides those in the database; development only
	Checks   map[string]func(context.Context) error
	Registry *prometheus.Registry // what /metrics shows, and where the API's own measurements go; default: a new one
	Limiter  *Limiter             // bounds how often keys call operations; nil: as often as they like
	Log      *slog.Logger         // default: slog's
	Proxies  []netip.Prefix       // whose X-Forwarded-For tells where a request of a client comes from
	Requests int                  // how many may be under way at a time; 0: 10,000
	Loopback bool                 // webhooks may have addresses of this machine, and without TLS; development only
	From     string               // the sender of messages whose template names none
	FromName string
	Extra    http.Handler     // answers paths that the API has not
	Liquid   flow.LiquidCheck // checks the Liquid in flows; default: only its length is

	Payloads    converter.PayloadCodec // what Temporal's payloads are encrypted with, for /codec; nil: there is no /codec
	CodecOrigin string                 // the origin whose pages may call /codec: that of Temporal's web UI; empty: none
}

type api struct {
	store    *store.Store
	ingester *ingest.Ingester
	now      func() time.Time
	secret   []byte
	base     string
	from     string
	fromName string
	loopback bool
	checks   map[string]func(context.Context) error
	registry *prometheus.Registry
	log      *slog.Logger
	extra    http.Handler
	liquid   flow.LiquidCheck
	keys     *keyring
	underWay *semaphore.Weighted // requests; each takes some 20 kB besides its body
	limiter  *Limiter
	visits   *Limiter // of clients, who are many: their counters must not crowd out those of keys
	proxies  []netip.Prefix
	company  company
	measure  *measures
	bodies   allowance // of single events
	bulk     gate

	payloads    converter.PayloadCodec
	codecOrigin string

	profiles   *resource[store.Profile]
	profile    *resource[store.Profile] // by itself
	people     *resource[store.Profile] // where something else leads to them, and in answers to writers
	pushTokens *resource[store.PushToken]
	events     *resource[store.Event]
	metrics    *resource[store.Metric]
	customs    *resource[store.CustomMetric]
	mapped     *resource[store.MappedMetric]
	aggregates chan struct{} // one for each under way

	metricProperties     *resource[store.PropertyType]
	metricPropertyDetail *resource[store.PropertyType]

	lists      *resource[store.List]
	listDetail *resource[store.List]

	importJobs, importJobDetail  *resource[store.Job]
	suppressJobs, unsuppressJobs *resource[store.Job]

	accounts *resource[store.Account]
	tracking *resource[store.Account]
	webhooks *resource[store.Webhook]
	topics   *resource[store.Topic]

	flows         *resource[store.ListedFlow]
	flowDetail    *resource[store.ListedFlow]
	actions       *resource[flowAction]
	actionDetail  *resource[flowAction]
	messages      *resource[flowMessage]
	messageDetail *resource[flowMessage]
	templates     *resource[store.Template]
}

// requestTimeout bounds the work for one request.
const requestTimeout = 30 * time.Second

// New makes the handler of everything in routes.go. It panics if Store or Ingester is missing, or the
// Registry already has an API's measurements.
func New(o Options) http.Handler {
	if o.Store == nil || o.Ingester == nil {
		panic("api: Store and Ingester are needed")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.BaseURL == "" {
		o.BaseURL = "http://127.0.0.1:8080"
	}
	if o.Requests == 0 {
		o.Requests = 10_000
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	a := &api{
		store: o.Store, ingester: o.Ingester, now: o.Clock, secret: o.Secret, base: strings.TrimRight(o.BaseURL, "/"),
		from: o.From, fromName: o.FromName, loopback: o.Loopback, checks: o.Checks, registry: o.Registry, log: o.Log, extra: o.Extra, liquid: o.Liquid,
		keys: newKeyring(o.Store, o.Keys, o.Log), underWay: semaphore.NewWeighted(int64(o.Requests)), limiter: o.Limiter, proxies: o.Proxies, bulk: make(gate, bulkBodies), measure: newMeasures(o.Registry, o.Ingester), bodies: newAllowance(bodyAllowance),
		payloads: o.Payloads, codecOrigin: o.CodecOrigin,
		profiles: newProfiles(o.Store, o.Secret, o.Clock, profileDescription), profile: newProfiles(o.Store, o.Secret, o.Clock, profileDetail),
		people: newProfiles(o.Store, o.Secret, o.Clock, relatedProfile), pushTokens: newPushTokens(o.Store), events: newEvents(o.Store), metrics: newMetrics(o.Store),
		customs: newCustomMetrics(o.Store), mapped: newMappedMetrics(o.Store), aggregates: make(chan struct{}, maxAggregates),
		metricProperties: newMetricProperties(o.Store, metricPropertyDescription), metricPropertyDetail: newMetricProperties(o.Store, metricPropertyDetail),
		lists: newLists(o.Store, listDescription), listDetail: newLists(o.Store, listDetail),
		flows: newFlows(o.Store, flowDescription), flowDetail: newFlows(o.Store, flowDetail), templates: newTemplates(o.Store),
	}
	a.importJobs, a.importJobDetail = newImportJobs(o.Store, importJobDescription), newImportJobs(o.Store, importJobDetail)
	a.suppressJobs = newSuppressionJobs(o.Store, store.JobSuppress, "profile-suppression-bulk-create-job")
	a.unsuppressJobs = newSuppressionJobs(o.Store, store.JobUnsuppress, "profile-suppression-bulk-delete-job")
	if o.Limiter != nil {
		a.visits = NewLimiter(o.Limiter.now)
	}
	a.accounts, a.tracking, a.webhooks, a.topics = a.newAccounts(), a.newTrackingSettings(), newWebhooks(o.Store), newTopics(o.Store)
	a.actions, a.actionDetail = a.newActions(actionDescription), a.newActions(actionDetail)
	a.messages, a.messageDetail = a.newMessages(messageDescription), a.newMessages(messageDetail)
	mux := http.NewServeMux()
	for _, route := range a.routes() {
		mux.Handle(route.pattern, a.serve(route))
	}
	return a.observe(a.find(mux))
}

// find leads to a route, whether or not the path ends in a slash, and answers what no route does.
func (a *api) find(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := r
		if p := r.URL.Path; len(p) > 1 && strings.HasSuffix(p, "/") {
			to = r.Clone(r.Context())
			to.URL.Path, to.URL.RawPath = strings.TrimSuffix(p, "/"), ""
		}
		refusal := &refusal{header: http.Header{}}
		if clean(to.URL.Path) {
			miss, pattern := mux.Handler(to)
			if pattern != "" {
				mux.ServeHTTP(w, to)
				return
			}
			miss.ServeHTTP(refusal, to)
		}
		switch {
		case refusal.status == http.StatusMethodNotAllowed:
			w.Header().Set("Allow", refusal.header.Get("Allow"))
			a.fail(w, r, newProblem(http.StatusMethodNotAllowed, "%s is not allowed at %s, only %s.", shorten(r.Method), shorten(r.URL.Path), refusal.header.Get("Allow")))
		case a.extra != nil && !strings.HasPrefix(r.URL.Path+"/", "/api/") && !strings.HasPrefix(r.URL.Path+"/", "/client/"):
			a.extra.ServeHTTP(w, r)
		default:
			a.fail(w, r, newProblem(http.StatusNotFound, "There is nothing at %s.", shorten(r.URL.Path)))
		}
	})
}

// clean says whether a path is in the form that routes have, and of text that Postgres can look up.
func clean(p string) bool {
	return path.Clean(p) == p && utf8.ValidString(p) && !strings.ContainsRune(p, 0)
}

// refusal keeps how ServeMux declines a request.
type refusal struct {
	header http.Header
	status int
}

func (f *refusal) Header() http.Header         { return f.header }
func (f *refusal) Write(b []byte) (int, error) { return len(b), nil }
func (f *refusal) WriteHeader(status int)      { f.status = status }

// serve runs a route: key, rate limit, scope and revision first, then the handler.
func (a *api) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name(r.Context(), r.Pattern)
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		r = r.WithContext(ctx)
		if route.scope != public {
			if !a.underWay.TryAcquire(1) {
				a.fail(w, r, ingest.ErrOverloaded)
				return
			}
			defer a.underWay.Release(1)
			w.Header().Set("Cache-Control", "no-store")
			admit := a.admit
			if route.scope == client {
				admit = a.admitClient
			}
			admitted, err := admit(w, r, route)
			if err == nil {
				err = checkRevision(r.Header.Values("revision"))
			}
			if err != nil {
				a.fail(w, r, err)
				return
			}
			r = admitted
		}
		if err := route.handle(a, w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// admit lets in a request whose key is valid and may do this, and not too often.
func (a *api) admit(w http.ResponseWriter, r *http.Request, route route) (*http.Request, error) {
	key, err := a.authenticate(w, r)
	if err == nil {
		err = a.throttle(w, key.Hash, counterOf(route.pattern, r))
	}
	if err == nil {
		err = permit(key, route.scope)
	}
	return r.WithContext(withKey(r.Context(), key)), err
}

// checkRevision takes a date, with a suffix for betas, or none: that means the newest. Every revision gets the
// answers of the newest, which this API follows.
func checkRevision(values []string) error {
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return nil
	}
	date, suffix, found := strings.Cut(values[0], ".")
	_, err := time.Parse(time.DateOnly, date)
	if err != nil || len(values) > 1 || found && (suffix == "" || strings.Trim(suffix, "abcdefghijklmnopqrstuvwxyz0123456789") != "") {
		return newProblem(http.StatusBadRequest, "The revision header must be a date such as 2026-07-15, not %q.", shorten(strings.Join(values, ", ")))
	}
	return nil
}

func itoa(i int) string { return strconv.Itoa(i) }
