package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/channel/email"
	"github.com/legato-flow/legato/channel/webhook"
	"github.com/legato-flow/legato/store"
	"github.com/legato-flow/legato/workflows"
)

// hook is a server that webhooks call. It keeps the bodies, by delivery.
type hook struct {
	url    string
	mu     sync.Mutex
	bodies map[string][]string
	answer func(w http.ResponseWriter, r *http.Request, body string)
}

// hook starts a server and lets the stage's webhooks call it.
func (s *stage) hook(answer func(w http.ResponseWriter, r *http.Request, body string)) *hook {
	h := &hook{bodies: map[string][]string{}, answer: answer}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		key := r.Header.Get("Legato-Delivery")
		h.bodies[key] = append(h.bodies[key], string(body))
		h.mu.Unlock()
		if h.answer != nil {
			h.answer(w, r, string(body))
		}
	}))
	s.T.Cleanup(server.Close)
	h.url = server.URL
	s.advance.Webhooks = webhook.New(webhook.Options{Secret: []byte("sixteen letters!"), Private: true, Now: s.clock, Timeout: time.Minute})
	return h
}

func (h *hook) calls(key string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.bodies[key]
}

// stageWithHook is a stage whose flow has URL where its hook listens.
func stageWithHook(t *testing.T, flowYAML string, templates map[string]string, answer func(http.ResponseWriter, *http.Request, string)) (*stage, *hook) {
	t.Helper()
	s := newStage(t, "flow: unused\nstatus: draft\ntrigger: {metric: Unused}\nsteps:\n  - exit: unused\n", nil)
	h := s.hook(answer)
	s.apply(strings.ReplaceAll(flowYAML, "URL", h.url), templates)
	return s, h
}

const hookFlow = `
flow: f
status: live
trigger: {metric: Ordered}
steps:
  - webhook:
      url: URL/points
      headers: {X-Country: "{{ person.country }}"}
      body: '{"who": "{{ person.first_name }}", "total": {{ event.total }}}'
    id: points
  - if: flow.steps["points"].response.level == "gold" and flow.steps["points"].status == 201
    then: [{update_profile: {set: {points: {expr: 'flow.steps["points"].response.points'}}}}]
  - email: letter
`

