package activities

import (
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// exit ends the runs of the members.
func (p *pass) exit(s *program.Step, members []*member) {
	for _, m := range members {
		p.record(m, s, store.Done, "", map[string]any{"reason": s.Exit.Reason})
		p.decide(s, "exit")
		p.finish(m, store.RunExited, s.Exit.Reason)
	}
}
