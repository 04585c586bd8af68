package simulate_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/simulate"
)

// explained simulates and then explains, at the moment until.
func explained(t *testing.T, yaml string, p *simulate.Person, until time.Duration, person string, happens ...simulate.Happening) string {
	t.Helper()
	d, f := written(t, yaml)
	room := scratch(t, testkit.DatabaseURL(t))
	s, err := simulate.New(t.Context(), room, noon, simulate.Options{Definitions: d, Flow: f})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Trace(t.Context(), simulate.Input{Person: p, Happens: happens, Until: noon.Add(until)}); err != nil {
		t.Fatal(err)
	}
	e, err := simulate.Explain(t.Context(), room.Store, f.ID, person, noon.Add(until))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	e.Print(&out)
	return out.String()
}

func has(t *testing.T, got string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestExplainSaysWhereSomebodyWaitsAndWhatWouldBeChecked(t *testing.T) {
	t.Parallel()
	got := explained(t, bigCart, ada(true), 30*time.Minute, "ADA@example.com", cart("30", 0),
		simulate.Happening{At: noon.Add(20 * time.Minute), Event: &simulate.Event{Metric: "Placed Order"}})
	has(t, got, "flow big-cart (live) and Ada ada@example.com", "Mon 2026-03-02 07:00:00 EST  entered\n",
		"by the event Added to Cart of 2026-03-02 07:00:00 EST, on the current version: active\n",
		"wait-1: done\n", "next is email-letter, due Mon 2026-03-02 08:00:00 EST\n",
		"would check profile filter\n", `✗ not did("Placed Order", since_start)   with did("Placed Order", since_start) = true`,
		"✓ person.vip == true   with person.vip = true", "would check email: can be reached\n",
		"✓ event.value >= 20   with event.value = 30\n")
}

func TestExplainSaysWhatBecameOfEachStep(t *testing.T) {
	t.Parallel()
	p := ada(true)
	p.Suppressed = []string{"email"}
	got := explained(t, bigCart, p, 3*time.Hour, "ada@example.com", cart("30", 0))
	has(t, got, "email-letter: skipped: Person Suppressed\n", "on the current version: done\n")
}

func TestExplainSaysWhySomebodyWasNotLetIn(t *testing.T) {
	t.Parallel()
	got := explained(t, bigCart, ada(false), time.Hour, "ada@example.com", cart("30", 0), cart("5", 10*time.Minute))
	has(t, got, "refused: profile_filter\n", "refused: trigger_filter\n", "was not let in\n",
		"✗ person.vip == true   with person.vip = false\n", "✗ event.value >= 20   with event.value = 5\n", "has never entered\n")
}

func TestExplainSaysWhatWasSeenInstead(t *testing.T) {
	t.Parallel()
	got := explained(t, bigCart, ada(true), time.Hour, "ada@example.com",
		simulate.Happening{At: noon, Event: &simulate.Event{Metric: "Viewed Product"}})
	has(t, got, "metric Added to Cart: no such event of this person has been seen\n", "Viewed Product, 1 times", "has never entered\n")
}

func TestExplainKnowsWhenItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	if _, err := simulate.Explain(t.Context(), s, "nowhere", "ada@example.com", noon); err == nil || !strings.Contains(err.Error(), `the database has no flow "nowhere"`) {
		t.Error(err)
	}
	d, f := written(t, bigCart)
	room := scratch(t, testkit.DatabaseURL(t))
	one, err := simulate.New(t.Context(), room, noon, simulate.Options{Definitions: d, Flow: f})
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := simulate.Explain(t.Context(), room.Store, "big-cart", "nobody@example.com", noon); err == nil || !strings.Contains(err.Error(), "nobody has the id, email") {
		t.Error(err)
	}
}
