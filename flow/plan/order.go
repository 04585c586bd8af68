package plan

import "slices"

// Order sorts the steps the one way that their links alone decide: each after all steps that lead to it, and
// otherwise as one writes them down, branch after branch. So the same links give the same plan, in whatever order
// somebody wrote the steps. If the links lead in a circle, it changes nothing and returns the ids on the circle,
// in the order in which they lead to each other. Links to steps that are not there are passed over.
func (p *Plan) Order() (circle []string) {
	o := order{index: make(map[string]int, len(p.Steps)), steps: p.Steps, state: make([]visit, len(p.Steps))}
	for i := range p.Steps {
		o.index[p.Steps[i].ID] = i
	}
	roots := append([]string{}, p.Entry)
	for i := len(p.Steps) - 1; i >= 0; i-- { // those that nothing leads to come first, which is no worse than another place
		roots = append(roots, p.Steps[i].ID)
	}
	for _, root := range roots {
		if !o.walk(root) {
			return o.circle
		}
	}
	slices.Reverse(o.done)
	p.Steps = o.done
	return nil
}

type visit byte

const (
	unseen visit = iota
	open         // on the way that is being walked
	closed
)

// order walks the steps in depth, the last way out of each step first: in reverse, the order in which it is done
// with them is the one in which one writes them.
type order struct {
	index  map[string]int
	steps  []Step
	state  []visit
	way    []string
	done   []Step
	circle []string
}

func (o *order) walk(id string) bool {
	i, ok := o.index[id]
	if !ok || o.state[i] == closed {
		return true
	}
	if o.state[i] == open {
		o.circle = slices.Clone(o.way[slices.Index(o.way, id):])
		return false
	}
	o.state[i] = open
	o.way = append(o.way, id)
	next := o.steps[i].Successors()
	for _, id := range slices.Backward(next) {
		if !o.walk(id) {
			return false
		}
	}
	o.way = o.way[:len(o.way)-1]
	o.state[i] = closed
	o.done = append(o.done, o.steps[i])
	return true
}
