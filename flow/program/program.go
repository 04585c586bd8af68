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
	Plan          *plan.Plan
	Hash          string
	TriggerFilter *expression.Expression // nil where there is none, as are the others
	Filter        *expression.Expression
	Steps         []Step // in the plan's order
	index         map[string]int
}

// Step is a step of a program.
type Step struct {
	*plan.Step
	Filter    *expression.Expression
	Branches  []*expression.Expression // of an if, in order
	Values    []*expression.Expression // of update_profile's set, by position; nil where the value is literal
	LiveAfter bool                     // whether an action that is not draft can follow
}

// New compiles a plan. An error means that the plan was made by a program that knew other expressions.
func New(p *plan.Plan) (*Program, error) {
	g := &Program{Plan: p, Hash: p.Hash(), Steps: make([]Step, len(p.Steps)), index: make(map[string]int, len(p.Steps))}
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
	if p.Trigger.Metric != nil {
		if g.TriggerFilter, err = compile("trigger filter", p.Trigger.Metric.Filter, expression.Trigger); err != nil {
			return nil, err
		}
	}
	for i := range p.Steps {
		step := Step{Step: &p.Steps[i], LiveAfter: p.ActsAfter(p.Steps[i].ID)}
		if step.Filter, err = compile("step "+step.ID, step.Step.Filter, expression.Person); err != nil {
			return nil, err
		}
		if step.If != nil {
			for _, branch := range step.If.Branches {
				x, err := compile("step "+step.ID, branch.When, expression.Person)
				if err != nil {
					return nil, err
				}
				step.Branches = append(step.Branches, x)
			}
		}
		if step.UpdateProfile != nil {
			for _, set := range step.UpdateProfile.Set {
				x, err := compile("step "+step.ID, set.Expression, expression.Person)
				if err != nil {
					return nil, err
				}
				step.Values = append(step.Values, x)
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
	if g, err = New(p); err != nil {
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
