package worker

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/channel/webhook"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

const hookSecret = "sixteen letters!"

// receiver is a server that webhooks call, with a worker's deliveries to it.
type receiver struct {
	*testing.T
	store      *store.Store
	url        string // of the database
	ingester   *ingest.Ingester
	deliveries *activities.Deliveries
	webhook    store.Webhook
	ahead      time.Duration // of the deliveries' clock

	mu     sync.Mutex
	calls  []call
	status []int // of the next answers; 200 when there are none left
	header http.Header
}

type call struct {
	header http.Header
	raw    []byte
	Data   []struct {
		ExternalID string `json:"external_id"`
		Topic      string
		Payload    struct {
			Data struct {
				ID            string
				Attributes    map[string]any
				Relationships map[string]struct{ Data struct{ ID string } }
			}
		}
	}
	Meta struct {
		WebhookID  string `json:"webhook_id"`
		DeliveryID string `json:"delivery_id"`
		Attempt    int
	}
}

func newReceiver(t *testing.T, topics ...string) *receiver {
	t.Helper()
	r := &receiver{T: t, url: testkit.DatabaseURL(t), header: http.Header{}}
	var err error
	if r.store, err = store.Open(t.Context(), r.url, 10); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.store.Close() })
	server := httptest.NewServer(http.HandlerFunc(r.answer))
	t.Cleanup(server.Close)
	r.ingester = ingest.New(r.store, time.Now)
	now := func() time.Time { return time.Now().Add(r.ahead) }
	r.deliveries = &activities.Deliveries{Store: r.store, Calls: webhook.New(webhook.Options{Private: true, MaxBody: activities.MaxDelivery, Now: now}), Now: now,
		Base: "https://legato.example", Keep: 7 * 24 * time.Hour, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	r.webhook = store.Webhook{ID: "HOOK01", Name: "the warehouse", URL: server.URL, Secret: hookSecret, Enabled: true, Topics: topics, CreatedAt: time.Now()}
	if err := r.store.CreateWebhook(t.Context(), r.webhook); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *receiver) answer(w http.ResponseWriter, request *http.Request) {
	c := call{header: request.Header.Clone()}
	c.raw, _ = io.ReadAll(request.Body)
	if err := json.Unmarshal(c.raw, &c); err != nil {
		r.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	status := http.StatusOK
	if len(r.status) > 0 {
		status, r.status = r.status[0], r.status[1:]
	}
	for name := range r.header {
		w.Header().Set(name, r.header.Get(name))
	}
	w.WriteHeader(status)
}

// event stores one for somebody.
func (r *receiver) event(metric string, e ingest.Event) string {
	r.Helper()
	email := "ada@example.com"
	e.Metric, e.Profile.Attributes = metric, map[string]*string{"email": &email}
	if e.UniqueID == "" {
		e.UniqueID = store.ShortID()
	}
	result, err := r.ingester.Event(r.Context(), e)
	if err != nil || result.Err != nil {
		r.Fatal(err, result.Err)
	}
	return result.EventID
}

// deliver makes all calls that are due.
func (r *receiver) deliver() []call {
	r.Helper()
	r.calls = nil
	for more := true; more; {
		var err error
		if more, err = r.deliveries.Deliver(r.Context()); err != nil {
			r.Fatal(err)
		}
	}
	return r.calls
}

// log tells the deliveries from the oldest: state, attempts, status and error.
func (r *receiver) log() string {
	r.Helper()
	all, err := r.store.Deliveries(r.Context(), "the warehouse", "", 100)
	if err != nil {
		r.Fatal(err)
	}
	var lines []string
	for _, d := range all {
		line := fmt.Sprint(d.State(), " ", d.Attempts)
		if d.Status != nil {
			line += fmt.Sprint(" ", *d.Status)
		}
		if d.Error != nil {
			before, _, _ := strings.Cut(*d.Error, ":")
			line += " " + strings.ReplaceAll(before, "127.0.0.1", "host")
		}
		lines = append([]string{line}, lines...)
	}
	return strings.Join(lines, "; ")
}

func (r *receiver) hook() store.Webhook {
	r.Helper()
	w, err := r.store.Webhook(r.Context(), "HOOK01")
	if err != nil {
		r.Fatal(err)
	}
	return w
}

func TestAWebhookIsToldOfTheEventsThatItWants(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "event:api.placed_order", "event:shop.paid_up")
	value := json.Number("29.98")
	first := r.event("Placed Order", ingest.Event{Properties: json.RawMessage(`{"OrderId":"1234"}`), Value: &value, UniqueID: "o-1"})
	r.event("Viewed Product", ingest.Event{})
	r.event("Placed Order", ingest.Event{Backfill: true})
	r.event("Placed Order", ingest.Event{UniqueID: "o-1"}) // repeats the first
	second := r.event("Paid – up!", ingest.Event{Service: "Shop"})
	calls := r.deliver()
	if len(calls) != 1 || len(calls[0].Data) != 2 {
		t.Fatalf("%d calls\n%+v", len(calls), calls)
	}
	c := calls[0]
	if c.Data[0].ExternalID != first || c.Data[0].Topic != "event:api.placed_order" || c.Data[1].ExternalID != second || c.Data[1].Topic != "event:shop.paid_up" {
		t.Errorf("%s", c.raw)
	}
	payload := c.Data[0].Payload.Data
	stored, err := r.store.Event(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if payload.ID != first || payload.Relationships["profile"].Data.ID != stored.ProfileID || payload.Relationships["metric"].Data.ID != stored.MetricID {
		t.Errorf("%+v", payload)
	}
	if diff := cmp.Diff(map[string]any{"OrderId": "1234", "$event_id": "o-1", "$value": 29.98}, payload.Attributes["event_properties"]); diff != "" {
		t.Error(diff)
	}
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write(c.raw)
	mac.Write([]byte(c.header.Get("Klaviyo-Timestamp")))
	if got, want := c.header.Get("Klaviyo-Signature"), hex.EncodeToString(mac.Sum(nil)); got != want || len(c.header.Get("Klaviyo-Timestamp")) != 10 {
		t.Errorf("signed %s, want %s", got, want)
	}
	if c.header.Get("Klaviyo-Webhook-Id") != "HOOK01" || c.Meta.WebhookID != "HOOK01" || c.header.Get("Legato-Delivery") != c.Meta.DeliveryID || c.Meta.DeliveryID == "" {
		t.Errorf("%v %+v", c.header, c.Meta)
	}
	if calls := r.deliver(); len(calls) != 0 || r.log() != "delivered 1 200" {
		t.Errorf("again: %d calls, %s", len(calls), r.log())
	}
}

func TestNothingIsToldOfWhatWasNotCommittedOrNobodyWants(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "event:api.m")
	if _, err := r.store.DB.Exec("alter table purchase rename to elsewhere"); err != nil {
		t.Fatal(err)
	}
	email := "ada@example.com"
	if _, err := r.ingester.Event(t.Context(), ingest.Event{Metric: "M", Profile: ingest.Change{Attributes: map[string]*string{"email": &email}}}); err == nil {
		t.Fatal("stored")
	}
	r.store.DB.MustExec("alter table elsewhere rename to purchase")
	if calls := r.deliver(); len(calls) != 0 {
		t.Errorf("told of what is not there: %s", calls[0].raw)
	}
	r.event("M", ingest.Event{})
	if _, err := r.store.ChangeWebhook(t.Context(), "HOOK01", time.Now(), func(w *store.Webhook) error { w.Enabled = false; return nil }); err != nil {
		t.Fatal(err)
	}
	r.event("M", ingest.Event{})
	if calls := r.deliver(); len(calls) != 0 {
		t.Errorf("told although disabled: %s", calls[0].raw)
	}
	if err := r.store.DeleteWebhook(t.Context(), "HOOK01"); err != nil {
		t.Fatal(err)
	}
	r.event("M", ingest.Event{})
	var n int
	if err := r.store.DB.Get(&n, "select (select count(*) from webhook_queue) + (select count(*) from webhook_delivery)"); err != nil || n != 0 {
		t.Errorf("%d rows are left, %v", n, err)
	}
}