func TestWhatAWebhookAnswersIsThereForLaterSteps(t *testing.T) {
	t.Parallel()
	s, h := stageWithHook(t, hookFlow, map[string]string{
		"letter": "---\nsubject: \"{{ steps.points.response.points }} points, {{ steps.points.status }}\"\n---\nHi",
	}, func(w http.ResponseWriter, r *http.Request, _ string) {
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"level": "gold", "points": 120, "nul": "a\u0000b"}`))
	})
	id := s.profile("ada", map[string]any{"email": address("ada"), "country": "Japan"})
	s.event(id, "Ordered", map[string]any{"total": 12.5})
	cohort := s.enter()[0]
	s.play(cohort, nil)
	s.play(cohort, nil) // a second time: everything has happened
	if diff := cmp.Diff([]string{`{"who": "ada", "total": 12.5}`}, h.calls("run/"+s.run(id).ID+"/points")); diff != "" {
		t.Error(diff)
	}
	people, err := s.store.People(t.Context(), []string{id})
	if err != nil || people[id].Values["points"] != 120 {
		t.Errorf("%v points, %v", people[id].Values["points"], err)
	}
	if len(s.mail.sources) != 1 || !strings.Contains(s.mail.sources[0], "Subject: 120 points, 201") {
		t.Errorf("%d mails: %q", len(s.mail.sources), s.mail.sources)
	}
	var kept map[string]map[string]any
	if err := json.Unmarshal(s.run(id).Data, &kept); err != nil || kept["points"]["status"] != 201.0 {
		t.Errorf("the run keeps %s, %v", s.run(id).Data, err)
	}
}

func TestAWebhookIsTriedAgainWhileTheOtherSideIsBusy(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	s, h := stageWithHook(t, "flow: f\nstatus: live\ntrigger: {metric: Ordered}\nsteps:\n  - {webhook: URL, id: call}\n", nil,
		func(w http.ResponseWriter, _ *http.Request, _ string) {
			switch tries.Add(1) {
			case 1:
				w.Header().Set("Retry-After", "600")
				w.WriteHeader(http.StatusTooManyRequests)
			case 2:
				w.WriteHeader(http.StatusBadGateway)
			}
		})
	id := s.profile("ada", nil)
	s.event(id, "Ordered", nil)
	s.play(s.enter()[0], nil)
	run := s.run(id)
	if n := len(h.calls("run/" + run.ID + "/call")); n != 3 {
		t.Errorf("%d calls of one key", n)
	}
	// Ten minutes as wished for, then the second wait.
	if got := run.FinishedAt.Time.Sub(start); got < 12*time.Minute || got > 12*time.Minute+10*time.Second {
		t.Errorf("done after %s", got)
	}
	if diff := cmp.Diff([]string{"call done"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
	var body map[string]map[string]any
	if err := json.Unmarshal([]byte(h.calls("run/" + run.ID + "/call")[0]), &body); err != nil || body["run"]["id"] != run.ID || body["person"]["first_name"] != "ada" {
		t.Errorf("it posts %s, %v", h.calls("run/" + run.ID + "/call")[0], err)
	}
}

func TestAWebhookThatIsRefusedFailsForGood(t *testing.T) {
	t.Parallel()
	s, h := stageWithHook(t, `
flow: f
status: live
trigger: {metric: Ordered}
steps:
  - {webhook: URL, id: goes-on}
  - {webhook: URL, id: ends, on_failure: exit}
  - {webhook: URL, id: never}
`, nil, func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusNotFound) })
	id := s.profile("ada", nil)
	s.event(id, "Ordered", nil)
	s.play(s.enter()[0], nil)
	run := s.run(id)
	if diff := cmp.Diff([]string{"ends failed: Webhook Failed", "goes-on failed: Webhook Failed"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
	if run.Status != store.RunExited || run.Reason != "Step Failed: ends" || len(h.calls("run/"+run.ID+"/never")) > 0 {
		t.Errorf("the run is %s: %s", run.Status, run.Reason)
	}
}

func TestABodyThatIsNoJSONIsNotPosted(t *testing.T) {
	t.Parallel()
	s, h := stageWithHook(t, "flow: f\nstatus: live\ntrigger: {metric: Ordered}\nsteps:\n  - {webhook: {url: URL, body: '{\"a\": {{ event.a }}}'}, id: call}\n", nil, nil)
	id := s.profile("ada", nil)
	s.event(id, "Ordered", map[string]any{"a": "text"})
	s.play(s.enter()[0], nil)
	if diff := cmp.Diff([]string{"call failed: Webhook Syntax Error"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
	if len(h.bodies) > 0 {
		t.Errorf("posted %v", h.bodies)
	}
}

func TestAnAnswerIsKeptWithinBounds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ answer, want string }{
		"text":           {"fine", `{"call": {"status": 200, "response": "fine"}}`},
		"nothing":        {"", `{"call": {"status": 200, "response": ""}}`},
		"a number":       {"1e999", `{"call": {"status": 200, "response": "1e999"}}`},
		"much JSON":      {`["` + strings.Repeat("x", 17<<10) + `"]`, `{"call": {"status": 200, "left_out": true}}`},
		"deep JSON":      {strings.Repeat("[", 5000) + strings.Repeat("]", 5000), ""},
		"more than read": {`["` + strings.Repeat("x", 70<<10) + `"]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := stageWithHook(t, "flow: f\nstatus: live\ntrigger: {metric: Ordered}\nsteps:\n  - {webhook: URL, id: call}\n", nil,
				func(w http.ResponseWriter, _ *http.Request, _ string) { _, _ = w.Write([]byte(test.answer)) })
			id := s.profile("ada", nil)
			s.event(id, "Ordered", nil)
			s.play(s.enter()[0], nil)
			run := s.run(id)
			if run.Status != store.RunDone || len(run.Data) > 18<<10 {
				t.Errorf("the run is %s and keeps %d bytes", run.Status, len(run.Data))
			}
			if test.want == "" {
				return
			}
			var got, want any
			_, _ = json.Unmarshal(run.Data, &got), json.Unmarshal([]byte(test.want), &want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestACallWhoseFateIsUnknownIsMadeAgain(t *testing.T) {
	t.Parallel()
	s, h := stageWithHook(t, "flow: f\nstatus: live\ntrigger: {metric: Ordered}\nsteps:\n  - {webhook: URL, id: call}\n", nil, nil)
	id := s.profile("ada", nil)
	s.event(id, "Ordered", nil)
	cohort := s.enter()[0]
	key := "run/" + cohort.runs[0].ID + "/call"
	// What a worker leaves behind that is killed in the middle of the call.
	if _, err := s.store.DB.Exec(`insert into message (send_key, message_id, profile_id, channel, address, status, owner, handed_at)
		values ($1, '', $2, 'webhook', 'x', 'handing', 'dead', $3)`, key, id, start); err != nil {
		t.Fatal(err)
	}
	s.play(cohort, nil)
	if n := len(h.calls(key)); n != 1 {
		t.Errorf("%d calls", n)
	}
	if diff := cmp.Diff([]string{"call done"}, s.outcomes(id)); diff != "" {
		t.Error(diff)
	}
	if got := s.run(id).FinishedAt.Time.Sub(start); got < time.Minute {
		t.Errorf("after %s, when the attempt might have been alive", got)
	}
}

// advanceAll calls advance once for a cohort and gives how long that took.
func (s *stage) advanceAll(c startedCohort) time.Duration {
	s.Helper()
	batch := workflows.Batch{Flow: c.cohort.FlowID, Hash: c.cohort.Hash}
	for _, run := range c.runs {
		batch.Runs = append(batch.Runs, run.ID)
	}
	began := time.Now()
	if _, err := s.advance.Run(context.WithoutCancel(s.Context()), batch); err != nil {
		s.Fatal(err)
	}
	return time.Since(began)
}

func TestAServerThatHangsHoldsNobodyElseUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s, h := stageWithHook(t, `
flow: f
status: live
trigger: {metric: Ordered}
steps:
  - {webhook: {url: URL, body: '"{{ person.first_name }}"'}, id: call}
  - update_profile: {set: {called: true}}
`, nil, func(_ http.ResponseWriter, r *http.Request, body string) {
		if strings.Contains(body, "slow") {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
	})
	s.advance.Patience, s.advance.Parallel = time.Second, 2
	var slow []string
	for i := range 4 { // more than there are hands
		slow = append(slow, s.profile(fmt.Sprintf("slow%d", i), nil))
	}
	for i := range 40 {
		s.profile(fmt.Sprintf("quick%d", i), nil)
	}
	s.eventForAll("Ordered")
	cohort := s.enter()[0]
	if took := s.advanceAll(cohort); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	var done int
	if err := s.store.DB.Get(&done, "select count(*) from run where status = 'done' and finished_at = $1", start); err != nil || done != 40 {
		t.Errorf("%d are done at once, %v", done, err)
	}
	for _, id := range slow {
		if run := s.run(id); run.Status != store.RunActive || run.Step != "call" {
			t.Errorf("the slow one is %s at %s", run.Status, run.Step)
		}
	}
	s.setClock(start.Add(6 * time.Second)) // it is looked at again, and not called again
	s.advanceAll(cohort)
	close(release)
	s.advance.Drain()
	s.setClock(start.Add(30 * time.Second))
	s.advanceAll(cohort)
	for _, id := range slow {
		run := s.run(id)
		if run.Status != store.RunDone || len(h.calls("run/"+run.ID+"/call")) != 1 {
			t.Errorf("the slow one is %s after %d calls", run.Status, len(h.calls("run/"+run.ID+"/call")))
		}
	}
}

func TestAMailServerThatHangsForOneHoldsNobodyElseUp(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"rcpt", "data"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "flow: f\nstatus: live\ntrigger: {metric: Ordered}\nsteps:\n  - email: letter\n", map[string]string{"letter": letterTemplate})
			release := make(chan struct{})
			s.mail.fail = func(at, to string) error {
				if at == stage && to == address("slow") {
					<-release
				}
				return nil
			}
			patient := email.New(email.Options{Address: s.mail.address, Timeout: time.Minute})
			defer patient.Close()
			s.advance.Mail, s.advance.Patience = patient, time.Second
			slow := s.profile("slow", map[string]any{"email": address("slow")})
			for i := range 20 {
				name := fmt.Sprintf("quick%d", i)
				s.profile(name, map[string]any{"email": address(name)})
			}
			s.eventForAll("Ordered")
			cohort := s.enter()[0]
			if took := s.advanceAll(cohort); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
			var done int
			if err := s.store.DB.Get(&done, "select count(*) from run where status = 'done'"); err != nil || done != 20 {
				t.Errorf("%d are done at once, %v", done, err)
			}
			s.setClock(start.Add(6 * time.Second))
			s.advanceAll(cohort)
			close(release)
			s.advance.Drain()
			s.setClock(start.Add(30 * time.Second))
			s.advanceAll(cohort)
			if n := s.mail.to(address("slow")); n != 1 || s.run(slow).Status != store.RunDone {
				t.Errorf("the slow one got %d messages and is %s", n, s.run(slow).Status)
			}
			if diff := cmp.Diff([]string{"email-letter done"}, s.outcomes(slow)); diff != "" {
				t.Error(diff)
			}
			if n := s.events("Received Email"); n != 21 {
				t.Errorf("%d events tell of it", n)
			}
		})
	}
}

// events counts the events of a metric.
func (s *stage) events(metric string) int {
	s.Helper()
	var n int
	if err := s.store.DB.Get(&n, "select count(*) from event e join metric m on m.id = e.metric_id where m.name = $1", metric); err != nil {
		s.Fatal(err)
	}
	return n
}
