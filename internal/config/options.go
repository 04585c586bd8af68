package config

import "time"

// Option is one row of the table.
type Option struct {
	Name     string // of the environment variable
	Default  string
	Dev      string // default in development; empty: as Default
	Required bool   // must be set in production
	Secret   bool   // never shown
	Help     string

	value value
}

// Type names the kind of value: text, number, duration and so on.
func (o Option) Type() string { return o.value.kind() }

// Expected says in words what a good value is.
func (o Option) Expected() string { return o.value.expected() }

// Options lists every option, in the order in which they are printed.
func Options() []Option { return table(new(Config)) }

// table ties each option to the field of c that holds it.
func table(c *Config) []Option {
	return []Option{
		{Name: "LEGATO_MODE", Default: string(Production), value: oneOf(&c.Mode, Production, Development),
			Help: "What Legato runs as. legato dev sets dev, which has a default for everything and may listen on loopback only."},

		{Name: "DATABASE_URL", Required: true, Secret: true, value: databaseURL(&c.DatabaseURL),
			Help: "The Postgres database. In development: unset starts an embedded one."},
		{Name: "LEGATO_DATABASE_CONNECTIONS", Default: "20", value: integer(&c.DatabaseConnections, 1, 1000),
			Help: "Most connections one process holds to Postgres."},

		{Name: "LEGATO_LISTEN", Default: "127.0.0.1:8080", value: address(&c.Listen),
			Help: "Where the API and the web UI listen, with /healthz, /readyz and /metrics."},
		{Name: "LEGATO_WORKER_LISTEN", value: address(&c.WorkerListen),
			Help: "Where a worker that runs without the API serves /healthz, /readyz and /metrics. Unset: nowhere."},
		{Name: "LEGATO_BASE_URL", Required: true, value: webURL(&c.BaseURL),
			Help: "The public URL of this server, for links in messages. In development: http:// and LEGATO_LISTEN."},
		{Name: "LEGATO_SECRET", Dev: "development only, not secret", Required: true, Secret: true, value: secret(&c.Secret, 16),
			Help: "Signs unsubscribe links. Changing it breaks the links in messages already sent."},
		{Name: "LEGATO_API_KEY", Dev: "pk_dev", Secret: true, value: secret(&c.APIKey, 1),
			Help: "The private key that commands such as legato event send present to the API."},
		{Name: "LEGATO_RATE_LIMITS", Default: "on", Dev: "off", value: onOff(&c.RateLimits),
			Help: "Whether the API bounds how often a key may call each operation, as the public API does. Every process counts for itself."},
		{Name: "LEGATO_TRUSTED_PROXIES", value: networks(&c.TrustedProxies),
			Help: "Networks of your proxies and balancers, separated by commas. What they say in X-Forwarded-For is whom the rate limits of the client endpoints count."},

		{Name: "LEGATO_MAX_METRICS", Default: "0", value: integer(&c.MaxMetrics, 0, 1_000_000),
			Help: "Most metrics that events may make, besides Legato's own. Events of one more are refused; some made at the same moment may exceed it. 0: as many as they like."},

		{Name: "LEGATO_DEFINITIONS", Default: "definitions", value: text(&c.Definitions, 4096),
			Help: "The folder with flows, templates and feeds."},
		{Name: "LEGATO_TASK_QUEUE", Default: "legato", value: word(&c.TaskQueue, 200),
			Help: "The Temporal task queue. Installations that share a namespace need one each."},
		{Name: "LEGATO_COHORT_MAX", Default: "200", value: integer(&c.CohortMax, 1, 1000),
			Help: "Most people one workflow carries. 1 gives everyone a workflow of their own."},
		{Name: "LEGATO_STARTS_PER_SECOND", Default: "50", value: decimal(&c.StartsPerSecond, 0.1, 10000),
			Help: "Most workflows one worker's dispatcher starts in a second. Keep it under what the Temporal server bears: a burst beyond it makes timers late."},
		{Name: "LEGATO_SPEED", Default: "1", value: decimal(&c.Speed, 1, 1e6),
			Help: "How many times faster waits pass. Development only."},
		{Name: "LEGATO_DATE_HORIZON", Default: "1h", value: duration(&c.DateHorizon, time.Minute, 7*24*time.Hour),
			Help: "How far ahead the planner of date triggers looks."},
		{Name: "LEGATO_DATE_SPREAD", Default: "10m", value: duration(&c.DateSpread, 0, 24*time.Hour),
			Help: "Over how long people enter whom a date lets into a flow at the same moment, if they are more than 1000. 0s lets all in at once."},

		{Name: "LEGATO_LATE_EVENTS", Default: "6h", value: duration(&c.LateEvents, time.Minute, 365*24*time.Hour),
			Help: "How late an event may arrive and still start a flow, unless the flow says late. A flow with a transactional message takes at least 7 days."},

		{Name: "LEGATO_CAP_EMAIL", Default: "16h", value: duration(&c.CapEmail, 0, 30*24*time.Hour),
			Help: "Smart sending: how long after an email a person gets no other from a flow that does not say otherwise. 0s turns it off."},
		{Name: "LEGATO_CAP_SMS", Default: "24h", value: duration(&c.CapText, 0, 30*24*time.Hour),
			Help: "The same for text messages, by phone number."},
		{Name: "LEGATO_CAP_PUSH", Default: "24h", value: duration(&c.CapPush, 0, 30*24*time.Hour),
			Help: "The same for push notifications."},
		{Name: "LEGATO_QUIET_HOURS_EMAIL", Default: "none", value: hours(&c.QuietEmail),
			Help: "When flows send no email, by the clock where the person lives, else the account's. A message waits until they are over, unless the flow says otherwise."},
		{Name: "LEGATO_QUIET_HOURS_SMS", Default: "21:00-08:00", value: hours(&c.QuietSMS),
			Help: "The same for text messages."},
		{Name: "LEGATO_QUIET_HOURS_PUSH", Default: "none", value: hours(&c.QuietPush),
			Help: "The same for push notifications."},

		{Name: "LEGATO_SMTP_ADDRESS", Dev: "127.0.0.1:1025", Required: true, value: address(&c.SMTP.Address),
			Help: "The mail server that messages are handed to."},
		{Name: "LEGATO_SMTP_USERNAME", value: text(&c.SMTP.Username, 500),
			Help: "User name at the mail server. Unset: no login."},
		{Name: "LEGATO_SMTP_PASSWORD", Secret: true, value: secret(&c.SMTP.Password, 1),
			Help: "Password at the mail server."},
		{Name: "LEGATO_SMTP_TLS", Default: string(TLSStart), Dev: string(TLSNone), value: oneOf(&c.SMTP.TLS, TLSNone, TLSStart, TLSImplicit),
			Help: "How the connection to the mail server is protected."},
		{Name: "LEGATO_SMTP_CONNECTIONS", Default: "4", value: integer(&c.SMTP.Connections, 1, 100),
			Help: "Most connections one worker holds to the mail server."},
		{Name: "LEGATO_FROM", Dev: "hello@shop.example", Required: true, value: mailAddress(&c.From),
			Help: "The sender of messages whose template names none."},
		{Name: "LEGATO_FROM_NAME", Dev: "The Sample Shop", value: text(&c.FromName, 200),
			Help: "The sender's name beside LEGATO_FROM."},

		{Name: "LEGATO_PAYLOAD_KEY", Secret: true, value: payloadKey(&c.PayloadKey),
			Help: "Encrypts what Temporal stores of workflows. Unset: nothing is encrypted."},
		{Name: "LEGATO_PAYLOAD_OTHER_KEYS", Secret: true, value: payloadKeys(&c.PayloadOtherKeys),
			Help: "Earlier and coming payload keys, which only decrypt."},
		{Name: "LEGATO_TEMPORAL_UI_ORIGIN", value: origin(&c.TemporalUIOrigin),
			Help: "The Temporal web UI whose pages may ask the API's /codec to show payloads."},
		{Name: "LEGATO_BUILD_ID", value: word(&c.BuildID, 200),
			Help: "Turns Temporal's worker versioning on: the name of this build of the worker. legato worker promote makes it the current one."},

		{Name: "LEGATO_WEBHOOK_SECRET", Secret: true, value: secret(&c.WebhookSecret, 16),
			Help: "Signs the calls that webhook steps make. Unset: one that follows from LEGATO_SECRET, see the guide to webhooks."},
		{Name: "LEGATO_WEBHOOK_PRIVATE", Default: "false", Dev: "true", value: boolean(&c.WebhookPrivate),
			Help: "Whether webhooks and webhook steps may call addresses that are not public: this machine, and the network it is in."},
		{Name: "LEGATO_WEBHOOK_LOG", Default: "168h", value: duration(&c.WebhookLog, time.Hour, 90*24*time.Hour),
			Help: "How long the log of webhook deliveries is kept."},

		{Name: "LEGATO_POSTGRES_BIN", value: text(&c.PostgresBin, 4096),
			Help: "In development: the folder with initdb and postgres, where they are in no usual place."},

		{Name: "LEGATO_LOG_LEVEL", Default: "info", value: level(&c.LogLevel),
			Help: "The least important log lines that are written."},
		{Name: "LEGATO_LOG_FORMAT", Default: "json", Dev: "text", value: oneOf(&c.LogFormat, "json", "text"),
			Help: "How log lines are written."},
		{Name: "LEGATO_SHUTDOWN_TIMEOUT", Default: "30s", value: duration(&c.ShutdownTimeout, time.Second, 10*time.Minute),
			Help: "How long a stopping process may take to finish what it has begun."},
	}
}

// standard gives the default that holds in the mode.
func (o Option) standard(mode Mode) string {
	if mode == Development && o.Dev != "" {
		return o.Dev
	}
	return o.Default
}