func TestACallThatFailsIsRepeatedUntilItIsTakenOrTooOld(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "event:api.m")
	r.event("M", ingest.Event{})
	r.status = []int{503, 429, 500}
	first := r.deliver()
	if again := r.deliver(); len(first) != 1 || len(again) != 0 || r.log() != "waiting 1 503 host" {
		t.Fatalf("%d and %d calls, %s", len(first), len(again), r.log())
	}
	if r.hook().FailingSince == nil {
		t.Error("nothing says that the webhook fails")
	}
	r.ahead = 40 * time.Second // the first pause is 22.5 to 37.5 s
	r.header.Set("Retry-After", "600")
	if second := r.deliver(); len(second) != 1 || second[0].Meta.DeliveryID != first[0].Meta.DeliveryID || second[0].Meta.Attempt != 2 {
		t.Fatalf("%+v", second)
	}
	r.ahead += 9 * time.Minute
	if early := r.deliver(); len(early) != 0 {
		t.Error("sooner than asked for")
	}
	r.ahead += 2 * time.Minute
	r.header.Del("Retry-After")
	r.deliver()
	r.ahead += 5 * time.Minute
	if taken := r.deliver(); len(taken) != 1 || r.log() != "delivered 4 200" || r.hook().FailingSince != nil {
		t.Errorf("%d calls, %s, %+v", len(taken), r.log(), r.hook())
	}
	r.event("M", ingest.Event{})
	r.status = []int{404}
	if r.deliver(); r.log() != "delivered 4 200; failed 1 404 host" {
		t.Error(r.log())
	}
	r.event("M", ingest.Event{})
	r.status = []int{500}
	r.deliver()
	r.ahead += 25 * time.Hour
	if calls := r.deliver(); len(calls) != 0 || !strings.HasSuffix(r.log(), "; failed 2 given up") {
		t.Errorf("%d calls, %s", len(calls), r.log())
	}
	r.ahead += 8 * 24 * time.Hour
	if r.deliver(); r.log() != "" {
		t.Errorf("after the time that the log is kept: %s", r.log())
	}
}

