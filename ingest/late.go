package ingest

import (
	"time"

	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/internal/clock"
)

const (
	lateEvents        = 6 * time.Hour      // how late an event may be recorded and still trigger, where nothing else is said
	lateTransactional = 7 * 24 * time.Hour // the same for a flow that sends something transactional
)

// late says whether the event that brought the candidate was recorded so long after it happened that what it
// triggers would make no sense any more: later than the limit, and later than the flow's first wait would have
// lasted. Somebody who is placed by when it happened is never late.
func (d *Dispatcher) late(p *plan.Plan, c candidate) bool {
	happened, ok := c.event["time"].(time.Time)
	if !ok || c.recordedAt.IsZero() || c.entry.PlaceFrom.Valid {
		return false
	}
	metric, _ := c.event["metric"].(string)
	limit := lateLimit(p, metric, d.Late)
	if first := firstWait(p); first != nil {
		limit = max(limit, first.Due(happened, clock.Zone(c.person.Timezone)).Sub(happened))
	}
	return c.recordedAt.Sub(happened) > limit
}

// lateLimit is the trigger's own limit (the longest, where several wait for the metric), else that of transactional
// messages, else the standard one.
func lateLimit(p *plan.Plan, metric string, standard time.Duration) time.Duration {
	var own time.Duration
	for i := range p.Triggers {
		if t := p.Triggers[i].Metric; t != nil && t.Metric == metric {
			own = max(own, t.Late)
		}
	}
	if own > 0 {
		return own
	}
	if standard <= 0 {
		standard = lateEvents
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Status != plan.Draft && (s.Email != nil && s.Email.Transactional || s.SMS != nil && s.SMS.Transactional) {
			return max(standard, lateTransactional)
		}
	}
	return standard
}

// firstWait is the wait that comes before anything that the flow does for everybody, or nil.
func firstWait(p *plan.Plan) *plan.Wait {
	for step := p.Step(p.Entry); step != nil; step = p.Step(step.Next) {
		switch {
		case step.Status == plan.Draft:
		case step.Wait != nil:
			return step.Wait
		default:
			return nil
		}
	}
	return nil
}
