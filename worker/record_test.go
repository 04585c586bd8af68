package worker_test

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/internal/payload"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/worker"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/protobuf/encoding/protojson"
)

var record = flag.Bool("record", false, "write the histories of these cohorts to workflows/testdata, for the replay test")

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
		Store: s.store, DatabaseURL: s.url, Temporal: c, Queue: queue, BuildID: build, Clock: clock.System(1), Advance: s.advance,
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
	for name, test := range map[string]struct {
		flow    string
		people  int
		unready bool
	}{
		"lone-wait-email":      {flow: strings.Replace(mailFlow, "1h", "1s", 1), people: 1},
		"lone-no-wait":         {flow: "flow: f\nstatus: live\ntrigger: {metric: Added to Cart}\nsteps:\n  - email: letter\n", people: 1},
		"lone-split-update":    {flow: strings.Replace(splitFlow, "Joined", "Added to Cart", 1), people: 1},
		"lone-exit":            {flow: "flow: f\nstatus: live\ntrigger: {metric: Added to Cart}\nsteps:\n  - wait: 1s\n  - update_profile: {set: {x: 1}}\n  - exit: over\n", people: 1},
		"cohort-of-30":         {flow: strings.Replace(mailFlow, "1h", "1s", 1), people: 30},
		"lone-local-try-fails": {flow: "flow: f\nstatus: live\ntrigger: {metric: Added to Cart}\nsteps:\n  - wait: 1s\n  - email: letter\n", people: 1, unready: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, test.flow, templates)
			if test.unready {
				// Postgres turns the claim down once, so that the local try fails and an activity takes over.
				s.store.DB.MustExec(failOnce)
			}
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
				if err := os.WriteFile(filepath.Join("..", "workflows", "testdata", "histories", name+".json"), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

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
