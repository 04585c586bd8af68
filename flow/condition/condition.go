// Package condition translates the segment conditions of the public API, which are JSON, to expressions and back.
//
// A filter is groups that all have to hold, of conditions of which one has to. Compile writes an expression of
// package expression in a form of its own; Decompile recognises these forms. An expression that a person wrote in
// another form is shown as a condition of a type that only this server has, {"type": "expression", "expression":
// "…"}, which Compile takes as well.
package condition

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/member"
)

// Names resolves the ids of the API to the names that expressions use, and back.
type Names interface {
	Metric(id string) (name string, ok bool)
	MetricID(name string) (id string, ok bool)
	List(id string) (name string, ok bool) // a name that is this list's alone, else the id
	ListID(name string) (id string, ok bool)
}

// Place says where a filter stands, and with it which conditions it takes.
type Place int

const (
	Trigger Place = iota // the filter of a trigger: sees the event only
	Profile              // the profile filter of a flow
	Step                 // a step's filter or branch
)

// Limits of a filter (behaviour reference §3.1).
const (
	MaxConditions = 100
	MaxFilters    = 10 // on the events of one condition
)

// Problem is something that is wrong with a filter.
type Problem = member.Problem

// Problems are all that were found.
type Problems = member.Problems

// Filter is the JSON envelope.
type Filter struct {
	Groups []Group `json:"condition_groups"`
}

// Group is conditions of which one has to hold.
type Group struct {
	Conditions []any `json:"conditions"`
}

// Compile writes the filter at pointer as an expression; null or no groups give "". Raw is well-formed JSON.
func Compile(raw json.RawMessage, pointer string, place Place, names Names) (string, Problems) {
	c := &compiler{names: names, place: place}
	source := c.filter(raw, pointer)
	if len(c.Problems) > 0 {
		return "", c.Problems
	}
	if source == "" {
		return "", nil
	}
	if c.verbatim { // it may have one of the forms that are ours, written otherwise
		if data, err := json.Marshal(Decompile(source, Context{Names: names})); err == nil {
			again := &compiler{names: names, place: place}
			if same := again.filter(data, pointer); len(again.Problems) == 0 {
				source = same
			}
		}
	}
	scope := expression.Person
	if place == Trigger {
		scope = expression.Trigger
	}
	x, err := expression.Compile(source, scope)
	switch {
	case err != nil:
		return "", Problems{{Pointer: pointer, Message: fmt.Sprintf("This cannot be asked: %v.", err)}}
	case !x.Condition():
		return "", Problems{{Pointer: pointer, Message: "This is no condition: it gives neither true nor false."}}
	}
	return source, nil
}

// compiler writes one filter and gathers what is wrong with it.
type compiler struct {
	member.Reader
	names      Names
	place      Place
	conditions int
	verbatim   bool // there are conditions of the type expression
}

// object is a member.Object that may stand for several alternatives.
type object struct {
	*member.Object
	also []string // further alternatives that the condition stands for
}

func (c *compiler) fail(pointer, format string, args ...any) string {
	c.Fail(pointer, format, args...)
	return ""
}

func (c *compiler) filter(raw json.RawMessage, pointer string) string {
	o := c.Object(raw, pointer, true)
	if o == nil {
		return ""
	}
	groups := o.List("condition_groups", true)
	o.Done()
	var all []string
	for i, group := range groups {
		at := fmt.Sprintf("%s/condition_groups/%d", pointer, i)
		g := c.Object(group, at, false)
		if g == nil {
			continue
		}
		conditions := g.List("conditions", true)
		g.Done()
		if len(conditions) == 0 {
			c.fail(at+"/conditions", "A group needs at least one condition.")
			continue
		}
		var any []string
		for j, condition := range conditions {
			if c.conditions++; c.conditions > MaxConditions {
				c.fail(at, "A filter has at most %d conditions.", MaxConditions)
				return ""
			}
			any = append(any, c.condition(condition, fmt.Sprintf("%s/conditions/%d", at, j))...)
		}
		switch {
		case len(any) > 1:
			for j := range any {
				any[j] = operand(any[j], true)
			}
		case len(any) == 1:
			parts := split(any[0], "and")
			if len(groups) > 1 || len(parts) > 1 {
				for j := range parts {
					parts[j] = operand(parts[j], true)
				}
			}
			any[0] = strings.Join(parts, " and ")
		}
		source := strings.Join(any, " or ")
		if len(groups) > 1 && len(any) > 1 {
			source = "(" + source + ")"
		}
		all = append(all, source)
	}
	return strings.Join(all, " and ")
}

// condition writes one, as alternatives of which one has to hold.
func (c *compiler) condition(raw json.RawMessage, pointer string) []string {
	members := c.Object(raw, pointer, false)
	if members == nil {
		return nil
	}
	o := &object{Object: members}
	source := c.one(o, pointer)
	return append([]string{source}, o.also...)
}

func (c *compiler) one(o *object, pointer string) string {
	kind := o.Text("type", true)
	if kind == "" {
		return ""
	}
	if reason := unavailable[kind]; reason != "" {
		return c.fail(pointer+"/type", "%s is not available here: %s.", kind, reason)
	}
	compile, known := kinds[kind]
	if !known {
		return c.fail(pointer+"/type", "There is no condition of the type %q.", clip(kind))
	}
	_, event := eventKinds[kind]
	if c.place == Trigger && !event && kind != "expression" {
		return c.fail(pointer+"/type", "%s cannot stand in a trigger filter, which sees the event only.", kind)
	}
	if kind == "profile-not-in-flow" && c.place != Profile {
		return c.fail(pointer+"/type", "%s can stand in the flow's profile filter only.", kind)
	}
	source := compile(c, o)
	o.Done()
	return source
}

// unavailable are condition types of the API that nothing here can answer yet.
var unavailable = map[string]string{
	"profile-predictive-analytics":   "nothing is predicted yet",
	"profile-has-custom-object":      "there are no custom objects",
	"custom-object-trigger-property": "there are no custom objects",
	"custom-object-property":         "there are no custom objects",
	"profile-permissions":            "there is no WhatsApp channel",
	"profile-postal-code-distance":   "the places of postal codes are not known",
	"profile-metric-funnel":          "it is for segments",
	"action-output":                  "actions have no output",
}

var kinds map[string]func(*compiler, *object) string

var eventKinds = map[string]bool{"metric-property": true, "price-drop-property": true, "low-inventory-property": true}

func init() {
	kinds = map[string]func(*compiler, *object) string{
		"profile-metric":            (*compiler).metric,
		"profile-property":          (*compiler).property,
		"profile-group-membership":  (*compiler).membership,
		"profile-marketing-consent": (*compiler).consent,
		"profile-region":            (*compiler).region,
		"profile-sample":            (*compiler).sample,
		"profile-not-sent-email":    func(c *compiler, o *object) string { return c.notSent(o, "email") },
		"profile-not-sent-sms":      func(c *compiler, o *object) string { return c.notSent(o, "sms") },
		"profile-not-sent-push":     func(c *compiler, o *object) string { return c.notSent(o, "push") },
		"profile-not-in-flow":       (*compiler).notInFlow,
		"metric-property":           (*compiler).eventProperty,
		"price-drop-property":       (*compiler).eventProperty,
		"low-inventory-property":    (*compiler).eventProperty,
		"expression":                (*compiler).expression,
	}
}

func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:57], "") + "…"
}
