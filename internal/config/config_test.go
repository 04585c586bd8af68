package config

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the reference page")

// env makes a getenv of name=value pairs.
func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for _, p := range pairs {
		name, v, _ := strings.Cut(p, "=")
		m[name] = v
	}
	return func(name string) string { return m[name] }
}

var production = []string{
	"DATABASE_URL=postgres://legato:hunter2@db:5432/legato?sslmode=require",
	"LEGATO_BASE_URL=https://legato.example/",
	"LEGATO_SECRET=0123456789abcdef",
	"LEGATO_SMTP_ADDRESS=mail.example:587",
	"LEGATO_FROM=shop@legato.example",
}

func with(more ...string) func(string) string {
	return env(append(append([]string{}, production...), more...)...)
}

func TestProductionNeedsOnlyWhatNobodyElseCanKnow(t *testing.T) {
	t.Parallel()
	got, err := Load(with())
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Mode:        Production,
		DatabaseURL: "postgres://legato:hunter2@db:5432/legato?sslmode=require", DatabaseConnections: 20,
		Listen: "127.0.0.1:8080", BaseURL: "https://legato.example", Secret: "0123456789abcdef", RateLimits: true,
		Definitions: "definitions", TaskQueue: "legato", CohortMax: 200, StartsPerSecond: 50, Speed: 1, DateHorizon: time.Hour, DateSpread: 10 * time.Minute,
		LateEvents: 6 * time.Hour, CapEmail: 16 * time.Hour, CapText: 24 * time.Hour, CapPush: 24 * time.Hour, QuietSMS: Hours{"21:00", "08:00"},
		WebhookLog: 7 * 24 * time.Hour, SMTP: SMTP{Address: "mail.example:587", TLS: TLSStart, Connections: 4}, From: "shop@legato.example",
		LogLevel: slog.LevelInfo, LogFormat: "json", ShutdownTimeout: 30 * time.Second,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDevelopmentNeedsNothing(t *testing.T) {
	t.Parallel()
	got, err := Load(env("LEGATO_MODE=dev", "LEGATO_LISTEN=[::1]:9000", "LEGATO_SPEED=3600"))
	if err != nil {
		t.Fatal(err)
	}
	if got.BaseURL != "http://[::1]:9000" || got.Speed != 3600 || got.SMTP.TLS != TLSNone || got.LogFormat != "text" || len(got.Secret) < 16 || got.RateLimits || got.APIKey != "pk_dev" {
		t.Errorf("got %+v", got)
	}
}

func TestEveryOptionTakesItsDefaultsAndRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, o := range Options() {
		for _, standard := range []string{o.Default, o.Dev} {
			if standard != "" && !o.value.read(standard) {
				t.Errorf("%s refuses its own default %q", o.Name, standard)
			}
		}
		if o.value.read("\x00\n" + strings.Repeat("x", 5000)) {
			t.Errorf("%s takes control characters and 5,000 bytes", o.Name)
		}
		if o.Help == "" || !strings.HasSuffix(o.Help, ".") {
			t.Errorf("%s has no sentence that explains it", o.Name)
		}
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ set, want string }{
		{"LEGATO_COHORT_MAX=0", `LEGATO_COHORT_MAX="0": expected a whole number from 1 to 1000`},
		{"LEGATO_COHORT_MAX=1001", `LEGATO_COHORT_MAX="1001": expected a whole number from 1 to 1000`},
		{"LEGATO_COHORT_MAX=many", `LEGATO_COHORT_MAX="many": expected a whole number from 1 to 1000`},
		{"LEGATO_STARTS_PER_SECOND=NaN", `LEGATO_STARTS_PER_SECOND="NaN": expected a number from 0.1 to 10000`},
		{"LEGATO_RATE_LIMITS=true", `LEGATO_RATE_LIMITS="true": expected on or off`},
		{"LEGATO_SPEED=3600", `LEGATO_SPEED="3600": waits pass faster only in development; expected 1`},
		{"LEGATO_DATE_HORIZON=1 day", `LEGATO_DATE_HORIZON="1 day": expected a duration such as 30s, 15m or 2h, from 1m to 168h`},
		{"LEGATO_CAP_EMAIL=-1h", `LEGATO_CAP_EMAIL="-1h": expected a duration such as 30s, 15m or 2h, from 0s to 720h`},
		{"LEGATO_QUIET_HOURS_SMS=21-8", `LEGATO_QUIET_HOURS_SMS="21-8": expected hours of the day such as 21:00-08:00, or none`},
		{"LEGATO_QUIET_HOURS_SMS=21:00-24:00", `LEGATO_QUIET_HOURS_SMS="21:00-24:00": expected hours of the day such as 21:00-08:00, or none`},
		{"LEGATO_QUIET_HOURS_SMS=08:00-08:00", `LEGATO_QUIET_HOURS_SMS="08:00-08:00": expected hours of the day such as 21:00-08:00, or none`},
		{"LEGATO_LISTEN=8080", `LEGATO_LISTEN="8080": expected host:port`},
		{"LEGATO_LISTEN=0.0.0.0:99999", `LEGATO_LISTEN="0.0.0.0:99999": expected host:port`},
		{"LEGATO_BASE_URL=ftp://x", `LEGATO_BASE_URL="ftp://x": expected an http or https URL without query, fragment or password`},
		{"LEGATO_BASE_URL=https://x/?a=b", `LEGATO_BASE_URL="https://x/?a=b": expected an http or https URL without query, fragment or password`},
		{"LEGATO_SMTP_TLS=ssl", `LEGATO_SMTP_TLS="ssl": expected one of none, starttls, tls`},
		{"LEGATO_SMTP_USERNAME=me", `LEGATO_SMTP_PASSWORD: not set, but LEGATO_SMTP_USERNAME is; expected both or neither`},
		{"LEGATO_SMTP_PASSWORD=p", `LEGATO_SMTP_USERNAME: not set, but LEGATO_SMTP_PASSWORD is; expected both or neither`},
		{"LEGATO_FROM=Shop <a@b.example>", `LEGATO_FROM="Shop <a@b.example>": expected an email address such as hello@shop.example, without a name`},
		{"LEGATO_FROM_NAME=Shop\r\nBcc: x@y.example", `LEGATO_FROM_NAME="Shop\r\nBcc: x@y.example": expected text of at most 200 bytes without control characters`},
		{"LEGATO_TASK_QUEUE=a b", `LEGATO_TASK_QUEUE="a b": expected at most 200 letters, digits, dots, dashes and underscores`},
		{"LEGATO_LOG_LEVEL=loud", `LEGATO_LOG_LEVEL="loud": expected one of debug, info, warn, error`},
		{"LEGATO_PAYLOAD_KEY=MTIzNDU2Nzg5MDEyMzQ1Ng==", "LEGATO_PAYLOAD_KEY: expected 32 bytes in base64 or hex, as openssl rand -base64 32 prints (the value is secret and not shown)"},
		{"LEGATO_PAYLOAD_OTHER_KEYS=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=,,", "LEGATO_PAYLOAD_OTHER_KEYS: expected at most 20 keys of 32 bytes in base64 or hex, separated by commas (the value is secret and not shown)"},
		{"LEGATO_TEMPORAL_UI_ORIGIN=https://shop.example/temporal", `LEGATO_TEMPORAL_UI_ORIGIN="https://shop.example/temporal": expected scheme and host of an http or https URL, such as https://temporal.shop.example`},
		{"LEGATO_TRUSTED_PROXIES=10.0.0.1", `LEGATO_TRUSTED_PROXIES="10.0.0.1": expected at most 50 networks such as 10.0.0.0/8, separated by commas`},
		{"LEGATO_MODE=test", `LEGATO_MODE="test": expected one of production, dev`},
		{"LEGATO_SECRET=short", "LEGATO_SECRET: expected at least 16 characters (the value is secret and not shown)"},
		{"DATABASE_URL=mysql://me:hunter2@db/legato", "DATABASE_URL: expected a URL such as postgres://user:password@host:5432/legato?sslmode=require (the value is secret and not shown)"},
		{"DATABASE_URL=postgres://db:5432", "DATABASE_URL: expected a URL such as postgres://user:password@host:5432/legato?sslmode=require (the value is secret and not shown)"},
		{"DATABASE_URL=", "DATABASE_URL: not set; expected a URL such as postgres://user:password@host:5432/legato?sslmode=require"},
	} {
		t.Run(test.set, func(t *testing.T) {
			t.Parallel()
			_, err := Load(with(test.set))
			if err == nil {
				t.Fatal("taken")
			}
			if err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
			var typed *Error
			if name, _, _ := strings.Cut(test.set, "="); !errors.As(err, &typed) || (typed.Name != name && !strings.HasPrefix(name, "LEGATO_SMTP_")) {
				t.Errorf("no *Error of %s in %v", name, err)
			}
		})
	}
}

