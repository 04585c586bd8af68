// Package program is a plan made ready to run: its expressions compiled, its steps indexed. Programs are
// immutable and kept by the plan's hash.
package program

import (
	"context"
	"fmt"
	"sync"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// Program is a compiled plan. It is safe for concurrent use.
type Program struct {
	Plan     *plan.Plan
	Hash     string                   // the one that the plan is stored by
	Triggers []*expression.Expression // filters of the triggers, by position; nil where there is none, as are the others
	Filter   *expression.Expression
	ExitOn   []Watch
	Steps    []Step // in the plan's order
	index    map[string]int
}

// Step is a step of a program.
type Step struct {
	*plan.Step
	Filter    *expression.Expression
	Branches  []*expression.Expression // of an if or switch, in order; nil for a path that nobody takes
	Watches   []Watch                  // of a wait_for
	Set       Values                   // of update_profile, as the three that follow
	Increment Values
	Append    Values
	Remove    Values
	Track     Values                 // of track's properties
	Value     *expression.Expression // of track
	LiveAfter bool                   // whether an action that is not draft can follow
}

// Watch is a plan.Watch with its expressions compiled.
type Watch struct {
	plan.Watch
	Filter    *expression.Expression
	Condition *expression.Expression
}

// Values are the expressions of assignments, by position; nil where the value is literal.
type Values []*expression.Expression

// New compiles a plan that is stored by the hash. An error means that the plan was made by a program that knew
// other expressions.
func New(p *plan.Plan, hash string) (*Program, error) {
	g := &Program{Plan: p, Hash: hash, Steps: make([]Step, len(p.Steps)), index: make(map[string]int, len(p.Steps))}
	compile := func(where, source string, scope expression.Scope) (*expression.Expression, error) {
		if source == "" {
			return nil, nil
		}
		x, err := expression.Compile(source, scope)
		if err != nil {
			return nil, fmt.Errorf("flow %s, %s: %w", p.Flow, where, err)
		}
		return x, nil
	}
	var err error
	if g.Filter, err = compile("filter", p.Filter, expression.Person); err != nil {
		return nil, err
	}
	for i := range p.Triggers {
		filter := ""
		if metric := p.Triggers[i].Metric; metric != nil {
			filter = metric.Filter
		}
		x, err := compile("trigger filter", filter, expression.Trigger)
		if err != nil {
			return nil, err
		}
		g.Triggers = append(g.Triggers, x)
	}
	watches := func(where string, list []plan.Watch) ([]Watch, error) {
		compiled := make([]Watch, len(list))
		for i, w := range list {
			compiled[i].Watch = w
			if compiled[i].Filter, err = compile(where, w.Filter, expression.Trigger); err != nil {
				return nil, err
			}
			if compiled[i].Condition, err = compile(where, w.Condition, expression.Person); err != nil {
				return nil, err
			}
		}
		return compiled, nil
	}
	values := func(where string, list []plan.Assignment) (Values, error) {
		compiled := make(Values, len(list))
		for i, a := range list {
			if compiled[i], err = compile(where, a.Expression, expression.Person); err != nil {
				return nil, err
			}
		}
		return compiled, nil
	}
	if g.ExitOn, err = watches("exit_on", p.ExitOn); err != nil {
		return nil, err
	}
	for i := range p.Steps {
		step := Step{Step: &p.Steps[i], LiveAfter: p.ActsAfter(p.Steps[i].ID)}
		where := "step " + step.ID
		if step.Filter, err = compile(where, step.Step.Filter, expression.Person); err != nil {
			return nil, err
		}
		branches := step.If
		if step.Switch != nil {
			branches = step.Switch
		}
		if branches != nil {
			for _, branch := range branches.Branches {
				x, err := compile(where, branch.When, expression.Person)
				if err != nil {
					return nil, err
				}
				step.Branches = append(step.Branches, x)
			}
		}
		if step.WaitFor != nil {
			if step.Watches, err = watches(where, step.WaitFor.For); err != nil {
				return nil, err
			}
		}
		if change := step.UpdateProfile; change != nil {
			for _, part := range []struct {
				to   *Values
				from []plan.Assignment
			}{{&step.Set, change.Set}, {&step.Increment, change.Increment}, {&step.Append, change.Append}, {&step.Remove, change.Remove}} {
				if *part.to, err = values(where, part.from); err != nil {
					return nil, err
				}
			}
		}
		if step.Step.Track != nil {
			if step.Track, err = values(where, step.Step.Track.Properties); err != nil {
				return nil, err
			}
			if step.Value, err = compile(where, step.Step.Track.Value, expression.Person); err != nil {
				return nil, err
			}
		}
		g.Steps[i] = step
		g.index[step.ID] = i
	}
	return g, nil
}

// Variables is what expressions and templates see as flow.
func (g *Program) Variables() map[string]any {
	return map[string]any{"id": g.Plan.Flow, "name": g.Plan.Name}
}

// Index gives the position of a step, or -1.
func (g *Program) Index(id string) int {
	if i, ok := g.index[id]; ok {
		return i
	}
	return -1
}

// Cache keeps programs by hash. Plans never change, so nothing in it grows old; it is emptied when it holds
// many, which only a shop with thousands of versions sees.
type Cache struct {
	Load func(ctx context.Context, hash string) (*plan.Plan, error)

	mu       sync.Mutex
	programs map[string]*Program
}

const cacheSize = 1000

// Get gives the program of a plan.
func (c *Cache) Get(ctx context.Context, hash string) (*Program, error) {
	c.mu.Lock()
	g := c.programs[hash]
	c.mu.Unlock()
	if g != nil {
		return g, nil
	}
	p, err := c.Load(ctx, hash)
	if err != nil {
		return nil, err
	}
	if g, err = New(p, hash); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.programs == nil || len(c.programs) >= cacheSize {
		c.programs = map[string]*Program{}
	}
	c.programs[hash] = g
	return g, nil
}
