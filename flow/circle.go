package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/legato-flow/legato/flow/plan"
)

// circles reports flows that start each other in a circle, through what they track, lists and messages. It is an
// error where nothing stops it: such flows are left out. A flow that starts itself is reported when it is read.
func (l *loader) circles() {
	flows := l.found.Flows
	starts := startsOf(flows)
	unstopped := func(f *Flow) bool { return !guarded(f.Plan) && f.Status != plan.Draft }
	said := map[*Flow]bool{}
	refused := map[*Flow]bool{}
	for _, onlyUnstopped := range []bool{true, false} {
		for i := range flows {
			if said[flows[i]] {
				continue
			}
			circle := circleOf(i, starts, func(j int) bool { return !onlyUnstopped || unstopped(flows[j]) })
			if circle == nil {
				continue
			}
			names := make([]string, 0, len(circle)+1)
			for _, j := range circle {
				said[flows[j]] = true
				refused[flows[j]] = onlyUnstopped
				names = append(names, flows[j].ID)
			}
			message := "these flows start each other in a circle: " + strings.Join(append(names, names[0]), " → ")
			p := flows[i].problem(flows[i].idAt, "set reentry of one of them to never or to a duration", message)
			if !onlyUnstopped {
				j := slices.IndexFunc(circle, func(j int) bool { return !unstopped(flows[j]) })
				p.Severity, p.Hint = IsWarning, fmt.Sprintf("reentry of %s ends it", flows[circle[j]].ID)
				if !guarded(flows[circle[j]].Plan) {
					p.Hint = fmt.Sprintf("%s is a draft; before it goes live, set reentry of one of them to never or to a duration", flows[circle[j]].ID)
				}
			}
			l.problems = append(l.problems, p)
		}
	}
	l.found.Flows = slices.DeleteFunc(flows, func(f *Flow) bool { return refused[f] })
}

// startsOf gives for each flow the other flows that its steps may start.
func startsOf(flows []*Flow) [][]int {
	waiting := map[cause][]int{}
	for i, f := range flows {
		for j := range f.Plan.Triggers {
			t := &f.Plan.Triggers[j]
			c := cause{t.Kind(), t.Key()}
			waiting[c] = append(waiting[c], i)
		}
	}
	starts := make([][]int, len(flows))
	for i, f := range flows {
		seen := map[int]bool{i: true}
		for j := range f.Plan.Steps {
			for _, c := range causes(&f.Plan.Steps[j]) {
				for _, started := range waiting[c] {
					if !seen[started] {
						seen[started] = true
						starts[i] = append(starts[i], started)
					}
				}
			}
		}
		slices.Sort(starts[i])
	}
	return starts
}

// circleOf is the shortest way from a flow back to itself through flows that are let, or nil.
func circleOf(from int, starts [][]int, let func(i int) bool) []int {
	if !let(from) {
		return nil
	}
	before := map[int]int{}
	for open := []int{from}; len(open) > 0; open = open[1:] {
		at := open[0]
		for _, next := range starts[at] {
			if next == from {
				circle := []int{at}
				for at != from {
					at = before[at]
					circle = append(circle, at)
				}
				slices.Reverse(circle)
				return circle
			}
			if _, seen := before[next]; !seen && let(next) {
				before[next] = at
				open = append(open, next)
			}
		}
	}
	return nil
}
