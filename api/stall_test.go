package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/legato-flow/legato/api"
)

// TestWhilePostgresStallsMemoryIsBoundedAndNothingAcknowledgedIsLost sends large events, in waves, to an API whose Postgres
// is held up by a lock. It is not parallel: other tests' memory would count.
func TestWhilePostgresStallsMemoryIsBoundedAndNothingAcknowledgedIsLost(t *testing.T) {
	s := newServer(t)
	s.expect(202, "POST", "/api/events", event("Viewed", `{"email":"a@example.com"}`, `"unique_id":"first"`))
	var filler strings.Builder
	for i := range 10 {
		fmt.Fprintf(&filler, `"p%d":"%s",`, i, strings.Repeat("x", 100<<10))
	}
	send := func(id string) *httptest.ResponseRecorder {
		before := `{"data":{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"Viewed"}}},"unique_id":"` + id +
			`","profile":{"data":{"type":"profile","attributes":{"email":"a@example.com"}}},"properties":{`
		const after = `"end":1}}}}`
		r := httptest.NewRequest("POST", "/api/events", io.MultiReader(strings.NewReader(before), strings.NewReader(filler.String()), strings.NewReader(after)))
		r.ContentLength = int64(len(before) + filler.Len() + len(after))
		r.Header.Set("Authorization", "Klaviyo-API-Key pk_dev")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w
	}
	tx := s.store.DB.MustBegin()
	defer func() { _ = tx.Rollback() }()
	tx.MustExec("lock table event_key in access exclusive mode")
	idle := held()

	var mu sync.Mutex
	acknowledged, refused := map[string]bool{}, 0
	var senders sync.WaitGroup
	const waves, each = 3, 90 // of 1 MB
	const waiting = 82        // at most: 64 MiB, and two transactions of 8 MiB
	for wave := range waves {
		for i := range each {
			id := fmt.Sprintf("%d-%d", wave, i)
			senders.Go(func() {
				w := send(id)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case w.Code == http.StatusAccepted:
					acknowledged[id] = true
				case w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") != "":
					refused++
				default:
					t.Errorf("%s: %d %s", id, w.Code, w.Body)
				}
			})
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			mu.Lock()
			answered := refused
			mu.Unlock()
			if answered >= (wave+1)*each-waiting {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("wave %d: only %d were refused", wave, answered)
			}
		}
		// Each event that waits is held once as it came and once, in a transaction, as it is sent to Postgres.
		if more := held() - idle; more > 200<<20 {
			t.Errorf("wave %d: %d MB more are held than before", wave, more>>20)
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	senders.Wait()
	// Those that waited may have run out of time by now. Postgres works again, so this one does not.
	if w := send("after"); w.Code == http.StatusAccepted {
		acknowledged["after"] = true
	} else {
		t.Errorf("after the stall: %d %s", w.Code, w.Body)
	}
	var stored []string
	if err := s.store.DB.Select(&stored, "select unique_id from event"); err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, id := range stored {
		if times[id]++; times[id] > 1 {
			t.Errorf("event %s is stored %d times", id, times[id])
		}
	}
	for id := range acknowledged {
		if times[id] == 0 {
			t.Errorf("event %s was acknowledged and is not stored", id)
		}
	}
}

// held gives the bytes that are in use.
func held() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// While as many requests are under way as may be, more are sent away before they take up anything.
func TestMoreRequestsThanMayBeUnderWayAreSentAway(t *testing.T) {
	t.Parallel()
	const most = 5
	s := newServer(t, func(o *api.Options) { o.Requests = most })
	tx := s.store.DB.MustBegin()
	defer func() { _ = tx.Rollback() }()
	tx.MustExec("lock table event in access exclusive mode")
	var waiting sync.WaitGroup
	for range most {
		waiting.Go(func() {
			if w := s.do(request{method: "GET", path: "/api/events"}); w.Code != http.StatusOK {
				t.Errorf("one that waited: %d %s", w.Code, w.Body)
			}
		})
	}
	for blocked := 0; blocked < most; time.Sleep(5 * time.Millisecond) {
		blocked = s.count("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
	}
	s.run(t, map[string]exchange{
		"one more": {request: request{method: "GET", path: "/api/profiles"}, status: 503, headers: map[string]string{"Retry-After": "1"}, has: []string{`"status":503`}},
		"a probe":  {request: request{method: "GET", path: "/healthz"}, status: 200},
	})
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	s.expect(200, "GET", "/api/profiles", "")
}
