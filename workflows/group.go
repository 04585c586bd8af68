package workflows

import "time"

// Groups gathers members that are due at the same moment at the same step, in the order in which they come. The
// zero value is ready.
type Groups struct {
	Waiting []Waiting
	index   map[place]int
}

type place struct {
	step, wait string
	due        int64
}

// Add puts a run into the group of its place.
func (g *Groups) Add(run, step, wait string, due time.Time) {
	key := place{step, wait, due.UnixNano()}
	i, ok := g.index[key]
	if !ok {
		if g.index == nil {
			g.index = map[place]int{}
		}
		i = len(g.Waiting)
		g.index[key] = i
		g.Waiting = append(g.Waiting, Waiting{Step: step, Wait: wait, Due: due})
	}
	g.Waiting[i].Runs = append(g.Waiting[i].Runs, run)
}
