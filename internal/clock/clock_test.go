package clock

import (
	"testing"
	"time"
)

func TestAWaitEndsWhenItIsDueInTheRunsOwnTime(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	for _, test := range []struct {
		name  string
		speed float64
		ahead time.Duration
		due   time.Duration // from now
		lasts time.Duration
	}{
		{"the real clock", 1, 0, time.Hour, time.Hour},
		{"an hour a second", 3600, 0, time.Hour, time.Second},
		{"already ahead", 3600, 2 * time.Hour, 3 * time.Hour, time.Second},
		{"over already", 3600, 2 * time.Hour, time.Hour, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			at := now
			c := Clock{Now: func() time.Time { return at }, Speed: test.speed}
			due := now.Truncate(time.Microsecond).Add(test.due)
			wake, ahead := c.Wake(test.ahead, due)
			if got := wake.Sub(now.Truncate(time.Microsecond)); got != test.lasts {
				t.Errorf("lasts %v, want %v", got, test.lasts)
			}
			at = wake
			if seen := c.In(ahead); seen.Before(due) {
				t.Errorf("woken at %v of its own time, before %v", seen, due)
			}
		})
	}
}
