package cli

import (
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

func TestFlowFailuresListsAndRepeats(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	if out, err := execute(t, flowFailuresCommand()); err != nil || out != "nothing failed\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := execute(t, flowFailuresCommand(), "nothing"); err == nil || !strings.Contains(err.Error(), "flow nothing") {
		t.Errorf("a flow that is not there: %v", err)
	}
	s, err := store.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, statement := range []string{
		"insert into plan (hash, flow_id, body) values ('h', 'cart', '{}')",
		"insert into flow (id, name, status, hash) values ('cart', 'Cart', 'live', 'h')",
		"insert into cohort (id, flow_id, hash, size) values ('c', 'cart', 'h', 1)",
		"insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at) values ('r1', 'cart', 'h', 'p1', 'k1', 'c', now()), ('r2', 'cart', 'h', 'p2', 'k2', 'c', now())",
		`insert into outcome (run_id, entered_at, step, kind, result, reason, detail, at) values
			('r1', '2026-01-02', 'call', 'webhook', 'failed', 'Webhook Failed', '{"error": "answered 404: \u001b[31mred\nline"}', '2026-01-02 10:00:00Z'),
			('r2', '2026-01-02', 'mail', 'email', 'held', 'Delivery Unknown', null, '2026-01-02 11:00:00Z')`,
		"insert into message (send_key, message_id, profile_id, channel, address, status, owner, attempts) values ('run/r1/call', '', 'p1', 'webhook', 'x', 'failed', 'o', 9)",
	} {
		if _, err := s.DB.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	out, err := execute(t, flowFailuresCommand(), "cart")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[1], "2026-01-02 11:00:00  cart  mail  p2       held") || strings.Contains(out, "\x1b") ||
		!strings.Contains(lines[2], "answered 404:  [31mred line") {
		t.Errorf("%s", out)
	}
	if out, err := execute(t, flowFailuresCommand(), "--retry"); err != nil || out != "1 failed steps are tried again\n" {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := execute(t, flowFailuresCommand()); err != nil || !strings.Contains(out, "retrying") || strings.Contains(out, " failed ") {
		t.Errorf("%q, %v", out, err)
	}
	var status string
	if err := s.DB.Get(&status, "select status || ' ' || attempts from message"); err != nil || status != "claimed 0" {
		t.Errorf("the message is %s, %v", status, err)
	}
}
