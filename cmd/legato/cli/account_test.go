package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

func TestTheAccountIsSetAndShown(t *testing.T) {
	t.Setenv("DATABASE_URL", testkit.DatabaseURL(t))
	before, err := execute(t, accountCommand(), "show")
	if err != nil || !strings.Contains(before, "public company id  ") || !strings.Contains(before, "timezone           UTC") {
		t.Fatal(before, err)
	}
	out, err := execute(t, accountCommand(), "set", "--name", "The shop", "--timezone", "Europe/Vienna", "--currency", "eur", "--locale", "de-AT", "--industry", "Toys",
		"--website", "https://shop.example", "--address1", "Ring 1", "--city", "Wien", "--test-account")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"The shop", "Europe/Vienna", "EUR", "de-AT", "Toys", "https://shop.example", "Ring 1", "Wien", "true", strings.Fields(before)[3]} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if shown, err := execute(t, accountCommand(), "show"); err != nil || shown != out {
		t.Error(shown, err)
	}
	for _, wrong := range []struct {
		args []string
		want string
	}{
		{nil, "nothing to set"},
		{[]string{"--timezone", "Vienna"}, `--timezone "Vienna": expected an IANA time zone`},
		{[]string{"--currency", "euro"}, "ISO 4217"},
		{[]string{"--locale", "german"}, "expected language and region"},
		{[]string{"--city", "a\nb"}, "control characters"},
	} {
		if _, err := execute(t, accountCommand(), append([]string{"set"}, wrong.args...)...); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%q: %v", wrong.args, err)
		}
	}
	if out, err = execute(t, accountCommand(), "set", "--city", ""); err != nil || strings.Contains(out, "Wien") {
		t.Error(out, err)
	}
}

func TestCallsOfAWebhookThatIsNotThereAreNotListed(t *testing.T) {
	t.Setenv("DATABASE_URL", testkit.DatabaseURL(t))
	if out, err := execute(t, webhookCommand(), "deliveries", "another"); err == nil || !strings.Contains(err.Error(), `"another"`) {
		t.Errorf("%s %v", out, err)
	}
}

func TestWebhooksAndTheirCallsAreListed(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	s, err := store.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	hook := store.Webhook{ID: "HOOK01", Name: "warehouse", URL: "https://shop.example", Secret: "0123456789abcdef", Enabled: true, Topics: []string{"event:api.m"}, CreatedAt: time.Now()}
	if err := s.CreateWebhook(t.Context(), hook); err != nil {
		t.Fatal(err)
	}
	email := "ada@example.com"
	if _, err := ingest.New(s, time.Now).Event(t.Context(), ingest.Event{Metric: "M", Profile: ingest.Change{Attributes: map[string]*string{"email": &email}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.FormDeliveries(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	list, err := execute(t, webhookCommand(), "list")
	if err != nil || !strings.Contains(list, "HOOK01  warehouse  true") || !strings.Contains(list, "event:api.m") || strings.Contains(list, "0123456789abcdef") {
		t.Error(list, err)
	}
	for _, test := range []struct {
		args  []string
		lines int
	}{{nil, 2}, {[]string{"warehouse"}, 2}, {[]string{"HOOK01", "--state", "waiting"}, 2}, {[]string{"--state", "failed"}, 1}} {
		out, err := execute(t, webhookCommand(), append([]string{"deliveries"}, test.args...)...)
		if err != nil || strings.Count(out, "\n") != test.lines {
			t.Errorf("%q: %s, %v", test.args, out, err)
		}
	}
	if _, err := execute(t, webhookCommand(), "deliveries", "--state", "lost"); err == nil || !strings.Contains(err.Error(), "expected one of waiting, delivered, failed") {
		t.Error(err)
	}
}
