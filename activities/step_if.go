package activities

import (
	"context"
	"strconv"

	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// branch takes each member of an if or a switch down the first branch whose expression is true, else down the
// last. A path of a switch that has no expression is nobody's.
func (p *pass) branch(ctx context.Context, s *program.Step, f *plan.If, members []*member) error {
	answers, err := p.ask(ctx, members, s.Branches...)
	if err != nil {
		return err
	}
	for i, m := range members {
		taken, next := "else", f.Else
		if f.ElseName != "" {
			taken = f.ElseName
		}
		for x := range s.Branches {
			if s.Branches[x] == nil {
				continue
			}
			ok, err := answers.True(i, x)
			if err != nil {
				p.log(m).WarnContext(ctx, "evaluating a split", "step", s.ID, "error", err)
			}
			if ok {
				taken, next = branchName(s, f, x), f.Branches[x].Next
				break
			}
		}
		p.record(m, s, store.Done, "", map[string]any{"branch": taken})
		p.decide(s, taken)
		p.moveTo(m, next)
	}
	return nil
}

// branchName is what people see of a branch.
func branchName(s *program.Step, f *plan.If, i int) string {
	switch {
	case f.Branches[i].Name != "":
		return f.Branches[i].Name
	case s.Switch != nil:
		return strconv.Itoa(i + 1)
	case i == 0:
		return "then"
	}
	return "elif " + strconv.Itoa(i)
}
