package worker_test

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/activities"
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

var discard = slog.New(slog.DiscardHandler)

// hosting is how a worker on a real server is set up.
type hosting struct {
	codec *payload.Codec
	build string // of a versioned worker
	limit int    // of the events of a history
}

// live puts the stage on a real Temporal server with a worker of its own.
func live(t *testing.T, s *stage) client.Client {
	t.Helper()
	c, _ := s.host(hosting{})
	return c
}

// host is live with a choice. The worker ends with the test, or when stop is called.
func (s *stage) host(h hosting) (c client.Client, stop func()) {
	s.Helper()
	c = s.dial(h.codec)
	if err := worker.EnsureAttributes(s.Context(), c, "default"); err != nil {
		s.Fatal(err)
	}
	s.advance.Clock = clock.System(1)
	s.advance.Log = discard
	w := worker.New(worker.Options{
		Store: s.store, DatabaseURL: s.url, Temporal: c, Queue: s.queue(), BuildID: h.build, CohortMax: s.most, Clock: clock.System(1),
		Advance: s.advance, Programs: s.advance.Programs, Log: discard,
	})
	w.Dispatcher.Starter = &worker.Starter{Client: c, Queue: s.queue(), HistoryLimit: h.limit}
	if err := w.Start(s.Context()); err != nil {
		s.Fatal(err)
	}
	stop = sync.OnceFunc(w.Stop)
	s.Cleanup(stop)
	return c, stop
}

// dial connects to Temporal. A nil codec encrypts nothing.
func (s *stage) dial(codec *payload.Codec) client.Client {
	s.Helper()
	options := client.Options{HostPort: testkit.Temporal(s), Logger: sdklog.NewStructuredLogger(discard)}
	codec.Protect(&options)
	c, err := client.Dial(options)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(c.Close)
	return c
}