func TestPayloadKeysAreReadInBase64AndHex(t *testing.T) {
	t.Parallel()
	got, err := Load(with(
		"LEGATO_PAYLOAD_KEY="+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a", 32))),
		"LEGATO_PAYLOAD_OTHER_KEYS="+strings.Repeat("62", 32)+", "+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("c", 32))),
		"LEGATO_TEMPORAL_UI_ORIGIN=https://Temporal.Shop.Example/",
	))
	if err != nil {
		t.Fatal(err)
	}
	old := []Secret{Secret(strings.Repeat("b", 32)), Secret(strings.Repeat("c", 32))}
	if got.PayloadKey != Secret(strings.Repeat("a", 32)) || !slices.Equal(got.PayloadOtherKeys, old) || got.TemporalUIOrigin != "https://temporal.shop.example" {
		t.Errorf("%q, %q, %s", string(got.PayloadKey), got.PayloadOtherKeys, got.TemporalUIOrigin)
	}
}

func TestPasswordIsNotSentInTheClear(t *testing.T) {
	t.Parallel()
	login := []string{"LEGATO_SMTP_USERNAME=me", "LEGATO_SMTP_PASSWORD=p", "LEGATO_SMTP_TLS=none"}
	if _, err := Load(with(login...)); err == nil || !strings.Contains(err.Error(), `LEGATO_SMTP_TLS="none"`) {
		t.Errorf("to another machine: %v", err)
	}
	if _, err := Load(with(append(login, "LEGATO_SMTP_ADDRESS=127.0.0.1:25")...)); err != nil {
		t.Errorf("on loopback: %v", err)
	}
}

func TestDevelopmentListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{"0.0.0.0:8080", ":8080", "192.168.1.5:8080", "shop.example:80"} {
		if _, err := Load(env("LEGATO_MODE=dev", "LEGATO_LISTEN="+listen)); err == nil || !strings.Contains(err.Error(), "loopback") {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestAllErrorsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load(env("LEGATO_COHORT_MAX=x", "LEGATO_LOG_FORMAT=xml"))
	if err == nil {
		t.Fatal("taken")
	}
	for _, name := range []string{"LEGATO_COHORT_MAX", "LEGATO_LOG_FORMAT", "DATABASE_URL", "LEGATO_SECRET", "LEGATO_BASE_URL", "LEGATO_FROM", "LEGATO_SMTP_ADDRESS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not mentioned in\n%v", name, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 7 {
		t.Errorf("%d lines in\n%v", n, err)
	}
}

func TestACommandAsksOnlyForWhatItUses(t *testing.T) {
	t.Parallel()
	if _, err := Load(env("DATABASE_URL=postgres://db/legato"), "DATABASE_URL"); err != nil {
		t.Error(err)
	}
	if _, err := Load(env("LEGATO_MODE=dev"), "DATABASE_URL"); err == nil {
		t.Error("no error though DATABASE_URL is needed and not set")
	}
	if _, err := Load(env(), "DATABASE_URI"); err == nil {
		t.Error("a need that is no option is a mistake in the program and must not pass")
	}
}

func TestUnknownVariablesAreRefusedWithAGuess(t *testing.T) {
	t.Parallel()
	err := Unknown([]string{"PATH=/bin", "LEGATO_TEST_DATABASE_URL=x", "LEGATO_LISTEN=x", "LEGATO_COHORTMAX=5", "LEGATO_ZZZZZZZZZZZZZZZZ=1", "LEGATO_" + strings.Repeat("A", 1<<16) + "=1"})
	if err == nil {
		t.Fatal("taken")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	if want := "LEGATO_COHORTMAX: no such option; did you mean LEGATO_COHORT_MAX?"; lines[0] != want {
		t.Errorf("got %s, want %s", lines[0], want)
	}
	if want := "LEGATO_ZZZZZZZZZZZZZZZZ: no such option; legato config lists those there are"; lines[1] != want {
		t.Errorf("got %s, want %s", lines[1], want)
	}
}

func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	c, err := Load(with("LEGATO_SMTP_USERNAME=me", "LEGATO_SMTP_PASSWORD=hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&b, format+"\n", c)
	}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "config", c, "secret", c.Secret)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "config", c, "secret", c.Secret)
	if err := json.NewEncoder(&b).Encode(c); err != nil {
		t.Fatal(err)
	}
	if err := Print(&b, with("LEGATO_SMTP_PASSWORD=hunter2", "TEMPORAL_API_KEY=hunter2")); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"hunter2", "0123456789abcdef"} {
		if strings.Contains(b.String(), s) {
			t.Errorf("%s is shown in\n%s", s, b.String())
		}
	}
	if string(c.SMTP.Password) != "hunter2" {
		t.Error("the value is lost")
	}
}

