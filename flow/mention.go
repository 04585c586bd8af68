package flow

import "github.com/legato-flow/legato/expression"

// noted is what a definition says about things that are elsewhere, with the places.
type noted struct {
	asked   []asked // the expressions
	liquids []piece
	dates   []use // properties that a date trigger reads
	metrics []use
	lists   []use
}

// asked is an expression in a definition.
type asked struct {
	x         *expression.Expression
	at        *node
	scope     expression.Scope
	metric    string // in the scope of a trigger: whose event it sees; "" is an item of the catalog
	condition bool
}

// piece is a piece of Liquid in a definition.
type piece struct {
	at        *node
	variables []Variable
}

// liquid notes a piece of Liquid.
func (n *noted) liquid(at *node) { n.liquids = append(n.liquids, piece{at: at}) }

// metric reads the name of a metric whose events are waited for or counted.
func (r *reader) metric(n *node) string {
	s := r.string(n, "metric", maxName)
	if s != "" {
		r.noted.metrics = append(r.noted.metrics, use{s, n})
	}
	return s
}

// listName reads the name or id of a list of people.
func (r *reader) listName(n *node, what string) string {
	s := r.string(n, what, maxName)
	if s != "" {
		r.noted.lists = append(r.noted.lists, use{s, n})
	}
	return s
}
