package activities

import (
	"hash/fnv"
	"strconv"

	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// split takes each member down a branch by lot: the run and the step decide, so that the same run always gets the
// same answer.
func (p *pass) split(s *program.Step, members []*member) {
	for _, m := range members {
		i := lot(m.run.ID, s)
		branch := s.Split.Branches[i]
		name := branch.Name
		if name == "" {
			name = strconv.Itoa(i + 1)
		}
		p.record(m, s, store.Done, "", map[string]any{"branch": name})
		p.decide(s, name)
		p.moveTo(m, branch.Next)
	}
}

// lot gives the position of the branch that a run takes.
func lot(run string, s *program.Step) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(run + "/" + s.ID))
	x := h.Sum64()
	x ^= x >> 33 // FNV's high bits hardly depend on the last letters
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	at := float64(x>>11) / (1 << 53) * 100
	for i, branch := range s.Split.Branches {
		if at < branch.Weight {
			return i
		}
		at -= branch.Weight
	}
	return len(s.Split.Branches) - 1
}
