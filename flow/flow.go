// Package flow is the language in which people write flows: it reads YAML, checks it and compiles it to a plan.
//
// Every key is described by a Spec, one file per kind of step and trigger. Whatever is wrong is a Problem with
// its file, line and column, found before anything runs, and reading goes on after the first one.
package flow

import (
	"slices"

	_ "time/tzdata" // so that the same zones are known on every machine

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// Flow is a flow that has been read and checked.
type Flow struct {
	ID     string
	Name   string
	Status string // plan.Draft, plan.Manual or plan.Live; it is no part of the plan
	Plan   *plan.Plan
	File   string

	source    *source
	idAt      *node
	templates []use
	noted     noted
}

// Templates are the names of the templates that the flow sends, sorted.
func (f *Flow) Templates() []string {
	var all []string
	for _, use := range f.templates {
		all = append(all, use.name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Parse reads a flow. The flow is nil exactly when one of the problems is an error; there may be warnings
// beside a flow. file is for the problems only.
func Parse(file string, data []byte) (*Flow, Problems) {
	r, root := newReader(file, data)
	var f *Flow
	if root != nil {
		f = r.flow(root)
	}
	r.problems.Sort()
	if f == nil || r.failed() {
		return nil, r.problems
	}
	return f, r.problems
}

func (r *reader) flow(n *node) *Flow {
	if n.shape != mapping {
		r.fail(n, "it begins with flow: and the flow's id", "a flow must be a mapping, not %s", n.shape)
		return nil
	}
	found := r.fields(n, check{what: "a flow", fields: FlowFields(), hints: flowHints})
	f := &Flow{Status: plan.Draft, File: r.file, source: r.source}
	p := &plan.Plan{Format: plan.Format}

	if id := found["flow"]; id != nil {
		f.ID, f.idAt = r.id(id, "the flow's id"), id
		f.Name = f.ID
	}
	if name := found["name"]; name != nil {
		f.Name = r.string(name, "name", maxName)
	}
	if status := found["status"]; status != nil {
		f.Status = r.choice(status, "status", statuses...)
	}
	var triggers []*node // where each of them is written
	p.Triggers, triggers = r.triggers(found["trigger"], found["triggers"])
	p.Reentry.Mode = usualReentry(p.Triggers)
	if filter := found["filter"]; filter != nil {
		p.Filter = r.condition(filter, "filter", expression.Person)
	}
	if exit := found["exit_on"]; exit != nil {
		p.ExitOn = r.watches(exit, "exit_on")
	}
	if n := found["cap"]; n != nil {
		p.Cap = r.pace(n, "cap", plan.Skip)
	}
	if n := found["quiet_hours"]; n != nil {
		p.QuietHours = r.pace(n, "quiet_hours", plan.Defer)
	}
	if reentry := found["reentry"]; reentry != nil {
		p.Reentry = r.reentry(reentry)
	}
	written := found["steps"]
	if written == nil {
		return nil
	}
	p.Flow, p.Name = f.ID, f.Name
	steps := &steps{reader: r, ids: map[string]*node{}, date: p.Date(), manual: f.Status == plan.Manual}
	sequence := steps.list(written, "steps")
	if written.shape == list && len(written.items) == 0 {
		r.fail(written, "", "steps is empty")
	}
	complete := !r.failed()
	steps.compile(p, sequence)
	steps.checkLinks(p, sequence)
	if !slices.ContainsFunc(p.Triggers, bringsEvent) {
		for _, at := range r.events {
			r.warn(at, noEvent, "%s", askedInVain)
		}
	}
	if complete { // else what is missing would be said twice
		steps.checkTriggers(p, f.Status, triggers)
	}
	if r.failed() {
		return nil
	}
	steps.idle(p, written)
	f.Plan, f.templates, f.noted = p, steps.templates, r.noted
	return f
}

// flowHints are for keys that people put in the wrong place.
var flowHints = map[string]string{
	"metric": "indent it below trigger",
	"list":   "indent it below trigger",
	"date":   "indent it below trigger",
	"id":     "the id is written flow: …",
}
