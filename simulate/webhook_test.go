package simulate_test

import (
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/simulate"
)

func TestCallsAreRecordedAndNotMade(t *testing.T) {
	t.Parallel()
	d, _ := written(t, "flow: two\ntrigger: {metric: Added to Cart}\nsteps: [{webhook: {url: 'http://127.0.0.1:1/nobody', body: '{\"n\": {{ event.n }}}'}, id: call}, {email: letter}]\n")
	tests, problems := simulate.ReadFile("two_test.yaml", []byte(
		"flow: two\ntests: [{name: a, given: {email: a@example.com}, at: 2026-03-02T20:00:00Z, events: [{metric: Added to Cart, properties: {n: 3}}], "+
			"expect: {messages: [{step: call, to: 'http://127.0.0.1:1/nobody'}, {at: 0m}]}}]\n"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	verdicts, err := tests.Test(t.Context(), scratch(t, testkit.DatabaseURL(t)), simulate.Options{Definitions: d, Settings: standard}, nil)
	if err != nil || len(verdicts) != 1 {
		t.Fatalf("%d verdicts, %v", len(verdicts), err)
	}
	for _, failure := range verdicts[0].Failures {
		t.Error(failure)
	}
}
