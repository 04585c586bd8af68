package activities

import (
	"context"
	"strconv"

	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// branch takes each member down the first branch whose expression is true, else down the last.
func (p *pass) branch(ctx context.Context, s *program.Step, members []*member) error {
	answers, err := p.ask(ctx, members, s.Branches...)
	if err != nil {
		return err
	}
	for i, m := range members {
		taken, next := "else", s.If.Else
		for x := range s.Branches {
			ok, err := answers.True(i, x)
			if err != nil {
				p.log(m).WarnContext(ctx, "evaluating a split", "step", s.ID, "error", err)
			}
			if ok {
				taken, next = branchName(x), s.If.Branches[x].Next
				break
			}
		}
		p.record(m, s, store.Done, "", map[string]any{"branch": taken})
		p.decide(s, taken)
		p.moveTo(m, next)
	}
	return nil
}

func branchName(i int) string {
	if i == 0 {
		return "then"
	}
	return "elif " + strconv.Itoa(i)
}
