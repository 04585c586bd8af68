package simulate_test

import (
	"testing"
	"time"

	"github.com/legato-flow/legato/simulate"
)

const watching = `
flow: watching
trigger: {metric: Added to Cart}
exit_on: {metric: Unsubscribed}
steps:
  - wait_for: {metric: Placed Order, filter: event.value > 10, timeout: 2d}
    then:
      - update_profile: {set: {bought: true}}
    else:
      - email: letter
`

func event(metric, value string, after time.Duration) simulate.Happening {
	return simulate.Happening{At: noon.Add(after), Event: &simulate.Event{Metric: metric, Value: value}}
}

func TestWhatSomebodyWaitsForEndsTheWait(t *testing.T) {
	t.Parallel()
	got := trace(t, watching, ada(true), cart("30", 0), event("Placed Order", "5", time.Hour), event("Placed Order", "50", 3*time.Hour))
	has(t, got, "3h  Mon 2026-03-02 10:00:00 EST    update_profile-1: done\n", "the person enters once: done\n")
}

func TestAWaitForSomethingThatDoesNotHappenEnds(t *testing.T) {
	t.Parallel()
	got := trace(t, watching, ada(true), cart("30", 0))
	has(t, got, "2d  Wed 2026-03-04 07:00:00 EST    email-letter: sent\n")
}

func TestSomebodyLeavesInTheMiddleOfAWait(t *testing.T) {
	t.Parallel()
	got := trace(t, watching, ada(true), cart("30", 0), event("Unsubscribed", "", 90*time.Minute))
	has(t, got, "1h30m  Mon 2026-03-02 08:30:00 EST  ■ exited")
}

func TestADateThatTheFlowItselfWritesIsPlanned(t *testing.T) {
	t.Parallel()
	p := ada(true)
	got := trace(t, `
flow: dated
triggers: [{metric: Added to Cart}, {date: person.due, at: "09:00", repeat: once}]
reentry: always
steps:
  - email: letter
  - wait: 1d
  - update_profile: {set: {due: "2026-03-20"}}
`, p, cart("30", 0))
	has(t, got, "Fri 2026-03-20 09:00:00 EDT  ▸ enters, as the date says\n", "the person enters 2 times")
}