// queue is the stage's own task queue.
func (s *stage) queue() string {
	u, err := url.Parse(s.url)
	if err != nil {
		s.Fatal(err)
	}
	return "test-" + strings.TrimPrefix(u.Path, "/")
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
		set     func(s *stage)                  // before the worker starts
		enter   func(s *stage)                  // the person; default: an event
		during  func(s *stage, c client.Client) // once somebody waits inside
		limit   int                             // of the events of a history
		slow    bool                            // played only to be recorded
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
		"lone-cap": {flow: recorded("- {email: letter, cap: defer}"), people: 1, set: func(s *stage) {
			s.advance.Caps = map[string]time.Duration{"email": 3 * time.Second}
		}, enter: func(s *stage) { // the second run's message is held back by the first's
			s.profile("p00", map[string]any{"email": address("p00")})
			s.event("01p00", "Added to Cart", nil)
			s.ended(1)
			s.setClock(time.Now().UTC())
			s.event("01p00", "Added to Cart", nil)
		}},
		// Quiet hours end with a minute.
		"lone-quiet-hours": {flow: recorded("- email: letter"), people: 1, slow: true, set: func(s *stage) {
			now := time.Now().UTC()
			s.advance.Quiet = map[string]activities.QuietHours{"email": {From: now.Add(-time.Minute).Format("15:04"), Till: now.Add(time.Minute).Format("15:04")}}
		}},
		"lone-date": {flow: "flow: f\nstatus: live\ntrigger: {date: person.birthday, before: 7d, at: \"00:00\", repeat: yearly}\nsteps:\n" +
			"  - update_profile: {increment: {early: 1}}\n  - wait: {until: date}\n  - update_profile: {increment: {there: 1}}\n", people: 1,
			enter: func(s *stage) {
				s.dated(s.profile("p00", nil), time.Now().UTC().AddDate(-30, 0, 3).Format(time.DateOnly))
			}, during: func(s *stage, _ client.Client) {
				s.dated("01p00", time.Now().UTC().AddDate(-30, 0, 0).Format(time.DateOnly))
			}},
		"cohort-backfilled": {flow: recorded("- {email: us, id: early}", "- wait: 2h", "- email: letter"), people: 4, enter: func(s *stage) {
			for i := range 4 {
				s.past(s.profile(fmt.Sprintf("p%02d", i), map[string]any{"email": address(fmt.Sprintf("p%02d", i))}), "Added to Cart", 2*time.Hour-time.Duration(2+i%2)*time.Second)
			}
			s.startBackfill(100)
		}},
		"lone-continued": {flow: recorded("- wait: 1s", "- wait: 1s", "- wait: 1s", "- email: letter"), people: 1, limit: 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.slow && !*record {
				t.Skip("it takes up to a minute, and is to the workflow what lone-cap is")
			}
			s := newStage(t, test.flow, templates)
			if test.unready {
				// Postgres turns the claim down once, so that the local try fails and an activity takes over.
				s.store.DB.MustExec(failOnce)
			}
			s.advance.Webhooks = webhook.New(webhook.Options{Secret: []byte("sixteen letters!"), Private: true, Now: time.Now, Timeout: time.Minute})
			s.store.DB.MustExec("insert into list (id, name) values ('news', 'News')")
			if test.set != nil {
				test.set(s)
			}
			c, _ := s.host(hosting{limit: test.limit})
			s.setClock(time.Now().UTC())
			if test.enter == nil {
				for i := range test.people {
					s.profile(fmt.Sprintf("p%02d", i), map[string]any{"email": address(fmt.Sprintf("p%02d", i)), "country_code": "US"})
				}
				test.enter = func(s *stage) { s.eventForAll("Added to Cart") }
			}
			test.enter(s)
			if test.during != nil {
				until(t, "somebody waits", func() bool {
					var waiting int
					return s.store.DB.Get(&waiting, "select count(*) from run where step <> '' and due_at > now()") == nil && waiting > 0
				})
				time.Sleep(200 * time.Millisecond) // until Temporal has the timer, too
				s.setClock(time.Now().UTC())
				test.during(s, c)
			}
			cohorts := 1
			if name == "lone-cap" {
				cohorts = 2
			}
			s.ended(test.people * cohorts)
			var n int
			if err := s.store.DB.Get(&n, "select count(*) from cohort"); err != nil || n != cohorts {
				t.Fatalf("%d cohorts, %v", n, err)
			}
			var id string // of the last one
			if err := s.store.DB.Get(&id, "select cohort_id from run order by entered_at desc, id desc limit 1"); err != nil {
				t.Fatal(err)
			}
			if err := c.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			history := historyOf(t, c, id)
			began := history.Events[0].GetWorkflowExecutionStartedEventAttributes()
			if got := began.GetWorkflowType().GetName(); got != "f" {
				t.Errorf("the workflow type is %s", got)
			}
			if text := protojson.Format(history); strings.Contains(text, "example.com") {
				t.Error("an email address is in the history")
			}
			continued := began.GetContinuedExecutionRunId() != ""
			if continued != (test.limit > 0) {
				t.Errorf("continued as new: %v", continued)
			}
			keep(t, name, history)
			if continued {
				keep(t, name+"-first", historyOfRun(t, c, id, began.GetFirstExecutionRunId()))
			}
		})
	}
}

// keep writes a history of this engine where the replay test finds it, if it is to be recorded and there is none.
func keep(t *testing.T, name string, history *historypb.History) {
	t.Helper()
	file := filepath.Join("..", "workflows", "testdata", "histories", fmt.Sprintf("%d-%s.json", workflows.Engine, name))
	if _, err := os.Stat(file); err == nil || !*record {
		return
	}
	data, err := protojson.MarshalOptions{Multiline: true}.Marshal(history)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
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
	return historyOfRun(t, c, id, "")
}

// historyOfRun gives the history of one run of a workflow that continued as new, or with "" of the latest.
func historyOfRun(t *testing.T, c client.Client, id, run string) *historypb.History {
	t.Helper()
	history := &historypb.History{}
	events := c.GetWorkflowHistory(t.Context(), id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		history.Events = append(history.Events, event)
	}
	return history
}
