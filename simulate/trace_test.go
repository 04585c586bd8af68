package simulate_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/simulate"
)

// noon is when the tests of this package begin.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const letter = "---\nsubject: \"Hello {{ person.first_name }}\"\n---\n<p>Hello</p>\n"

// written reads one flow with the template letter.
func written(t *testing.T, yaml string) (*flow.Definitions, *flow.Flow) {
	t.Helper()
	d, problems := flow.Load(fstest.MapFS{"flows/f.yaml": {Data: []byte(yaml)}, "templates/letter.liquid": {Data: []byte(letter)}}, "x")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return d, d.Flows[0]
}

const bigCart = `
flow: big-cart
status: draft
trigger: {metric: Added to Cart, filter: event.value >= 20}
filter: not did("Placed Order", since_start) and person.vip == true
reentry: 7d
steps:
  - wait: 1h
  - email: letter
`

func trace(t *testing.T, yaml string, p *simulate.Person, happens ...simulate.Happening) string {
	t.Helper()
	d, f := written(t, yaml)
	s, err := simulate.New(t.Context(), scratch(t, testkit.DatabaseURL(t)), noon, simulate.Options{Definitions: d, Flow: f})
	if err != nil {
		t.Fatal(err)
	}
	line, err := s.Trace(t.Context(), simulate.Input{Person: p, Happens: happens})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	line.Print(&out)
	return out.String()
}

func ada(vip bool) *simulate.Person {
	return &simulate.Person{Attributes: map[string]string{"email": "ada@example.com", "first_name": "Ada"},
		Location: map[string]any{"timezone": "America/New_York"}, Properties: map[string]any{"vip": vip}}
}

func cart(value string, after time.Duration) simulate.Happening {
	return simulate.Happening{At: noon.Add(after), Event: &simulate.Event{Metric: "Added to Cart", Value: value}}
}

func TestATimelineTellsEveryDecisionWithItsTime(t *testing.T) {
	t.Parallel()
	got := trace(t, bigCart, ada(true), cart("30", 0), cart("30", 24*time.Hour))
	for _, want := range []string{
		"0m  Mon 2026-03-02 07:00:00 EST  → Added to Cart, value 30\n",
		"0m  Mon 2026-03-02 07:00:00 EST  ▸ enters\n",
		"wait-1: until Mon 2026-03-02 08:00:00 EST\n",
		"1h  Mon 2026-03-02 08:00:00 EST    email-letter: sent\n",
		"✉ email to ada@example.com: Hello Ada\n",
		"1d  Tue 2026-03-03 07:00:00 EST  ✗ is not let in: reentry\n",
		"the person enters once: refused: reentry\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestATimelineShowsTheClausesThatKeptSomebodyOut(t *testing.T) {
	t.Parallel()
	got := trace(t, bigCart, ada(false), cart("30", 0), cart("5", time.Hour))
	for _, want := range []string{
		"✗ is not let in: profile_filter\n", "✗ person.vip == true   with person.vip = false\n",
		`✓ not did("Placed Order", since_start)`,
		"✗ is not let in: trigger_filter\n", "✗ event.value >= 20   with event.value = 5\n",
		"the person does not enter: refused: trigger_filter\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestNothingHappensToWhomNothingConcerns(t *testing.T) {
	t.Parallel()
	if got := trace(t, bigCart, ada(true)); !strings.Contains(got, "nothing happens\n") || !strings.Contains(got, "the person does not enter\n") {
		t.Error(got)
	}
}

func TestASimulationDoesNotGoOnForEver(t *testing.T) {
	t.Parallel()
	d, f := written(t, bigCart)
	s, err := simulate.New(t.Context(), scratch(t, testkit.DatabaseURL(t)), noon, simulate.Options{Definitions: d, Flow: f})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context(), noon.AddDate(3, 0, 0)); err == nil || !strings.Contains(err.Error(), "at most 800 days") {
		t.Error(err)
	}
}
