// Package graph draws a plan: as text for Mermaid, and as an SVG picture that needs nothing else.
package graph

import (
	"fmt"
	"slices"

	"github.com/legato-flow/legato/flow/plan"
)

// Options say what is drawn beside the plan itself.
type Options struct {
	Status  string         // of the flow: draft, manual or live; "" is not shown
	Waiting map[string]int // by step id, how many people are there; nil draws no numbers
}

// node is a step, the start or the end.
type node struct {
	id      string // of the step; startID and endID are no step ids
	class   string
	title   string
	detail  string
	status  string // "" (live) | draft | manual
	waiting int
}

const (
	startID = " start"
	endID   = " end"
)

// Classes of nodes: what they are for.
const (
	classStart    = "start"
	classWait     = "wait"
	classDecision = "decision"
	classMessage  = "message"
	classAction   = "action"
	classExit     = "exit"
	classEnd      = "end"
)

var classes = map[string]string{
	plan.KindWait: classWait, plan.KindWaitFor: classWait,
	plan.KindIf: classDecision, plan.KindSwitch: classDecision, plan.KindSplit: classDecision,
	plan.KindEmail: classMessage, plan.KindSMS: classMessage, plan.KindPush: classMessage, plan.KindExperiment: classMessage,
	plan.KindExit: classExit,
}

// link leads from one node to another.
type link struct {
	from, to string
	label    string
	aside    bool // only runs that pass over the step take it
}

// drawing is a plan reduced to nodes, in an order in which links lead forward, and links.
type drawing struct {
	nodes []node
	links []link
}

func draw(p *plan.Plan, o Options) drawing {
	d := drawing{nodes: []node{{id: startID, class: classStart, title: p.Name, detail: entries(p), status: shownStatus(o.Status)}}}
	d.links = append(d.links, link{from: startID, to: p.Entry})
	for i := range p.Steps {
		s := &p.Steps[i]
		n := node{id: s.ID, class: classes[s.Kind], title: s.Label(), detail: describe(s), status: s.Status, waiting: o.Waiting[s.ID]}
		if n.class == "" {
			n.class = classAction
		}
		d.nodes = append(d.nodes, n)
		d.links = append(d.links, leaving(s)...)
	}
	ends := false
	for i := range d.links {
		if d.links[i].to == "" {
			d.links[i].to, ends = endID, true
		}
	}
	if ends {
		d.nodes = append(d.nodes, node{id: endID, class: classEnd, title: "end"})
	}
	return d
}

func shownStatus(status string) string {
	if status == plan.Live {
		return ""
	}
	return status
}

// leaving are the links by which runs leave a step.
func leaving(s *plan.Step) []link {
	var links []link
	add := func(to, label string) { links = append(links, link{from: s.ID, to: to, label: label}) }
	switch {
	case s.If != nil && len(s.If.Branches) == 1:
		add(s.If.Branches[0].Next, "yes")
		add(s.If.Else, "no")
	case s.If != nil || s.Switch != nil:
		decision := s.If
		if decision == nil {
			decision = s.Switch
		}
		for _, b := range decision.Branches {
			add(b.Next, firstOf(b.Name, b.When))
		}
		add(decision.Else, firstOf(decision.ElseName, "else"))
	case s.Split != nil:
		for _, b := range s.Split.Branches {
			share := fmt.Sprintf("%g %%", b.Weight)
			if b.Name != "" {
				share = b.Name + ", " + share
			}
			add(b.Next, share)
		}
	case s.WaitFor != nil:
		add(s.WaitFor.Then, "happened")
		add(s.WaitFor.Else, "not in time")
	case s.Exit == nil:
		return []link{{from: s.ID, to: s.Next}}
	}
	passed := s.Status == plan.Draft || s.Filter != ""
	if passed && !slices.ContainsFunc(links, func(l link) bool { return l.to == s.Next }) {
		links = append(links, link{from: s.ID, to: s.Next, label: "passed over", aside: true})
	}
	return links
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
