package plan

import "time"

// End is when a run that enters now for the day gets to the last action on its way, if it takes every wait to its
// end and the longest of the paths. zone gives the location of an IANA name, and of PersonZone and "" the person's.
// A run without an action ends when it enters.
func (p *Plan) End(now time.Time, day Day, zone func(name string) *time.Location) time.Time {
	end := now
	at := map[string]time.Time{p.Entry: now} // by step, the latest moment at which a run may come there
	for i := range p.Steps {
		s := &p.Steps[i]
		come, ok := at[s.ID]
		if !ok {
			continue
		}
		live := s.Status != Draft
		if live && s.Acts() && come.After(end) {
			end = come
		}
		leave := come
		switch {
		case live && s.Wait != nil && s.Wait.Date != nil:
			if due := s.Wait.DueOn(day, zone(s.Wait.Timezone)); due.After(come) {
				leave = due
			}
		case live && s.Wait != nil:
			leave = s.Wait.Due(come, zone(s.Wait.Timezone))
		case live && s.WaitFor != nil:
			leave = come.Add(s.WaitFor.Timeout)
		}
		ways := s.Successors()
		if !live {
			ways = []string{s.Next}
		}
		for _, next := range ways {
			if known, ok := at[next]; !ok || leave.After(known) {
				at[next] = leave
			}
		}
	}
	return end
}
