package activities

import (
	"context"
	"time"

	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
)

// QuietHours are the hours of every day in which messages of a channel do not go out, by the clock where the person
// lives. They may go over midnight.
type QuietHours struct {
	From, Till string // "15:04"
}

// until gives the moment at which quiet hours that cover now end. Each begins at the first moment at which clocks in
// the zone show From, and ends at the first at which they show Till, so that an hour that autumn doubles is quiet
// once, and one that spring leaves out begins or ends with the gap.
func (q QuietHours) until(now time.Time, zone *time.Location) (end time.Time, quiet bool) {
	after := now.Add(time.Nanosecond)
	end = (&plan.Wait{At: q.Till}).Due(after, zone)
	return end, end.Before((&plan.Wait{At: q.From}).Due(after, zone))
}

// quiet gives the members for whom the hour is not quiet. The others wait at the step until it is over, when all
// checks run again, or skip the step where the flow says so. A transactional message goes out at any hour, unless
// its step says otherwise.
func (p *pass) quiet(_ context.Context, s *program.Step, members []*member) []*member {
	channel := s.Channel()
	hours, ok := p.Quiet[channel]
	if !ok || transactional(s.Step) && s.QuietHours == "" {
		return members
	}
	mode := p.rule(s.QuietHours, p.program.Plan.QuietHours, channel, plan.Defer)
	if mode == plan.Off {
		return members
	}
	var passed []*member
	for _, m := range members {
		end, quiet := hours.until(m.now, m.zone)
		switch {
		case !quiet:
			passed = append(passed, m)
		case mode == plan.Skip:
			p.skip(m, s, ReasonQuietHours, map[string]any{"until": end.UTC()})
		default:
			p.decide(s, "deferred: "+ReasonQuietHours)
			p.park(m, "quiet hours", end.UTC().Truncate(time.Microsecond))
		}
	}
	return passed
}
