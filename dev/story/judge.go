package story

import (
	"context"
	"fmt"
	"strings"

	"github.com/legato-flow/legato/store"
)

type seen struct {
	over     bool // every run has ended or passed its last action
	got, why string
	wrong    string
}

// look reads what has come of a person's part so far.
func (s *Story) look(ctx context.Context, c *scene) (seen, error) {
	var mails []Mail
	var err error
	if c.address != "" {
		if mails, err = s.Inbox.To(ctx, c.address); err != nil {
			return seen{}, err
		}
	}
	runs, err := s.Store.RunsOfProfile(ctx, c.profile, 100)
	if err != nil {
		return seen{}, err
	}
	var ids []string
	over := true
	for _, run := range runs {
		if run.FlowID == c.flow {
			ids = append(ids, run.ID)
		}
	}
	outcomes, err := s.Store.Outcomes(ctx, ids)
	if err != nil {
		return seen{}, err
	}
	refusals, err := s.Store.RefusalsOfProfile(ctx, c.profile, 100)
	if err != nil {
		return seen{}, err
	}
	reasons := reasonsOf(c.flow, outcomes, refusals)
	emails := 0
	for _, o := range outcomes {
		if o.Kind == "email" {
			emails++
		}
	}
	over = emails >= c.runs && len(mails) >= c.mails
	got := make([]string, len(mails))
	for i, mail := range mails {
		got[i] = fmt.Sprintf("%q, %s", mail.Subject, mail.Date.In(c.zone).Format("2 Jan 2006 15:04 MST"))
	}
	result := seen{over: over, got: strings.Join(got, "; "), why: strings.Join(reasons, "; ")}
	switch {
	case len(mails) != c.mails:
		result.wrong = fmt.Sprintf("%d messages instead of %d", len(mails), c.mails)
	case len(ids) != c.runs:
		result.wrong = fmt.Sprintf("%d runs instead of %d", len(ids), c.runs)
	case c.reason != "" && !strings.Contains(result.why, c.reason):
		result.wrong = fmt.Sprintf("the reason %q is not recorded", c.reason)
	case c.reason == "" && result.why != "":
		result.wrong = "a reason is recorded where everything should have gone well"
	case c.check != nil && len(mails) > 0:
		result.wrong = c.check(mails[0])
	}
	return result, nil
}

// reasonsOf gives why something was not done, in the order it was found out.
func reasonsOf(flow string, outcomes []store.Outcome, refusals []store.Refusal) []string {
	var reasons []string
	for _, o := range outcomes {
		if o.Reason != "" {
			reasons = append(reasons, o.Step+": "+o.Reason)
		}
	}
	for _, r := range refusals {
		if r.FlowID == flow {
			reasons = append(reasons, "not let in: "+r.Reason)
		}
	}
	return reasons
}
