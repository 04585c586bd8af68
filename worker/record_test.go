package worker_test

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/channel/webhook"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/internal/payload"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/worker"
	"github.com/legato-flow/legato/workflows"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/protobuf/encoding/protojson"
)

// A history that was recorded once stays: later versions must replay what earlier ones did.
var record = flag.Bool("record", false, "write the histories of these cohorts that workflows/testdata lacks, for the replay test")

// live puts the stage on a real Temporal server with a worker of its own.
func live(t *testing.T, s *stage) client.Client {
	t.Helper()
	c, _ := liveWith(t, s, nil, "")
	return c
}

// liveWith is live with encrypted payloads, or with a versioned worker, whose task queue it gives too.
func liveWith(t *testing.T, s *stage, codec *payload.Codec, build string) (c client.Client, queue string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	options := client.Options{HostPort: testkit.Temporal(t), Logger: sdklog.NewStructuredLogger(log)}
	codec.Protect(&options)
	c, err := client.Dial(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := worker.EnsureAttributes(t.Context(), c, "default"); err != nil {
		t.Fatal(err)
	}
	s.advance.Clock = clock.System(1)
	s.advance.Log = log
	var database string
	if err := s.store.DB.Get(&database, "select current_database()"); err != nil {
		t.Fatal(err)
	}
	queue = "test-" + database
	w := worker.New(worker.Options{
		Store: s.store, DatabaseURL: s.url, Temporal: c, Queue: queue, BuildID: build, CohortMax: s.most, Clock: clock.System(1), Advance: s.advance,
		Programs: s.advance.Programs, Log: log,
	})
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return c, queue
}

// ended waits until every run of a flow has ended.
func (s *stage) ended(n int) {
	s.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		var ended int
		if err := s.store.DB.Get(&ended, "select count(*) from run where status <> 'active'"); err != nil {
			s.Fatal(err)
		}
		if ended == n {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("%d of %d runs have ended", ended, n)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestCohortsOnARealServer(t *testing.T) {
	t.Parallel()
	templates := map[string]string{"us": letterTemplate, "buyer": letterTemplate, "world": letterTemplate, "letter": letterTemplate}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	t.Cleanup(hook.Close)
	for name, test := range map[string]struct {
		flow    string
		people  int
		unready bool
		during  func(s *stage, c client.Client) // once somebody waits inside
	}{
		"lone-wait-email":        {flow: strings.Replace(mailFlow, "1h", "1s", 1), people: 1},
		"lone-no-wait":           {flow: recorded("- email: letter"), people: 1},
		"lone-split-update":      {flow: strings.Replace(splitFlow, "Joined", "Added to Cart", 1), people: 1},
		"lone-exit":              {flow: recorded("- wait: 1s", "- update_profile: {set: {x: 1}}", "- exit: over"), people: 1},
		"cohort-of-30":           {flow: strings.Replace(mailFlow, "1h", "1s", 1), people: 30},
		"lone-local-try-fails":   {flow: recorded("- wait: 1s", "- email: letter"), people: 1, unready: true},
		"lone-wait-for-event":    {flow: recorded("- wait_for: {metric: Paid, timeout: 1h}"), people: 1, during: paid},
		"lone-wait-for-gives-up": {flow: recorded("- wait_for: {metric: Paid, timeout: 1s}"), people: 1},
		"lone-exit-on":           {flow: "exit_on: {metric: Paid}\n" + recorded("- wait: 1h", "- email: letter"), people: 1, during: paid},
		"lone-switch":            {flow: recorded("- wait: 1s", "- switch:\n      - {when: person.x == 1, then: [{email: us}]}\n    else: [{email: world}]"), people: 1},
		"cohort-that-parts": {flow: recorded("- split:\n      - {weight: 50, then: [{wait: 1s}, {email: us}]}\n      - {weight: 50, then: [{wait: 2s}, {email: world}]}",
			"- update_profile: {set: {x: 1}}"), people: 30},
		"lone-list-track":    {flow: recorded("- wait: 1s", "- list: {add: News}", "- track: Reminded"), people: 1},
		"lone-webhook-alert": {flow: recorded("- wait: 1s", "- webhook: "+hook.URL, "- alert: {to: shop@example.com, subject: Hello, body: There}"), people: 1},
		"lone-manual":        {flow: recorded("- wait: 1s", "- {email: letter, status: manual}", "- update_profile: {set: {x: 1}}"), people: 1},
		"lone-cancelled": {flow: recorded("- wait: 1h", "- email: letter"), people: 1, during: func(s *stage, _ client.Client) {
			s.reach(func(tx *sqlx.Tx) error {
				_, err := s.store.CancelRuns(s.Context(), tx, store.Selection{Flow: "f"}, "Cancelled")
				return err
			})
		}},
		"lone-moved-on": {flow: recorded("- wait: 1h", "- email: letter"), people: 1, during: func(s *stage, _ client.Client) {
			s.reach(func(tx *sqlx.Tx) error {
				_, err := s.store.MoveRunsOn(s.Context(), tx, store.Selection{Flow: "f"})
				return err
			})
		}},
		"lone-paused": {flow: recorded("- wait: 2s", "- email: letter"), people: 1, during: func(s *stage, _ client.Client) {
			s.reach(func(tx *sqlx.Tx) error { return s.store.PauseFlow(s.Context(), tx, "f") })
			time.Sleep(3 * time.Second)
			s.reach(func(tx *sqlx.Tx) error { return s.store.ResumeFlow(s.Context(), tx, "f") })
		}},
		"lone-migrated": {flow: recorded("- {wait: 1h, id: pause}", "- {email: letter, id: mail}"), people: 1, during: func(s *stage, c client.Client) {
			run := s.run("01p00")
			s.apply(recorded("- {wait: 2h, id: pause}", "- {email: letter, id: mail}", "- {wait: 1s, id: more}", "- update_profile: {set: {x: 1}}"), templates)
			now, err := s.store.Flow(s.Context(), "f")
			if err != nil {
				s.Fatal(err)
			}
			handle, err := c.UpdateWorkflow(s.Context(), client.UpdateWorkflowOptions{
				WorkflowID: run.CohortID, UpdateName: workflows.Migrate, WaitForStage: client.WorkflowUpdateStageCompleted,
				Args: []any{workflows.Migration{From: run.Hash, To: now.Hash, Steps: map[string]string{"mail": "mail"}}},
			})
			if err != nil {
				s.Fatal(err)
			}
			if err := handle.Get(s.Context(), nil); err != nil {
				s.Fatal(err)
			}
			s.reach(func(tx *sqlx.Tx) error {
				_, err := s.store.MoveRunsOn(s.Context(), tx, store.Selection{Flow: "f"})
				return err
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, test.flow, templates)
			if test.unready {
				// Postgres turns the claim down once, so that the local try fails and an activity takes over.
				s.store.DB.MustExec(failOnce)
			}
			s.advance.Webhooks = webhook.New(webhook.Options{Secret: []byte("sixteen letters!"), Private: true, Now: time.Now, Timeout: time.Minute})
			s.store.DB.MustExec("insert into list (id, name) values ('news', 'News')")
			c := live(t, s)
			s.setClock(time.Now().UTC())
			for i := range test.people {
				id := s.profile(fmt.Sprintf("p%02d", i), map[string]any{"email": address(fmt.Sprintf("p%02d", i)), "country_code": "US"})
				if test.people == 1 {
					s.event(id, "Added to Cart", nil)
				}
			}
			if test.people > 1 {
				s.eventForAll("Added to Cart")
			}
			if test.during != nil {
				until(t, "somebody waits", func() bool {
					var waiting int
					return s.store.DB.Get(&waiting, "select count(*) from run where step <> '' and due_at > now()") == nil && waiting > 0
				})
				time.Sleep(200 * time.Millisecond) // until Temporal has the timer, too
				s.setClock(time.Now().UTC())
				test.during(s, c)
			}
			s.ended(test.people)
			var cohorts []store.Cohort
			if err := s.store.DB.Select(&cohorts, "select id, flow_id, hash, size from cohort"); err != nil {
				t.Fatal(err)
			}
			if len(cohorts) != 1 {
				t.Fatalf("%d cohorts", len(cohorts))
			}
			if err := c.GetWorkflow(t.Context(), cohorts[0].ID, "").Get(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			history := historyOf(t, c, cohorts[0].ID)
			if got := history.Events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName(); got != "f" {
				t.Errorf("the workflow type is %s", got)
			}
			if text := protojson.Format(history); strings.Contains(text, "example.com") {
				t.Error("an email address is in the history")
			}
			if *record {
				data, err := protojson.MarshalOptions{Multiline: true}.Marshal(history)
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join("..", "workflows", "testdata", "histories", name+".json")
				if _, err := os.Stat(file); err == nil {
					return
				}
				if err := os.WriteFile(file, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// recorded is a flow of these steps.
func recorded(steps ...string) string {
	return "flow: f\nstatus: live\ntrigger: {metric: Added to Cart}\nsteps:\n  " + strings.Join(steps, "\n  ") + "\n"
}

func paid(s *stage, _ client.Client) { s.event("01p00", "Paid", nil) }

const failOnce = `
	create sequence claims;
	create function fail_once() returns trigger language plpgsql as $$
	begin
		if nextval('claims') = 1 then
			raise exception 'not now';
		end if;
		return new;
	end
	$$;
	create trigger fail_once before insert on message for each row execute function fail_once();`

func historyOf(t *testing.T, c client.Client, id string) *historypb.History {
	t.Helper()
	history := &historypb.History{}
	events := c.GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		history.Events = append(history.Events, event)
	}
	return history
}
