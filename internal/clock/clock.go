// Package clock is the time that everything else is given. In production it is the machine's clock; in
// development waits may pass faster.
package clock

import "time"

// Clock tells the time and how fast waits pass.
type Clock struct {
	Now   func() time.Time
	Speed float64 // 1 in production; 3600 makes a wait of an hour last a second
}

// System is the machine's clock at the given speed.
func System(speed float64) Clock {
	return Clock{Now: func() time.Time { return time.Now().UTC() }, Speed: speed}
}

// In gives the time that a run sees which is ahead of the clock by so much. A run gets ahead only by waits
// that were sped up, so in production it is the clock's time. Postgres keeps microseconds, and so does this.
func (c Clock) In(ahead time.Duration) time.Time {
	return c.Now().Add(ahead).Truncate(time.Microsecond)
}

// Wake gives the moment, on the clock, at which a wait ends that is over at due in the time of a run that is
// ahead, and how far ahead the run will be then.
func (c Clock) Wake(ahead time.Duration, due time.Time) (wake time.Time, then time.Duration) {
	now := c.Now().Truncate(time.Microsecond)
	gap := due.Sub(now.Add(ahead))
	if gap <= 0 {
		return now, ahead
	}
	if c.Speed <= 1 {
		return now.Add(gap), ahead
	}
	lasts := time.Duration(float64(gap) / c.Speed).Truncate(time.Microsecond)
	return now.Add(lasts), ahead + gap - lasts
}
