package worker_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/payload"
	"github.com/legato-flow/legato/worker"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func keyed(t *testing.T, letter string) *payload.Codec {
	t.Helper()
	codec, err := payload.New(strings.Repeat(letter, 32))
	if err != nil {
		t.Fatal(err)
	}
	return codec
}

func TestAnEncryptedHistoryShowsNothingButToThoseAllowed(t *testing.T) {
	t.Parallel()
	codec := keyed(t, "k")
	s := newStage(t, shortFlow, nil)
	c, _ := s.host(hosting{codec: codec})
	s.setClock(time.Now().UTC())
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	s.ended(1)
	run := s.run(ada)
	if err := c.GetWorkflow(t.Context(), run.CohortID, "").Get(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	history := historyOf(t, c, run.CohortID)
	secrets := []string{run.ID, "the-pause", "the-note", "profile " + ada} // the last is the summary of the start

	payloads := payloadsOf(t, history)
	stored := protojson.Format(history)
	for _, p := range payloads {
		stored += string(p.GetData())
	}
	handler := api.New(api.Options{Store: s.store, Ingester: ingest.New(s.store, time.Now), Keys: []string{"pk_dev"}, Payloads: codec, Log: discard})
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: payloads})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(key string) string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/codec/decode", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+key)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		var answer commonpb.Payloads
		if err := protojson.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			return w.Body.String()
		}
		var text strings.Builder
		for _, p := range answer.GetPayloads() {
			text.Write(p.GetData())
		}
		return text.String()
	}
	for _, secret := range secrets {
		if strings.Contains(stored, secret) {
			t.Errorf("%s is in the history", secret)
		}
		if answer := ask("pk_dev"); !strings.Contains(answer, secret) {
			t.Errorf("the codec server does not show %s in\n%s", secret, answer)
		}
		if strings.Contains(ask("pk_other"), secret) {
			t.Errorf("the codec server shows %s to anybody", secret)
		}
	}
}

// payloadsOf gives all payloads of a history but search attributes, which Temporal must be able to read.
func payloadsOf(t *testing.T, history *historypb.History) []*commonpb.Payload {
	t.Helper()
	var all []*commonpb.Payload
	err := proxy.VisitPayloads(t.Context(), proto.CloneOf(history), proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			all = append(all, payloads...)
			return payloads, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A new key reaches one process before the other: the one without it must not end what it cannot read.
func TestACohortWaitsForAWorkerThatHasItsKey(t *testing.T) {
	t.Parallel()
	s := newStage(t, shortFlow, nil)
	knowing := s.dial(keyed(t, "n"))
	s.setClock(time.Now().UTC())
	ada := s.profile("ada", nil)
	s.event(ada, "Joined", nil)
	cohort := s.enter()[0]
	if err := (&worker.Starter{Client: knowing, Queue: s.queue()}).Start(t.Context(), cohort.cohort, cohort.runs); err != nil {
		t.Fatal(err)
	}
	_, stop := s.host(hosting{codec: keyed(t, "o")}) // without the key
	until(t, "the worker without the key fails at the task", func() bool {
		return slices.ContainsFunc(historyOf(t, knowing, cohort.cohort.ID).Events, func(event *historypb.HistoryEvent) bool {
			return event.EventType == enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED
		})
	})
	stop()
	s.host(hosting{codec: keyed(t, "n")})
	s.ended(1)
	if got := s.outcomes(ada); len(got) != 2 {
		t.Errorf("%q", got)
	}
}
