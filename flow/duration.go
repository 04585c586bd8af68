package flow

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/legato-flow/legato/flow/plan"
)

// maxWait bounds waits, offsets of dates and re-entry.
const maxWait = 400 * 24 * time.Hour

// span is a duration as written: days are kept apart from hours, because some are calendar days.
type span struct {
	months, days int
	rest         time.Duration // hours, minutes and seconds
}

// length counts days as 24 hours and months as 31 days. Of spans that are far too long it gives too little.
func (s span) length() time.Duration {
	if days := s.months*31 + s.days; days > 10_000 {
		return 10_000 * 24 * time.Hour
	}
	return time.Duration(s.months*31+s.days)*24*time.Hour + s.rest
}

var (
	spanPattern  = regexp.MustCompile(`^(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$`)
	monthPattern = regexp.MustCompile(`^(\d{1,6})mo$`)
)

// parseSpan reads weeks, days, hours, minutes and seconds, in this order: 1w, 2d12h, 30m. Or months: 1mo.
func parseSpan(s string) (span, bool) {
	if m := monthPattern.FindStringSubmatch(s); m != nil {
		return span{months: whole(m[1])}, true
	}
	m := spanPattern.FindStringSubmatch(s)
	if m == nil || s == "" {
		return span{}, false
	}
	return span{
		days: 7*whole(m[1]) + whole(m[2]),
		rest: time.Duration(whole(m[3]))*time.Hour + time.Duration(whole(m[4]))*time.Minute +
			time.Duration(whole(m[5]))*time.Second,
	}, true
}

// whole reads up to six digits, or nothing as 0.
func whole(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// duration reads a length of time that is longer than nothing and at most maxWait.
func (r *reader) duration(n *node, what string) (span, bool) {
	if n.shape == unreadable {
		return span{}, false
	}
	const hint = "for example 30m, 2h, 1d, 1w or 1h30m"
	if n.shape != text {
		if n.shape == number {
			r.fail(n, hint, "%s needs a unit: %s what?", what, n.text)
		} else {
			r.fail(n, hint, "%s must be a duration, not %s", what, n.shape)
		}
		return span{}, false
	}
	s, ok := parseSpan(n.text)
	switch {
	case !ok:
		r.fail(n, hint+"; units are w, d, h, m and s, in this order, in whole numbers",
			"%s must be a duration, not %s", what, quoted(n.text))
	case s.length() <= 0:
		r.fail(n, "", "%s must be longer than nothing", what)
	case s.length() > maxWait:
		r.fail(n, "", "%s is %s, the limit is 400 days", what, n.text)
	default:
		return s, true
	}
	return span{}, false
}

var timePattern = regexp.MustCompile(`^([01]?\d|2[0-3]):([0-5]\d)$`)

// clock reads a wall clock time and writes it as plans do.
func (r *reader) clock(n *node, what string) string {
	if n.shape == unreadable {
		return ""
	}
	m := timePattern.FindStringSubmatch(n.text)
	if m == nil || n.shape == mapping || n.shape == list {
		shown := n.text
		if shown == "" {
			shown = n.shape.String()
		}
		r.fail(n, `for example "09:00"`, "%s must be a time of day from 00:00 to 23:59, not %s", what, quoted(shown))
		return ""
	}
	return fmt.Sprintf("%02d:%s", whole(m[1]), m[2])
}

// zone reads a time zone.
func (r *reader) zone(n *node) string {
	s := r.string(n, "timezone", maxName)
	if s == "" || s == plan.PersonZone {
		return s
	}
	if _, err := time.LoadLocation(s); err != nil || s == "Local" {
		r.fail(n, "person, or a name of the IANA data base such as Europe/Berlin", "unknown time zone %s", quoted(s))
		return ""
	}
	return s
}

// reentry reads whether somebody may enter again.
func (r *reader) reentry(n *node) plan.Reentry {
	if n.text == plan.Always || n.text == plan.Never {
		return plan.Reentry{Mode: n.text}
	}
	if n.shape == text {
		if s, ok := parseSpan(n.text); !ok || s.months > 0 {
			r.fail(n, suggestion(n.text, []string{plan.Always, plan.Never}),
				"reentry must be always, never or a duration such as 7d, not %s", quoted(n.text))
			return plan.Reentry{}
		}
	}
	s, ok := r.duration(n, "reentry")
	if !ok {
		return plan.Reentry{}
	}
	return plan.Reentry{Mode: plan.After, After: s.length()}
}
