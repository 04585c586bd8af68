package cli

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
)

func TestAnEventIsSentThroughTheAPI(t *testing.T) {
	s := testkit.Store(t)
	server := httptest.NewServer(api.New(api.Options{Store: s, Ingester: ingest.New(s, time.Now), Keys: []string{"pk_test"}}))
	defer server.Close()
	to := []string{"--url", server.URL, "--key", "pk_test"}
	out, err := execute(t, eventCommand(), append([]string{"send", "Added to Cart", "--email", "ada@example.com", "--value", "29.90", "--currency", "EUR",
		"--unique-id", "1", "--property", "Size=M", "--property", "Count=2", "--properties", `{"Items":[{"SKU":"a"}],"Size":"L"}`, "--profile", `{"first_name":"Ada"}`}, to...)...)
	if err != nil || out != "stored Added to Cart\n" {
		t.Fatalf("%q, %v", out, err)
	}
	var stored string
	if err := s.DB.Get(&stored, `select p.email || ' ' || p.first_name || ' ' || e.value || ' ' || e.currency || ' ' || e.unique_id || ' ' || e.properties
		from event e join profile p on p.id = e.profile_id`); err != nil {
		t.Fatal(err)
	}
	if want := `ada@example.com Ada 29.90 EUR 1 {"Size": "M", "Count": 2, "Items": [{"SKU": "a"}]}`; stored != want {
		t.Errorf("stored %s\nwant   %s", stored, want)
	}
	for wrong, args := range map[string][]string{
		"E.164":                   {"--phone", "12"},
		"identifiers":             {},
		"expected NAME=VALUE":     {"--email", "a@example.com", "--property", "Size"},
		"expected a JSON object":  {"--email", "a@example.com", "--properties", "[]"},
		"expected a number":       {"--email", "a@example.com", "--value", "a lot"},
		"401 Unauthorized":        {"--email", "a@example.com", "--key", "pk_wrong"},
		"(/data/attributes/time)": {"--email", "a@example.com", "--time", "now"},
	} {
		if _, err := execute(t, eventCommand(), append(append([]string{"send", "M"}, to...), args...)...); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%v: %v, want %s", args, err, wrong)
		}
	}
}
