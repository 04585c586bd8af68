package ingest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// traces are what a person was known by.
var traces = []string{"ada@example.com", "countess@example.org", "15112345678", "crm-4711", "browser-9", "Lovelace", "St James's Square 12", "apns-token"}

// adasLife leaves something of Ada in every table that can hold it.
func adasLife(t *testing.T, g *ingest.Ingester, s *store.Store) string {
	t.Helper()
	p := upsert(t, g, `{"email":"Ada@example.com","phone_number":"+4915112345678","external_id":"crm-4711","anonymous_id":"browser-9","first_name":"Augusta","last_name":"Lovelace",
		"location":{"address1":"St James's Square 12","city":"London"},"properties":{"birthday":"1815-12-10","alias":"ada@example.com"}}`)
	if _, err := g.UpdateProfile(t.Context(), p.ID, ingest.Change{AppendEmails: []string{"countess@example.org"}}); err != nil {
		t.Fatal(err)
	}
	for _, e := range []ingest.Event{
		{Metric: "Ordered Product", UniqueID: "ada@example.com/1", Properties: json.RawMessage(`{"ProductID":"mug","to":{"name":"A. Lovelace","mail":["ADA@EXAMPLE.COM"],"phone":4915112345678},"ada@example.com":1,"n":2.50,"gift":true,"none":null}`)},
		{Metric: "Viewed", Properties: json.RawMessage(`{"page":"/?email=ada@example.com"}`)},
	} {
		e.Profile = ingest.Change{ID: p.ID}
		if r := one(t, g, e); r.Err != nil {
			t.Fatal(r)
		}
	}
	l, err := g.CreateList(t.Context(), "L", ingest.SingleOptIn)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.JoinList(t.Context(), l.ID, []string{p.ID}); err != nil {
		t.Fatal(err)
	}
	if err := g.Unsubscribe(t.Context(), p.ID, "email"); err != nil {
		t.Fatal(err)
	}
	token := store.PushToken{Token: "apns-token", Platform: "ios", Vendor: "apns", EnablementStatus: "AUTHORIZED", Background: "AVAILABLE"}
	if _, err := g.RegisterPushToken(t.Context(), token, ingest.Change{ID: p.ID}); err != nil {
		t.Fatal(err)
	}
	flow(t, s, "f", "live", "metric", "Viewed")
	for _, q := range []string{
		"insert into cohort (id, flow_id, hash, size) values ('c', 'f', 'f', 1)",
		`insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at, step, due_at, data)
			values ('r', 'f', 'f', $1, 'k', 'c', now(), 'wait-1', now(), '{"hook":"ada@example.com"}')`,
		`insert into outcome (run_id, entered_at, step, kind, result, at, detail) select 'r', entered_at, 'email-1', 'email', 'done', now(), '{"to":"ada@example.com","n":1}' from run where $1 <> ''`,
		"insert into retry (run_id, step, kind, reason, error, failed_at) select 'r', 'email-2', 'email', 'x', 'no ada@example.com here', now() where $1 <> ''",
		"insert into watch (run_id, profile_id, step, kind, key, since) values ('r', $1, 'w', 'profile', '', now())",
		"insert into review (flow_id, run_id, entered_at, step, kind, profile_id) values ('f', 'r', now(), 'email-3', 'email', $1)",
		`insert into message (send_key, message_id, run_id, profile_id, channel, address, subject, error, response, status, owner)
			values ('run/r/email-1', 'm', 'r', $1, 'email', 'Ada@Example.com', 'Dear Lovelace', '550 ada@example.com', '{"to":"ada@example.com"}', 'sent', 'o'),
			('run/r/sms-1', 'm2', 'r', $1, 'sms', '+4915112345678', '', '', null, 'claimed', 'o')`,
		"insert into refusal (flow_id, profile_id, entry_key, reason, detail) values ('f', $1, 'k3', 'reentry', '{\"email\":\"ada@example.com\"}')",
		"insert into job (id, kind, total, expires_at) values ('j', 'profile-import', 1, now())",
		`insert into job_part (job_id, position, items) values ('j', 0, '[{"position":0,"change":{"ID":"","Attributes":{"email":"ADA@example.com"}},"payload":{"email":"ada@example.com"}},
			{"position":1,"change":{"ID":"","Attributes":{"email":"bob@example.com","last_name":"Byron"},"Properties":{"n":1}}},
			{"position":2,"change":{"ID":"","Attributes":{"external_id":"crm-4711"}}},{"position":3,"change":{"ID":"","Attributes":{"phone_number":"+4915112345678"}}},
			{"position":4,"change":{"ID":"","Attributes":null,"AppendEmails":["Countess@example.org"]}},{"position":5,"change":{"ID":"","Attributes":{"anonymous_id":"browser-9"}}}]')`,
		"insert into job_part (job_id, position, items) values ('j', 6, jsonb_build_array(jsonb_build_object('position', 6, 'change', jsonb_build_object('ID', $1::text))))",
		"insert into job_profile (job_id, profile_id) values ('j', $1)",
		"insert into consent (profile_id, channel, purpose, consent, at, method, method_detail, updated_at) values ($1, 'sms', 'marketing', 'SUBSCRIBED', now(), 'API', 'ada@example.com', now())",
		"insert into list_suppression (profile_id, list_id, reason, at) select $1, id, 'UNSUBSCRIBE', now() from list",
		`insert into job_error (id, job_id, position, code, title, detail, pointer, payload) values ('e', 'j', 0, 'invalid', 'Invalid', 'crm-4711 is taken', '/data', '{"email":"ADA@example.com"}')`,
		"insert into webhook (id, name, endpoint_url, secret_key) values ('w', 'W', 'https://example.com', 'secret')",
		`insert into webhook_delivery (id, webhook_id, events, queued_at, created_at, error)
			values (gen_random_uuid(), 'w', '[]', now(), now(), 'example.com answered 422: ADA@example.com is unknown'), (gen_random_uuid(), 'w', '[]', now(), now(), 'example.com answered 500')`,
		"insert into outbox (flow_id, profile_id, entry_key) values ('f', $1, 'k4')",
		"insert into send_timer (channel, key, started_at) values ('sms', '+4915112345678', now()), ('email', $1, now())",
		`insert into property_type (metric_id, name, kind, count, first_seen, last_seen, samples) select 'M', 'mail', 'text', 2, now(), now(), '["bob@example.com","Ada@example.com"]' where $1 <> ''`,
	} {
		args := []any{p.ID}
		if !strings.Contains(q, "$1") {
			args = nil
		}
		if _, err := s.DB.Exec(q, args...); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return p.ID
}

func TestADeletedPersonLeavesNoTraceInAnyTable(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	id := adasLife(t, g, s)
	other := upsert(t, g, `{"email":"bob@example.com","last_name":"Byron"}`).ID
	happened(t, g, "Viewed", `{"email":"bob@example.com"}`)
	for _, trace := range traces {
		if len(mentions(t, s, trace)) == 0 {
			t.Errorf("%s is nowhere before the deletion: it proves nothing", trace)
		}
	}
	erased, err := g.DeleteProfile(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if erased.Events != 3 || erased.Messages != 2 || erased.Runs != 1 {
		t.Errorf("%+v", erased)
	}
	for _, trace := range traces {
		if where := mentions(t, s, trace); len(where) > 0 {
			t.Errorf("%s is still in %v", trace, where)
		}
	}
	var properties string
	if err := s.DB.Get(&properties, "select e.properties::text from event e join metric m on m.id = e.metric_id where m.name = 'Ordered Product'"); err != nil ||
		properties != `{"n": 2.50, "to": {"mail": ["redacted"], "name": "redacted", "phone": "redacted"}, "gift": true, "none": null, "redacted": 1, "ProductID": "redacted"}` {
		t.Errorf("the event is %s, %v", properties, err)
	}
	for query, want := range map[string]int{
		"select count(*) from event":   4, // hers, redacted, and Bob's
		"select count(*) from profile": 1,
		"select count(*) from run where status = 'cancelled' and reason = 'Person Deleted' and due_at is null":                  1,
		"select count(*) from nudge where run_id = 'r'":                                                                         1, // the cohort forgets them
		"select count(*) from watch":                                                                                            0,
		"select count(*) from webhook_delivery where error = 'example.com answered 500'":                                        1,
		"select skipped from job":                                                                                               6,
		"select count(*) from job_part where position = 0 and jsonb_array_length(items) = 1 and items @> '[{\"position\": 1}]'": 1,
		"select count(*) from job_part where position = 6 and items = '[]'":                                                     1,
		"select count(*) from review where decision = 'cancelled'":                                                              1,
		"select count(*) from outbox where profile_id <> '" + other + "'":                                                       0,
		"select count(*) from message where address like 'redacted.%@example.com'":                                              1,
		"select count(*) from property_type where samples = '[\"bob@example.com\"]'":                                            1,
	} {
		if got := number(t, s, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	if _, err := g.DeleteProfile(t.Context(), id); !errors.Is(err, ingest.ErrUnknownProfile) {
		t.Errorf("a second time: %v", err)
	}
	if again := happened(t, g, "Viewed", `{"email":"ada@example.com"}`); again == id {
		t.Error("an event with the address brought the old profile back")
	}
	if r := one(t, g, ingest.Event{Metric: "M", Profile: ingest.Change{ID: id}}); !errors.Is(r.Err, ingest.ErrUnknownProfile) {
		t.Errorf("an event with the old id: %+v", r)
	}
}

func TestDeletingWhileEventsComeLeavesWholePeople(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			for range 15 {
				r, err := g.Event(t.Context(), ingest.Event{Metric: "M", Profile: by("email", "ada@example.com"), Properties: json.RawMessage(`{"mail":"ada@example.com"}`)})
				if err != nil || r.Err != nil {
					t.Error(err, r.Err)
				}
				if w < 2 {
					if _, err := g.DeleteProfile(t.Context(), r.ProfileID); err != nil && !errors.Is(err, ingest.ErrUnknownProfile) {
						t.Errorf("deleting: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	if n := number(t, s, "select count(*) from event e where properties ->> 'mail' <> 'redacted' and not exists (select from profile p where p.id = e.profile_id)"); n != 0 {
		t.Errorf("%d events of the deleted were not redacted", n)
	}
}

func TestAnExportHasAllThatIsKnown(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	id := adasLife(t, g, s)
	happened(t, g, "Viewed", `{"email":"bob@example.com"}`)
	var out bytes.Buffer
	if err := s.ExportProfile(t.Context(), &out, id, now, map[string]string{"_kx": "x"}); err != nil {
		t.Fatal(err)
	}
	var export map[string]any
	if err := json.Unmarshal(out.Bytes(), &export); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, trace := range traces {
		if !strings.Contains(strings.ToLower(out.String()), strings.ToLower(trace)) {
			t.Errorf("%s is not in the export", trace)
		}
	}
	if strings.Contains(out.String(), "bob@example.com") {
		t.Error("somebody else is in the export")
	}
	for noun, want := range map[string]int{"events": 3, "lists": 1, "suppressions": 1, "devices": 1, "further_identifiers": 1, "messages": 2, "runs": 1,
		"purchases": 1, "send_timers": 2, "waiting_for": 1, "reviews": 1, "refused_entries": 1, "pending_entries": 1, "event_keys": 1, "consent": 2, "list_suppressions": 1, "imports": 1} {
		if got, ok := export[noun].([]any); !ok || len(got) != want {
			t.Errorf("%s: %v, want %d", noun, export[noun], want)
		}
	}
	if steps := export["runs"].([]any)[0].(map[string]any)["steps"].([]any); len(steps) != 1 {
		t.Errorf("the run's steps are %v", steps)
	}
	if !strings.Contains(out.String(), `"phone": 4915112345678`) {
		t.Error("an event's metadata is not whole")
	}
	out.Reset()
	if err := s.ExportProfile(t.Context(), &out, "nobody", now, nil); !errors.Is(err, store.ErrNotFound) || out.Len() > 0 {
		t.Errorf("nobody: %v, %s", err, &out)
	}
}
