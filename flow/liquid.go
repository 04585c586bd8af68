package flow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Variable is what a piece of Liquid reads: a path such as person, location, city.
type Variable struct {
	Path         []string
	Line, Column int // from 1, in characters
}

// LiquidCheck reads a piece of Liquid that stands in a flow. Lines and columns count from its beginning.
type LiquidCheck func(source string) (Problems, []Variable)

// roots are the variables that Liquid is given.
var roots = []string{"person", "event", "flow", "steps", "organization", "feeds", "links", "now"}

// strange says what is odd about a variable's first name, and what may be meant.
func (v Variable) strange() (message, hint string) {
	root := v.Path[0]
	if slices.Contains(roots, root) || strings.HasPrefix(root, "forloop") || root == "tablerowloop" {
		return "", ""
	}
	switch near := nearest(root, roots); {
	case standardAttribute(root) || root == "location":
		hint = fmt.Sprintf("did you mean person.%s?", root)
	case near != "":
		hint = fmt.Sprintf("did you mean %s?", near)
	default:
		hint = "known are " + strings.Join(roots, ", ")
	}
	return fmt.Sprintf("unknown variable %s prints nothing", quoted(root)), hint
}

// asksForEvent says whether the variable is one of the event.
func (v Variable) asksForEvent() bool { return v.Path[0] == "event" }

// strange warns of variables that no template is given.
func (t *Template) strange() Problems {
	var problems Problems
	for _, v := range t.variables {
		if message, hint := v.strange(); message != "" {
			problems = append(problems, t.warning(v, hint, message))
		}
	}
	return problems
}

// warning is about a variable in a template.
func (t *Template) warning(v Variable, hint, message string) Problem {
	return Problem{File: t.File, Line: v.Line, Column: v.Column, Severity: IsWarning, Message: message, Hint: hint, Source: t.lines.shown(v.Line)}
}

// hasEvent says whether people in the flow have an event.
func (f *Flow) hasEvent() bool { return slices.ContainsFunc(f.Plan.Triggers, bringsEvent) }

const (
	askedInVain = "this asks for the event, and there is none in this flow"
	noEvent     = "only a metric trigger brings an event"
)

// liquids checks the Liquid in a flow, and what its templates ask for.
func (l *loader) liquids(f *Flow) (problems Problems) {
	if !f.hasEvent() {
		problems = l.eventless(f)
	}
	if l.options.Liquid == nil {
		return problems
	}
	for i := range f.noted.liquids {
		piece := &f.noted.liquids[i]
		faults, variables := l.options.Liquid(piece.at.text)
		piece.variables = variables
		for _, p := range faults {
			p = f.inside(piece.at, p.Line, p.Column, p.Hint, p.Message)
			p.Severity = IsError
			problems = append(problems, p)
		}
		for _, v := range variables {
			severity, message, hint := l.variable(f, v)
			if message == "" {
				continue
			}
			p := f.inside(piece.at, v.Line, v.Column, hint, message)
			p.Severity = severity
			problems = append(problems, p)
		}
	}
	return problems
}

// variable says what is wrong with a variable in the Liquid of a flow.
func (l *loader) variable(f *Flow, v Variable) (severity Severity, message, hint string) {
	path := v.Path
	if path[0] == "flow" && len(path) > 1 && path[1] == "steps" {
		path = path[1:]
	}
	switch {
	case path[0] == "feeds" && len(path) > 1 && !l.exists["feed "+path[1]]:
		return IsError, fmt.Sprintf("there is no feed %s", path[1]),
			l.alternative(path[1], slices.Collect(maps.Keys(l.found.Feeds)), "feeds/"+path[1]+".yaml")
	case path[0] == "steps" && len(path) > 1 && f.Plan.Step(path[1]) == nil:
		var known []string
		for i := range f.Plan.Steps {
			known = append(known, f.Plan.Steps[i].ID)
		}
		if near := nearest(path[1], known); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		return IsWarning, fmt.Sprintf("there is no step %s", path[1]), hint
	case v.asksForEvent() && !f.hasEvent():
		return IsWarning, askedInVain, noEvent
	}
	message, hint = v.strange()
	return IsWarning, message, hint
}

// eventless warns of templates that ask for the event in a flow that has none.
func (l *loader) eventless(f *Flow) (problems Problems) {
	for _, use := range f.templates {
		t := l.found.Templates[use.name]
		if i := slices.IndexFunc(t.variables, Variable.asksForEvent); i >= 0 {
			p := f.problem(use.at, noEvent, fmt.Sprintf("template %s asks for the event on line %d, and there is none in this flow", use.name, t.variables[i].Line))
			p.Severity = IsWarning
			problems = append(problems, p)
		}
	}
	return problems
}

// inside is a problem at a line and column of a scalar's text.
func (f *Flow) inside(at *node, line, column int, hint, message string) Problem {
	offset, rest := 0, at.text
	for ; line > 1; line-- {
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		offset, rest = offset+end+1, rest[end+1:]
	}
	for ; column > 1 && rest != "" && rest[0] != '\n'; column-- {
		_, size := utf8.DecodeRuneInString(rest)
		offset, rest = offset+size, rest[size:]
	}
	n := *at
	n.line, n.column = f.source.locate(at, offset)
	return f.problem(&n, hint, message)
}

// liquidParses checks Liquid in a plan.
func (c *checker) liquidParses(step, field, s string) {
	if s == "" || c.read == nil {
		return
	}
	faults, variables := c.read(s)
	for _, p := range faults {
		c.add(IsError, step, field, p.Hint, "%s: %s, on line %d at %d", lastOf(field), p.Message, p.Line, p.Column)
	}
	for _, v := range variables {
		if v.asksForEvent() && !slices.ContainsFunc(c.plan.Triggers, bringsEvent) {
			c.add(IsWarning, step, field, noEvent, "%s asks for the event, and there is none in this flow", lastOf(field))
		}
	}
}