func TestPrintSaysWhereEachValueComesFrom(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Print(&b, env("LEGATO_MODE=dev", "LEGATO_COHORT_MAX=7", "LEGATO_SPEED=\x1b[31mfast", "TEMPORAL_ADDRESS=temporal:7233")); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{
		{"LEGATO_COHORT_MAX", "7", "set"},
		{"LEGATO_SPEED", `"\x1b[31mfast"`, "set, not valid"},
		{"LEGATO_SMTP_TLS", "none", "default"},
		{"DATABASE_URL", "-", "not set"},
		{"LEGATO_SECRET", "***", "default"},
		{"TEMPORAL_ADDRESS", "temporal:7233", "set"},
		{"TEMPORAL_NAMESPACE", "default", "default"},
	} {
		found := false
		for _, line := range strings.Split(b.String(), "\n") {
			if strings.HasPrefix(strings.Join(strings.Fields(line), " "), strings.Join(want, " ")+" ") {
				found = true
			}
		}
		if !found {
			t.Errorf("no line %v in\n%s", want, b.String())
		}
	}
}

func TestTemporalOptionsComeFromGetenv(t *testing.T) {
	t.Parallel()
	o, err := TemporalOptions(env("TEMPORAL_ADDRESS=temporal:7233", "TEMPORAL_NAMESPACE=shop", "TEMPORAL_CONFIG_FILE="+filepath.Join(t.TempDir(), "none.toml")))
	if err != nil {
		t.Fatal(err)
	}
	if o.HostPort != "temporal:7233" || o.Namespace != "shop" {
		t.Errorf("got %q and %q", o.HostPort, o.Namespace)
	}
	if _, err := TemporalOptions(env("TEMPORAL_TLS_CLIENT_CERT_PATH=missing.pem", "TEMPORAL_TLS_CLIENT_KEY_PATH=missing.key")); err == nil {
		t.Error("a certificate that is not there is taken")
	}
}

func TestReferencePageIsUpToDate(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "..", "docs", "reference", "configuration.md")
	var b bytes.Buffer
	if err := Markdown(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(page), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("run go test ./internal/config -update\n%s", diff)
	}
}
