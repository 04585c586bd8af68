package activities_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// hand is a clock that a test turns.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) turn(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// feedKit is a store with feeds, and a web server that a test can change.
type feedKit struct {
	*activities.Feeds
	clock  *hand
	asked  atomic.Int32
	answer atomic.Value // func(http.ResponseWriter, *http.Request)
}

func feeds(t *testing.T) *feedKit {
	t.Helper()
	k := &feedKit{clock: &hand{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.asked.Add(1)
		k.answer.Load().(func(http.ResponseWriter, *http.Request))(w, r)
	}))
	t.Cleanup(server.Close)
	k.answer.Store(respond(`{"items": [{"title": "One"}]}`))
	s := testkit.Store(t)
	err := s.Tx(t.Context(), func(tx *sqlx.Tx) error {
		for _, f := range []store.Feed{
			{ID: "journal", Kind: store.WebFeed, Definition: store.FeedDefinition{URL: server.URL + "/journal.json", Format: "json"}},
			{ID: "recommended", Kind: store.ProductFeed, Definition: store.FeedDefinition{Order: store.Newest, Limit: 3}},
			{ID: "everything", Kind: store.ProductFeed, Definition: store.FeedDefinition{Order: store.Newest, Limit: 10, Exclude: []string{}}},
			{ID: "strange", Kind: "carrier pigeon"},
			{ID: "xml", Kind: store.WebFeed, Definition: store.FeedDefinition{URL: server.URL, Format: "xml"}},
		} {
			if err := s.ApplyFeed(t.Context(), tx, f); err != nil {
				return err
			}
		}
		var items []store.Item
		for i := range 4 {
			price := float64(10 * i)
			item := store.Item{ID: fmt.Sprintf("i%d", i), Title: fmt.Sprintf("Item %d", i), URL: "https://x.example", Image: "x.png", Published: true, Price: &price}
			if i == 0 {
				item.Price = nil
			}
			if i == 1 {
				item.Variants = []store.Variant{{ID: "v", Title: "v", InventoryPolicy: store.HideOutOfStock, Published: true}}
			}
			items = append(items, item)
		}
		return s.UpsertItems(t.Context(), tx, items, k.clock.now)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec("update catalog_item set created_at = $1::timestamptz + substr(id, 2)::int * interval '1 day'", k.clock.now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec("insert into purchase (profile_id, item_id, quantity, last_at) values ('ann', 'i3', 1, $1)", k.clock.now); err != nil {
		t.Fatal(err)
	}
	k.Feeds = &activities.Feeds{Store: s, Clock: k.clock.Now}
	return k
}

func respond(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

func fail(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "broken", http.StatusInternalServerError)
}

// journal gives the title of the first article, or the error.
func (k *feedKit) journal(t *testing.T) string {
	t.Helper()
	values, err := k.Resolve(t.Context(), []string{"journal"}, []activities.FeedSubject{{Profile: "ann"}})
	if err != nil {
		return err.Error()
	}
	return values[0]["journal"].(map[string]any)["items"].([]any)[0].(map[string]any)["title"].(string)
}

func TestFeedsAreResolvedForEachPersonOfABatch(t *testing.T) {
	t.Parallel()
	k := feeds(t)
	values, err := k.Resolve(t.Context(), []string{"journal", "recommended", "everything"},
		[]activities.FeedSubject{{Profile: "ann", EventItems: []string{"i2"}}, {Profile: "bob"}, {Profile: "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	item := func(i int) any {
		m := map[string]any{"id": fmt.Sprintf("i%d", i), "title": fmt.Sprintf("Item %d", i), "description": "", "url": "https://x.example", "image": "x.png", "currency": "USD"}
		if i > 0 {
			m["price"] = float64(10 * i)
		}
		return m
	}
	everything := []any{item(3), item(2), item(1), item(0)}
	journal := map[string]any{"items": []any{map[string]any{"title": "One"}}}
	bob := map[string]any{"journal": journal, "recommended": []any{item(3), item(2), item(0)}, "everything": everything}
	want := []map[string]any{{"journal": journal, "recommended": []any{item(0)}, "everything": everything}, bob, bob}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Error(diff)
	}
	if n := k.asked.Load(); n != 1 {
		t.Errorf("the web feed was asked %d times", n)
	}
}

func TestAFeedThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	k := feeds(t)
	for name, want := range map[string]string{
		"nothing": "there is no feed nothing", "strange": `unknown kind "carrier pigeon"`, "xml": `the format "xml" is not available yet`,
	} {
		_, err := k.Resolve(t.Context(), []string{name}, []activities.FeedSubject{{Profile: "ann"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if values, err := k.Resolve(t.Context(), []string{"nothing"}, nil); err != nil || len(values) != 0 {
		t.Errorf("for nobody: %v %v", values, err)
	}
}

func TestAWebFeedIsAskedEveryQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	k := feeds(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if got := k.journal(t); got != "One" {
				t.Error(got)
			}
		})
	}
	group.Wait()
	k.answer.Store(respond(`{"items": [{"title": "Two"}]}`))
	k.clock.turn(14 * time.Minute)
	if got := k.journal(t); got != "One" || k.asked.Load() != 1 {
		t.Errorf("%s after asking %d times", got, k.asked.Load())
	}
	k.clock.turn(time.Minute)
	if got := k.journal(t); got != "Two" || k.asked.Load() != 2 {
		t.Errorf("%s after asking %d times", got, k.asked.Load())
	}
}

func TestAStaleCopyServesForThreeHours(t *testing.T) {
	t.Parallel()
	k := feeds(t)
	if got := k.journal(t); got != "One" {
		t.Fatal(got)
	}
	k.answer.Store(fail)
	k.clock.turn(2*time.Hour + 59*time.Minute)
	if got := k.journal(t); got != "One" {
		t.Error(got)
	}
	if k.journal(t); k.asked.Load() != 2 {
		t.Errorf("asked %d times: a URL that fails gets a pause", k.asked.Load())
	}
	k.clock.turn(time.Minute)
	if got := k.journal(t); !strings.Contains(got, "500 Internal Server Error") || !strings.HasPrefix(got, "feed journal: reading http://127.0.0.1") {
		t.Error(got)
	}
	k.answer.Store(respond(`{"items": [{"title": "Back"}]}`))
	k.clock.turn(time.Minute)
	if got := k.journal(t); got != "Back" {
		t.Error(got)
	}
}

func TestAnswersThatAreNoFeedAreErrors(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(respond(`{}`)))
	t.Cleanup(other.Close)
	redirect := func(to string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	for want, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"more than 3300000 bytes":      respond(`{"a": "` + strings.Repeat("x", 3_300_000) + `"}`),
		"is not a JSON object":         respond(`[1]`),
		"unexpected end of JSON input": respond(`{"a"`),
		"not a JSON object":            respond(`null`),
		"the answer is 500":            fail,
		"redirects to another host":    redirect(other.URL),
		"redirects more than 3 times":  redirect("/again"),
		"the answer is 204":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"unexpected EOF": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("{"))
		},
		"invalid character 'x' looking for b": respond("x"),
	} {
		k := feeds(t)
		k.answer.Store(answer)
		if got := k.journal(t); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestARedirectWithinTheHostIsFollowed(t *testing.T) {
	t.Parallel()
	k := feeds(t)
	k.answer.Store(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/journal.json" {
			http.Redirect(w, r, "/there.json", http.StatusFound)
			return
		}
		respond(`{"items": [{"title": "There"}]}`)(w, r)
	})
	if got := k.journal(t); got != "There" {
		t.Error(got)
	}
}

func TestACallerThatGivesUpDoesNotCountAsAFailure(t *testing.T) {
	t.Parallel()
	k := feeds(t)
	entered, release := make(chan struct{}), make(chan struct{})
	k.answer.Store(func(http.ResponseWriter, *http.Request) { close(entered); <-release })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	if _, err := k.Resolve(ctx, []string{"journal"}, []activities.FeedSubject{{Profile: "ann"}}); err == nil {
		t.Error("no error")
	}
	close(release)
	k.answer.Store(respond(`{"items": [{"title": "One"}]}`))
	if got := k.journal(t); got != "One" {
		t.Error(got)
	}
}