func TestAWebhookThatFailsForDaysIsDisabled(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "event:api.m")
	fail := func() {
		r.event("M", ingest.Event{})
		r.status = []int{500}
		r.deliver()
	}
	fail()
	r.ahead = 71 * time.Hour
	if fail(); !r.hook().Enabled {
		t.Fatal("disabled too soon")
	}
	r.ahead = 73 * time.Hour
	fail()
	w := r.hook()
	if w.Enabled || w.DisabledReason == nil || !strings.Contains(*w.DisabledReason, "no call was taken for 72h0m0s") {
		t.Fatalf("%+v", w)
	}
	r.event("M", ingest.Event{})
	if calls := r.deliver(); len(calls) != 0 || strings.Contains(r.log(), "waiting") {
		t.Errorf("%d calls, %s", len(calls), r.log())
	}
	w, err := r.store.ChangeWebhook(t.Context(), "HOOK01", time.Now(), func(w *store.Webhook) error { w.Enabled = true; return nil })
	if err != nil || w.FailingSince != nil || w.DisabledReason != nil {
		t.Fatalf("%+v, %v", w, err)
	}
	r.event("M", ingest.Event{})
	if calls := r.deliver(); len(calls) != 1 || len(calls[0].Data) != 1 {
		t.Errorf("once enabled: %+v", calls)
	}
}

func TestACallWhoseWorkerWasKilledIsMadeAgain(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "event:api.m")
	id := r.event("M", ingest.Event{})
	if err := r.store.FormDeliveries(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	lost, err := r.store.ClaimDelivery(t.Context(), time.Now(), time.Minute) // and no more is heard of it
	if err != nil {
		t.Fatal(err)
	}
	if calls := r.deliver(); len(calls) != 0 {
		t.Fatal("taken from a worker that may be alive")
	}
	r.ahead = 61 * time.Second
	calls := r.deliver()
	if len(calls) != 1 || calls[0].Meta.DeliveryID != lost.ID || calls[0].Data[0].ExternalID != id || r.log() != "delivered 2 200" {
		t.Errorf("%+v, %s", calls, r.log())
	}
}

func TestACallHasSoManyEventsAndBytes(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "event:api.m", "event:api.large")
	email := "ada@example.com"
	change := ingest.Change{Attributes: map[string]*string{"email": &email}}
	var many []ingest.Event
	for i := range 250 {
		many = append(many, ingest.Event{Metric: "M", UniqueID: fmt.Sprint(i)})
	}
	if err := r.ingester.Bulk(t.Context(), []ingest.Group{{Profile: change, Events: many}}); err != nil {
		t.Fatal(err)
	}
	sizes := func(calls []call) (all []int) {
		for _, c := range calls {
			all = append(all, len(c.Data))
		}
		return all
	}
	if diff := cmp.Diff([]int{100, 100, 50}, sizes(r.deliver())); diff != "" {
		t.Error(diff)
	}
	long := json.RawMessage(`{"text":"` + strings.Repeat("x", 600<<10) + `"}`)
	for i := range 5 {
		r.event("Large", ingest.Event{Properties: long, UniqueID: fmt.Sprint(i)})
	}
	if diff := cmp.Diff([]int{2, 2, 1}, sizes(r.deliver())); diff != "" {
		t.Error(diff)
	}
}

func TestAFailingCallHoldsUpFewOthers(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "event:api.m")
	for i := range 10 {
		r.event("M", ingest.Event{UniqueID: fmt.Sprint("n", i)})
		r.status = []int{500, 500, 500, 500, 500, 500}
		r.deliver()
	}
	if n := strings.Count(r.log(), "waiting"); n != 4 {
		t.Errorf("%d calls wait: %s", n, r.log())
	}
	r.status, r.ahead = nil, time.Hour
	told := 0
	for _, c := range r.deliver() {
		told += len(c.Data)
	}
	if told != 10 {
		t.Errorf("told of %d events", told)
	}
}

func TestAWorkerTellsAtOnceAndFinishesWhatItHasBegun(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "event:api.m")
	w := &Worker{options: Options{Store: r.store, DatabaseURL: r.url, Deliveries: r.deliveries, Log: r.deliveries.Log}}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.deliver(ctx) }()
	for i := range 50 {
		r.event("M", ingest.Event{UniqueID: fmt.Sprint("n", i)})
	}
	for told := 0; told < 50; {
		r.mu.Lock()
		told = 0
		for _, c := range r.calls {
			told += len(c.Data)
		}
		r.mu.Unlock()
		select {
		case <-t.Context().Done():
			t.Fatal("not told in time")
		case <-time.After(10 * time.Millisecond):
		}
	}
	stop()
	<-stopped
	if strings.Contains(r.log(), "waiting") {
		t.Error(r.log())
	}
}
