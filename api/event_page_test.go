package api_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
)

// Whoever pages through events sees every event that was there at the beginning, once, in the order of time and id, however
// many come meanwhile and whatever their times.
func TestPagesOfEventsAreStableWhileEventsArrive(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 4))
		email := fmt.Sprintf("p%d@example.com", seed)
		var profileID string
		inserted := 0
		insert := func(n int) (ids []string) {
			var events []ingest.Event
			for range n {
				inserted++
				events = append(events, ingest.Event{Metric: "M", UniqueID: fmt.Sprint(inserted), Time: now.Add(-time.Duration(r.IntN(6)) * time.Second),
					Profile: ingest.Change{Attributes: map[string]*string{"email": &email}}})
			}
			results, err := s.ingester.Events(t.Context(), events)
			if err != nil {
				t.Fatal(err)
			}
			for _, result := range results {
				ids, profileID = append(ids, result.EventID), result.ProfileID
			}
			return ids
		}
		first := insert(1 + r.IntN(12))
		sort := []string{"datetime", "-datetime", "timestamp", "-timestamp"}[r.IntN(4)]
		path := fmt.Sprintf(`/api/events?filter=equals(profile_id,"%s")&sort=%s&page[size]=%d&fields[event]=datetime`, profileID, sort, 1+r.IntN(4))
		var seen, places []string
		for path != "" {
			doc := s.expect(200, "GET", path, "")
			for _, x := range doc["data"].([]any) {
				x := x.(map[string]any)
				seen = append(seen, x["id"].(string))
				places = append(places, x["attributes"].(map[string]any)["datetime"].(string)+" "+x["id"].(string))
			}
			next, _ := doc["links"].(map[string]any)["next"].(string)
			path = strings.TrimPrefix(next, "http://legato.test")
			if n := r.IntN(4); n > 0 && inserted < 60 {
				insert(n)
			}
		}
		ordered := slices.Clone(places)
		slices.Sort(ordered)
		if strings.HasPrefix(sort, "-") {
			slices.Reverse(ordered)
		}
		if !slices.Equal(places, ordered) || len(slices.Compact(ordered)) != len(places) {
			t.Errorf("seed %d, %s: not in order, or one twice: %v", seed, sort, places)
		}
		for _, id := range first {
			if !slices.Contains(seen, id) {
				t.Errorf("seed %d, %s: %s is missing in %v", seed, sort, id, seen)
			}
		}
	}
}
