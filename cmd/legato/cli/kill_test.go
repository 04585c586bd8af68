package cli

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// TestAnAPIThatIsKilledUnderLoadLosesNothingItAcknowledged kills the API again and again while events come in, alone and
// many in a request.
func TestAnAPIThatIsKilledUnderLoadLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	k := newKillable(t, "LEGATO_LISTEN", "LEGATO_API_KEY=pk_dev")
	address, s := k.address, k.store

	var mu sync.Mutex
	acknowledged, bulks := map[string]bool{}, 0
	tally := func() (events, requests int) {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged), bulks
	}
	stop := make(chan struct{})
	var senders sync.WaitGroup
	for sender := range 16 {
		senders.Go(func() {
			for i := 0; ; {
				select {
				case <-stop:
					return
				default:
				}
				ids, post := []string{fmt.Sprintf("%d-%d", sender, i)}, postOne
				if sender%4 == 0 {
					for n := range 50 {
						ids = append(ids, fmt.Sprintf("%s-%d", ids[0], n))
					}
					post = postBulk
				}
				if post(address, ids...) {
					mu.Lock()
					for _, id := range ids {
						acknowledged[id] = true
					}
					if len(ids) > 1 {
						bulks++
					}
					mu.Unlock()
					i++
					continue
				}
				time.Sleep(10 * time.Millisecond) // and the same event again, as a sender would
			}
		})
	}
	for range 3 {
		process := k.start(t, "api")
		eventsBefore, bulksBefore := tally()
		enough := func() bool {
			events, bulks := tally()
			return events >= eventsBefore+100 && bulks >= bulksBefore+4
		}
		for end := time.Now().Add(30 * time.Second); !enough() && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
		_ = process.Process.Kill()
		_ = process.Wait()
		if !enough() {
			events, bulks := tally()
			t.Errorf("only %d events were acknowledged, and %d requests with many", events-eventsBefore, bulks-bulksBefore)
		}
	}
	close(stop)
	senders.Wait()
	var stored []string
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) { // Postgres may be ending what the killed one began
		if err := s.DB.Select(&stored, "select unique_id from event"); err != nil {
			t.Fatal(err)
		}
		if len(stored) >= len(acknowledged) || time.Now().After(end) {
			break
		}
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

// killable is what processes of a test have in common, of which several run one after the other.
type killable struct {
	path, address string
	environ       []string
	store         *store.Store
}

// newKillable makes a database for them, and an address that they listen at, given in a variable.
func newKillable(t *testing.T, listen string, environ ...string) killable {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	url := testkit.DatabaseURL(t)
	s, err := store.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	return killable{path: path, address: address, store: s, environ: slices.Concat(os.Environ(), environ,
		[]string{"DATABASE_URL=" + url, "TEMPORAL_ADDRESS=" + testkit.Temporal(t), "LEGATO_MODE=dev", listen + "=" + address})}
}

func (k *killable) start(t *testing.T, command string) *exec.Cmd {
	t.Helper()
	process := exec.Command(k.path, command)
	process.Env, process.Stderr = k.environ, t.Output()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	return process
}

// postOne sends an event and says whether it was acknowledged.
func postOne(address string, ids ...string) bool {
	return accepted(address, "events", `{"data":`+eventOf(ids[0], `,"profile":{"data":`+personOf(ids[0])+`}`)+`}`)
}

// postBulk sends events of two people in a request and says whether it was acknowledged.
func postBulk(address string, ids ...string) bool {
	var groups []string
	for half := range slices.Chunk(ids, (len(ids)+1)/2) {
		var events []string
		for _, id := range half {
			events = append(events, eventOf(id, ""))
		}
		groups = append(groups, `{"type":"event-bulk-create","attributes":{"profile":{"data":`+personOf(half[0])+`},"events":{"data":[`+strings.Join(events, ",")+`]}}}`)
	}
	return accepted(address, "event-bulk-create-jobs", `{"data":{"type":"event-bulk-create-job","attributes":{"events-bulk-create":{"data":[`+strings.Join(groups, ",")+`]}}}}`)
}

func eventOf(id, profile string) string {
	return fmt.Sprintf(`{"type":"event","attributes":{"unique_id":%q,"properties":{},"metric":{"data":{"type":"metric","attributes":{"name":"Viewed"}}}%s}}`, id, profile)
}

func personOf(id string) string {
	return fmt.Sprintf(`{"type":"profile","attributes":{"email":"p%d@example.com"}}`, len(id)%5)
}

// accepted posts a body and says whether the answer was 202.
func accepted(address, path, body string) bool {
	request, err := http.NewRequest(http.MethodPost, "http://"+address+"/api/"+path, strings.NewReader(body))
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Klaviyo-API-Key pk_dev")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("revision", "2026-07-15")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusAccepted
}
