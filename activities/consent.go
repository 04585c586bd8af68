package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/legato-flow/legato/flow/program"
)

// duplicateWithin is how long the same message of a flow is not sent to an address again for another profile.
const duplicateWithin = 24 * time.Hour

// reachable gives the members that have an address and may be written to there. The others skip the step. A
// transactional email also reaches those who unsubscribed or whom the shop suppressed, and nobody whose address
// bounced or who complained.
func (p *pass) reachable(ctx context.Context, s *program.Step, members []*member) ([]*member, error) {
	unreachable := map[string]bool{}
	if transactional(s.Step) {
		var err error
		if unreachable, err = p.undeliverable(ctx, members); err != nil {
			return nil, err
		}
	}
	var passed []*member
	for _, m := range members {
		switch {
		case strings.TrimSpace(m.person.Email) == "":
			p.skip(m, s, ReasonNoEmail, nil)
		case m.person.SuppressedOn("email") && (!transactional(s.Step) || unreachable[m.run.ProfileID]):
			p.skip(m, s, ReasonSuppressed, nil)
		default:
			passed = append(passed, m)
		}
	}
	return p.withoutDuplicates(ctx, s, passed)
}

// undeliverable gives the profiles that not even transactional email may go to.
func (p *pass) undeliverable(ctx context.Context, members []*member) (map[string]bool, error) {
	var ids []string
	for _, m := range members {
		if m.person.SuppressedOn("email") {
			ids = append(ids, m.run.ProfileID)
		}
	}
	set := map[string]bool{}
	if len(ids) == 0 {
		return set, nil
	}
	rows, err := p.Store.Suppressions(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Channel == "email" && row.Reason != "UNSUBSCRIBE" && row.Reason != "USER_SUPPRESSED" {
			set[row.ProfileID] = true
		}
	}
	return set, nil
}

// withoutDuplicates gives the members whose address did not get this very message a short time ago by way of another
// profile: an address that moved from one profile to another, or an event that was sent for both.
func (p *pass) withoutDuplicates(ctx context.Context, s *program.Step, members []*member) ([]*member, error) {
	if len(members) == 0 {
		return nil, nil
	}
	addresses, profiles := make([]string, len(members)), make([]string, len(members))
	for i, m := range members {
		addresses[i], profiles[i] = strings.TrimSpace(m.person.Email), m.run.ProfileID
	}
	within := duplicateWithin
	if p.Clock.Speed > 1 {
		within = time.Duration(float64(within) / p.Clock.Speed)
	}
	had, err := p.Store.MessagesToOthers(ctx, p.program.Plan.Flow, s.ID, addresses, profiles, p.base.Add(-within))
	if err != nil {
		return nil, fmt.Errorf("looking for duplicates: %w", err)
	}
	var passed []*member
	for i, m := range members {
		if had[strings.ToLower(addresses[i])+" "+profiles[i]] {
			p.skip(m, s, ReasonDuplicate, map[string]any{"to": addresses[i]})
		} else {
			passed = append(passed, m)
		}
	}
	return passed, nil
}
