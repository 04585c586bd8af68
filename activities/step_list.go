package activities

import (
	"context"
	"errors"
	"slices"

	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// list adds the members to a list, or takes them out. What follows from a membership follows: list flows start.
func (p *pass) list(ctx context.Context, s *program.Step, members []*member) error {
	id, err := p.Store.ListNamed(ctx, s.List.List)
	if errors.Is(err, store.ErrNotFound) {
		for _, m := range members {
			p.fail(m, s, ReasonNoList, map[string]any{"list": s.List.List})
		}
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range members {
		p.change(m, s.ID, change{list: &listChange{id: id, remove: s.List.Remove, depth: m.run.Depth + 1}})
		p.record(m, s, store.Done, "", map[string]any{"list": id})
		p.decide(s, "done")
		p.moveTo(m, s.Next)
	}
	return p.flush(ctx, nil) // steps that follow may ask about lists
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
