package api

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limiter counts how often each key calls each operation, in fixed windows of a second, a minute and, for some, a day.
// It counts in memory: every process counts for itself, and a new process from nothing.
type Limiter struct {
	now func() time.Time

	mu       sync.Mutex
	counters map[counted]*counter
}

// counted is what there is a counter for.
type counted struct{ key, route string }

// counter has the windows of limit.bounds.
type counter [3]window

type window struct {
	began time.Time
	count int
}

var windowLengths = [3]time.Duration{time.Second, time.Minute, 24 * time.Hour}

// steady is the window that the headers tell of.
const steady = 1

// maxCounters bounds the memory to some 10 MB. Beyond it, those that have run out are forgotten, or else all.
const maxCounters = 50_000

// NewLimiter makes one that takes the time from now, which must be real: with a clock that runs ahead it lets more through.
func NewLimiter(now func() time.Time) *Limiter {
	return &Limiter{now: now, counters: map[counted]*counter{}}
}

// verdict is what a Limiter says of a request.
type verdict struct {
	allowed   bool
	limit     int // of the steady window
	remaining int
	reset     time.Duration // until the steady window ends
	retry     time.Duration // until the request would be allowed, if it is not
}

// take counts a request, if it is allowed. One that is not counts nowhere.
func (l *Limiter) take(what counted, bounds limit) verdict {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counters[what]
	if c == nil {
		if len(l.counters) >= maxCounters {
			l.sweep(now)
		}
		c = &counter{}
		l.counters[what] = c
	}
	v := verdict{allowed: true, limit: bounds[steady]}
	for i := range c {
		w := &c[i]
		if w.over(now, i) {
			*w = window{began: now}
		}
		if bounds[i] > 0 && w.count >= bounds[i] {
			v.allowed = false
			v.retry = max(v.retry, w.began.Add(windowLengths[i]).Sub(now))
		}
	}
	if v.allowed {
		for i := range c {
			c[i].count++
		}
	}
	v.remaining = max(0, bounds[steady]-c[steady].count)
	v.reset = c[steady].began.Add(windowLengths[steady]).Sub(now)
	return v
}

// over says whether the window has ended, or lies ahead because the clock was set back.
func (w *window) over(now time.Time, i int) bool {
	return !now.Before(w.began.Add(windowLengths[i])) || now.Before(w.began)
}

func (l *Limiter) sweep(now time.Time) {
	for what, c := range l.counters {
		bounds := limitOf(what.route)
		if c[steady].over(now, steady) && (bounds[2] == 0 || c[2].over(now, 2)) {
			delete(l.counters, what)
		}
	}
	if len(l.counters) >= maxCounters {
		clear(l.counters)
	}
}

// throttle counts the request of a key and writes what it may still do. Its error is the answer to one too many.
func (a *api) throttle(w http.ResponseWriter, key, route string) error {
	return a.limiter.throttle(w, "The private key", key, route)
}

// throttle counts a request of caller, whom who names in the answer. A nil Limiter lets everything through.
func (l *Limiter) throttle(w http.ResponseWriter, who, caller, route string) error {
	if l == nil {
		return nil
	}
	v := l.take(counted{caller, route}, limitOf(route))
	if v.allowed {
		h := w.Header()
		h.Set("RateLimit-Limit", strconv.Itoa(v.limit))
		h.Set("RateLimit-Remaining", strconv.Itoa(v.remaining))
		h.Set("RateLimit-Reset", strconv.Itoa(seconds(v.reset)))
		return nil
	}
	wait := seconds(v.retry)
	w.Header().Set("Retry-After", strconv.Itoa(wait))
	unit := "seconds"
	if wait == 1 {
		unit = "second"
	}
	return newProblem(http.StatusTooManyRequests, "%s has called this operation too often (%s). Try it again in %d %s.", who, limitOf(route), wait, unit)
}

// seconds rounds up, as a sender that comes back must not be too early.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// String tells the bounds as the public API's reference does.
func (l limit) String() string {
	s := fmt.Sprintf("at most %d/s and %d/m", l[0], l[1])
	if l[2] > 0 {
		s += fmt.Sprintf(" and %d/d", l[2])
	}
	return s
}
