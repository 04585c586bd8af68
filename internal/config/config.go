// Package config reads what an operator sets: one table of options (options.go), filled from environment
// variables, checked as a whole and reported as a whole. What Temporal's SDK reads for itself is in temporal.go.
package config

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"time"
)

// Mode says what Legato runs as. It decides defaults: development has one for everything, production has none
// for what only the operator can know.
type Mode string

// The modes.
const (
	Production  Mode = "production"
	Development Mode = "dev"
)

// TLS says how a mail connection is protected.
type TLS string

// The ways to protect a mail connection.
const (
	TLSNone     TLS = "none"
	TLSStart    TLS = "starttls" // plain at first, then upgraded; never stays plain
	TLSImplicit TLS = "tls"      // from the first byte
)

// Secret is a value that must not be shown. It prints, logs and marshals as ***; string(s) gives what it holds.
type Secret string

const hidden = "***"

// String hides the value from fmt.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the value from JSON and from slog's handlers.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Hours are a part of every day, from one clock time ("15:04") till another, maybe over midnight. Empty is none.
type Hours struct{ From, Till string }

// Config is every option with its value. options.go says what each means and what it may be.
type Config struct {
	Mode Mode

	DatabaseURL         Secret
	DatabaseConnections int

	Listen         string // host:port of the API
	WorkerListen   string // host:port of a worker's health and metrics pages; empty: it has none
	BaseURL        string // without a slash at the end
	Secret         Secret
	APIKey         Secret // what the command line presents to the API
	RateLimits     bool
	TrustedProxies []netip.Prefix
	MaxMetrics     int // 0: no bound

	Definitions     string // a folder
	TaskQueue       string
	CohortMax       int
	StartsPerSecond float64
	Speed           float64
	DateHorizon     time.Duration
	DateSpread      time.Duration

	LateEvents time.Duration

	// By channel: how long after a message the next ones are kept back, and when none go out.
	CapEmail, CapText, CapPush      time.Duration // text messages are the channel sms
	QuietEmail, QuietSMS, QuietPush Hours

	SMTP     SMTP
	From     string
	FromName string

	WebhookSecret  Secret // empty: WebhookKey derives one
	WebhookPrivate bool   // calls may go to addresses that are not public
	WebhookLog     time.Duration

	PayloadKey       Secret   // 32 bytes; empty: payloads are not encrypted
	PayloadOtherKeys []Secret // such keys, which only decrypt
	TemporalUIOrigin string   // the web page that may ask the codec server; empty: none

	BuildID string // of the worker, for Temporal's worker versioning; empty: workers are not versioned

	PostgresBin string // a folder; development only

	LogLevel        slog.Level
	LogFormat       string // json or text
	ShutdownTimeout time.Duration
}

// SMTP is how mail leaves.
type SMTP struct {
	Address     string // host:port
	Username    string
	Password    Secret
	TLS         TLS
	Connections int
}

// WebhookKey is what webhook calls are signed with: WebhookSecret, else the hex HMAC-SHA256 of "webhook" under Secret.
func (c Config) WebhookKey() []byte {
	if c.WebhookSecret != "" {
		return []byte(string(c.WebhookSecret))
	}
	mac := hmac.New(sha256.New, []byte(string(c.Secret)))
	_, _ = mac.Write([]byte("webhook"))
	return []byte(hex.EncodeToString(mac.Sum(nil)))
}

// Dev reports whether this is a development server.
func (c Config) Dev() bool { return c.Mode == Development }
