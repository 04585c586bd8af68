package api

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/testkit"
)

func TestARequestIsLetThroughWhileEveryWindowHasRoom(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	l := NewLimiter(func() time.Time { return now })
	for i, step := range []struct {
		after     time.Duration
		key       string
		allowed   bool
		remaining int
		reset     int
		retry     int // seconds
	}{
		{key: "a", allowed: true, remaining: 3, reset: 60},
		{key: "a", allowed: true, remaining: 2, reset: 60},
		{key: "a", remaining: 2, reset: 60, retry: 1},
		{key: "b", allowed: true, remaining: 3, reset: 60}, // another key has its own
		{after: 999 * time.Millisecond, key: "a", remaining: 2, reset: 60, retry: 1},
		{after: time.Millisecond, key: "a", allowed: true, remaining: 1, reset: 59},
		{key: "a", allowed: true, remaining: 0, reset: 59},
		{after: 2 * time.Second, key: "a", remaining: 0, reset: 57, retry: 57},
		{after: 57 * time.Second, key: "a", allowed: true, remaining: 3, reset: 60},
		{after: time.Hour, key: "a", allowed: true, remaining: 3, reset: 60},
		{key: "a", allowed: true, remaining: 2, reset: 60}, // the day's seventh and last
		{after: time.Hour, key: "a", remaining: 4, reset: 60, retry: 86400 - 7260},
		{after: 24 * time.Hour, key: "a", allowed: true, remaining: 3, reset: 60},
		{after: -48 * time.Hour, key: "a", allowed: true, remaining: 3, reset: 60}, // a clock set back locks nobody out
	} {
		now = now.Add(step.after)
		v := l.take(counted{step.key, "r"}, limit{2, 4, 7})
		if v.allowed != step.allowed || v.limit != 4 || v.remaining != step.remaining || seconds(v.reset) != step.reset || !v.allowed && seconds(v.retry) != step.retry {
			t.Errorf("step %d: %+v, want %+v", i, v, step)
		}
	}
}

func TestTheLimitersMemoryIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	l := NewLimiter(func() time.Time { return now })
	l.take(counted{"day", "POST /api/lists"}, limitOf("POST /api/lists"))
	fill := func() {
		for i := range maxCounters {
			l.take(counted{fmt.Sprint(i, now), "GET /api/lists"}, large)
		}
	}
	fill()
	now = now.Add(2 * time.Minute)
	fill()
	if n := len(l.counters); n > maxCounters {
		t.Fatalf("%d counters", n)
	}
	l.sweep(now.Add(2 * time.Minute))
	if n := len(l.counters); n > 1 {
		t.Errorf("%d counters after all minutes have passed", n)
	}
}

// TestRoutesHaveTheScopesAndLimitsOfTheSpecification holds every route against the specification, if it is at hand.
func TestRoutesHaveTheScopesAndLimitsOfTheSpecification(t *testing.T) {
	t.Parallel()
	root, err := testkit.Root()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "..", "shared", "klaviyo-openapi", "stable.json"))
	if os.IsNotExist(err) {
		t.Skip("the specification is not beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Paths map[string]map[string]struct {
			Limit  map[string]string `json:"x-klaviyo-ratelimit"`
			Scopes []string          `json:"x-klaviyo-scopes"`
		}
	}
	if err := json.Unmarshal(data, &spec); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	wanted := map[string]struct {
		limit  map[string]string
		scopes []string
	}{}
	for path, methods := range spec.Paths {
		for method, o := range methods {
			wanted[strings.ToUpper(method)+" "+placeholder.ReplaceAllString(path, "{id}")] = struct {
				limit  map[string]string
				scopes []string
			}{o.Limit, slices.Sorted(slices.Values(o.Scopes))}
			for _, s := range o.Scopes {
				known[s] = true
			}
		}
	}
	if len(known) != len(scopes) || !slices.IsSorted(scopes) {
		t.Errorf("the specification has %d scopes, not %d", len(known), len(scopes))
	}
	for _, s := range scopes {
		if !known[s] {
			t.Errorf("the specification has no scope %s", s)
		}
	}
	number := func(s string) (n int) {
		_, _ = fmt.Sscanf(s, "%d/", &n)
		return n
	}
	found := 0
	a := &api{}
	for _, route := range a.routes() {
		want, ok := wanted[placeholder.ReplaceAllString(route.pattern, "{id}")]
		if !ok {
			continue
		}
		found++
		if got := slices.Sorted(strings.FieldsSeq(string(route.scope))); !strings.Contains(route.pattern, " /client/") && !slices.Equal(got, want.scopes) {
			t.Errorf("%s has the scopes %q in routes.go; the specification wants %q", route.pattern, got, want.scopes)
		}
		if got, want := limitOf(route.pattern), (limit{number(want.limit["burst"]), number(want.limit["steady"]), number(want.limit["daily"])}); got != want {
			t.Errorf("%s allows %s in limit.go; the specification wants %s", route.pattern, got, want)
		}
	}
	if found < 30 {
		t.Errorf("only %d routes were found in the specification", found)
	}
}

func TestWhatIsDearerToAnswerHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, target string
		want            limit
	}{
		{"GET /api/profiles/{id}", "/api/profiles/x?include=lists", extraSmall},
		{"GET /api/profiles/{id}", "/api/profiles/x?include=push-tokens,segments", extraSmall},
		{"GET /api/profiles/{id}", "/api/profiles/x?include=push-tokens&fields[list]=name", large},
		{"GET /api/lists/{id}", "/api/lists/x?additional-fields%5Blist%5D=profile_count", extraSmall},
		{"GET /api/lists/{id}", "/api/lists/x", large},
	} {
		if got := limitOf(counterOf(test.pattern, httptest.NewRequest("GET", test.target, nil))); got != test.want {
			t.Errorf("%s allows %s, not %s", test.target, got, test.want)
		}
	}
}

func TestManyProfilesWithTheirOrdersHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]limit{
		"/api/profiles": large,
		"/api/profiles?additional-fields[profile]=subscriptions":                            large,
		"/api/profiles?fields[profile]=predictive_analytics":                                large,
		"/api/profiles?additional-fields%5Bprofile%5D=subscriptions,predictive%5Fanalytics": medium,
		"/api/profiles?additional-fields%5Bprofile%5D=subscriptions%2Cpredictive_analytics": medium,
		"/api/profiles?page[size]=100&additional-fields[profile]=predictive_analytics":      medium,
	} {
		if got := limitOf(counterOf("GET /api/profiles", httptest.NewRequest("GET", target, nil))); got != want {
			t.Errorf("%s allows %s, not %s", target, got, want)
		}
	}
	one := httptest.NewRequest("GET", "/api/profiles/x?additional-fields[profile]=predictive_analytics", nil)
	if got := limitOf(counterOf("GET /api/profiles/{id}", one)); got != large {
		t.Errorf("one profile allows %s", got)
	}
}

func TestWhatCanBeIncludedHasAScope(t *testing.T) {
	t.Parallel()
	for _, d := range []*description{eventDescription, profileDescription, metricDescription, listDescription, listDetail, flowDescription, flowDetail,
		webhookDescription, actionDescription, actionDetail, messageDescription, messageDetail} {
		for _, name := range d.includes {
			if !slices.Contains(scopes, string(includeScope(name))) {
				t.Errorf("including %s of a %s needs %s, which is no scope", name, d.name, includeScope(name))
			}
		}
	}
}
