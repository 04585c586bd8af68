package flow

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/legato-flow/legato/expression"
)

// CheckData holds definitions against the data of a shop, and warns of metrics, properties and lists that it has never had,
// and of expressions that are always false because properties are of another kind. Data may still come: so there are
// warnings only. Where there is nothing at all of a kind, nothing is said about it. It changes maps of seen.
func CheckData(d *Definitions, seen Seen) Problems {
	c := &dataCheck{said: map[Problem]bool{}, fresh: len(seen.Metrics) == 0, listless: len(seen.Lists) == 0}
	seen.madeByFlows(d)
	c.Seen = seen
	for _, f := range d.Flows {
		c.flow(f)
		for _, name := range f.Templates() {
			t := d.Templates[name]
			for _, v := range t.variables {
				if what, message, hint := c.variable(f, v); message != "" {
					if what == expression.OfEvent {
						message += ", which flow " + f.ID + " begins with"
					}
					c.warn(t.warning(v, hint, message))
				}
			}
		}
	}
	c.problems.Sort()
	return c.problems
}

// dataCheck warns of what the data does not have.
type dataCheck struct {
	Seen
	fresh    bool // there has been no event at all
	listless bool // there is no list at all
	said     map[Problem]bool
	problems Problems
}

func (c *dataCheck) warn(p Problem) {
	p.Severity = IsWarning
	if !c.said[p] {
		c.said[p] = true
		c.problems = append(c.problems, p)
	}
}

func (c *dataCheck) flow(f *Flow) {
	for _, use := range f.noted.metrics {
		if message, hint := c.metric(use.name); message != "" {
			c.warn(f.problem(use.at, hint, message))
		}
	}
	for _, use := range f.noted.lists {
		if message, hint := c.list(use.name); message != "" {
			c.warn(f.problem(use.at, hint, message))
		}
	}
	for _, use := range f.noted.dates {
		m := expression.Mention{Written: use.name, Needs: expression.NeedsDate}
		if message, hint := c.property([]string{use.name}, m, c.people()); message != "" {
			c.warn(f.problem(use.at, hint, message))
		}
	}
	for _, a := range f.noted.asked {
		before := len(a.at.text) - len(strings.TrimLeftFunc(a.at.text, unicode.IsSpace))
		for _, m := range a.x.Mentions(a.condition) {
			if message, hint := c.mention(f, a, m); message != "" {
				n := *a.at
				n.line, n.column = f.source.locate(a.at, before+m.Offset)
				c.warn(f.problem(&n, hint, message))
			}
		}
	}
	for _, piece := range f.noted.liquids {
		for _, v := range piece.variables {
			if _, message, hint := c.variable(f, v); message != "" {
				c.warn(f.inside(piece.at, v.Line, v.Column, hint, message))
			}
		}
	}
}

// metric says that there is no such metric.
func (c *dataCheck) metric(name string) (message, hint string) {
	if c.fresh || slices.Contains(c.Metrics, name) {
		return "", ""
	}
	return fmt.Sprintf("no event of the metric %s has been received so far", quoted(name)), meaning(name, c.Metrics)
}

func (c *dataCheck) list(name string) (message, hint string) {
	if c.listless || slices.Contains(c.Lists, name) {
		return "", ""
	}
	return fmt.Sprintf("there is no list %s", quoted(name)), meaning(name, c.Lists)
}

// meaning is a hint at the name that was meant, which may differ in case only.
func meaning(name string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return fmt.Sprintf("did you mean %s?", k)
		}
	}
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return ""
}

// mention says what is wrong with something that an expression names.
func (c *dataCheck) mention(f *Flow, a asked, m expression.Mention) (message, hint string) {
	switch m.Of {
	case expression.OfMetric:
		return c.metric(m.Name)
	case expression.OfList:
		return c.list(m.Name)
	case expression.OfPast:
		return c.property(m.Path, m, c.events([]string{m.Metric}))
	case expression.OfPerson:
		return c.property(m.Path, m, c.people())
	}
	metrics := f.eventMetrics()
	switch {
	case a.scope == expression.Trigger && a.metric == "", a.scope == expression.Person && len(metrics) < len(f.Plan.Triggers):
		return "", "" // an item of the catalog, or nothing
	case a.scope == expression.Trigger:
		metrics = []string{a.metric}
	}
	return c.property(m.Path, m, c.events(metrics))
}

// variable says what is wrong with a variable of Liquid, and what it is of.
func (c *dataCheck) variable(f *Flow, v Variable) (what, message, hint string) {
	if len(v.Path) < 2 {
		return "", "", ""
	}
	m := expression.Mention{Of: v.Path[0], Written: strings.Join(v.Path, ".")}
	if m.Of == expression.OfEvent && v.Path[1] == "extra" {
		return "", "", "" // $extra, as templates write it: for them alone, and of any shape
	}
	switch metrics := f.eventMetrics(); {
	case m.Of == expression.OfPerson:
		message, hint = c.property(v.Path[1:], m, c.people())
	case m.Of == expression.OfEvent && len(metrics) == len(f.Plan.Triggers):
		message, hint = c.property(v.Path[1:], m, c.events(metrics))
	}
	return m.Of, message, hint
}

// evidence is where a property was looked for.
type evidence struct {
	Properties
	of  string              // "events of Added to Cart"
	own map[string][]string // what is there always: the kinds that it has
}

func (c *dataCheck) people() evidence {
	s := evidence{of: "changes of profiles", own: personOwn}
	if c.Person != nil {
		s.Properties = *c.Person
	}
	return s
}

func (c *dataCheck) events(metrics []string) evidence {
	return evidence{Properties: c.merge(metrics), of: "events of " + oneOf(metrics), own: eventOwn}
}

const isDate = "date" // the kind of attributes that are times

var (
	personOwn = map[string][]string{
		"id": {"string"}, "email": {"string"}, "phone_number": {"string"}, "external_id": {"string"}, "anonymous_id": {"string"},
		"first_name": {"string"}, "last_name": {"string"}, "organization": {"string"}, "locale": {"string"}, "title": {"string"},
		"image": {"string"}, "location": {"object"}, "created": {isDate}, "updated": {isDate},
	}
	placeOwn = []string{"address1", "address2", "city", "region", "zip", "country", "latitude", "longitude", "timezone", "ip"}
	eventOwn = map[string][]string{
		"id": {"string"}, "metric": {"string"}, "time": {isDate}, "value": {"number"}, "currency": {"string"},
		"$value": {"number"}, "$value_currency": {"string"}, "$event_id": {"string"},
	}
)

// kindsFor are the kinds of JSON that satisfy a need. A text may be a date as well.
var kindsFor = map[expression.Need][]string{
	expression.NeedsText: {"string"}, expression.NeedsNumber: {"number"}, expression.NeedsBoolean: {"boolean"},
	expression.NeedsList: {"array"}, expression.NeedsTextOrList: {"string", "array"}, expression.NeedsDate: {isDate, "string"},
}

// property says that nothing has a property, or that it is of a kind with which the mention comes to nothing.
func (c *dataCheck) property(path []string, m expression.Mention, s evidence) (message, hint string) {
	name := path[0]
	if kinds, ok := s.own[name]; ok {
		if name == "location" && len(path) > 1 && !slices.Contains(placeOwn, path[1]) {
			return fmt.Sprintf("a location has no %s", quoted(path[1])), meaning(path[1], placeOwn)
		}
		return own(kinds, len(path), m)
	}
	p := s.ByName[name]
	switch {
	case p == nil && s.Sampled == 0:
		return "", "" // there is nothing to compare with
	case p == nil:
		known := s.names()
		for name := range s.own {
			known = append(known, name)
		}
		slices.Sort(known)
		return fmt.Sprintf("none of the %d %s so far has a property %s", s.Sampled, s.of, quoted(name)), meaning(name, known)
	case p.any || m.Needs == "" || len(path) > 1 || p.Count == 0:
		return "", ""
	}
	kinds := kindsFor[m.Needs]
	function := m.Operator != "" && unicode.IsLetter(rune(m.Operator[0]))
	if m.Needs == expression.NeedsDate && function {
		kinds = append(slices.Clone(kinds), "number") // Unix seconds
	}
	for _, kind := range kinds {
		if p.Kinds[kind] > 0 && (kind != "string" || m.Needs != expression.NeedsDate || p.Dates > 0) {
			return "", ""
		}
	}
	return fmt.Sprintf("%s is %s in all %d of the %d %s so far that have it, and %s",
		m.Written, kindsOfValues(p), p.Count, s.Sampled, s.of, comesToNothing(m)), remedy(m, p)
}

// own checks an attribute whose kind is known.
func own(kinds []string, depth int, m expression.Mention) (message, hint string) {
	if m.Needs == "" || depth > 1 {
		return "", ""
	}
	for _, kind := range kindsFor[m.Needs] {
		if slices.Contains(kinds, kind) {
			return "", ""
		}
	}
	return fmt.Sprintf("%s is %s, and %s", m.Written, kindNames[kinds[0]], comesToNothing(m)), ""
}

var kindNames = map[string]string{
	"string": "text", "number": "a number", "boolean": "true or false", "array": "a list", "object": "an object", isDate: "a time",
}

// kindsOfValues are the kinds that a property has been, the most frequent one first.
func kindsOfValues(p *Property) string {
	var kinds []string
	for kind := range p.Kinds {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int {
		if p.Kinds[a] != p.Kinds[b] {
			return p.Kinds[b] - p.Kinds[a]
		}
		return strings.Compare(a, b)
	})
	for i, kind := range kinds {
		kinds[i] = kindNames[kind]
	}
	return oneOf(kinds)
}

// comesToNothing says what is asked in vain.
func comesToNothing(m expression.Mention) string {
	switch {
	case m.Operator == "" && m.Needs == expression.NeedsDate:
		return "never a date, so that nobody enters by it"
	case m.Operator == "":
		return "is never true here"
	case m.Operator != "in" && unicode.IsLetter(rune(m.Operator[0])):
		return fmt.Sprintf("%s needs %s", m.Operator, m.Needs)
	case strings.Contains("+-*/%", m.Operator):
		return fmt.Sprintf("%s with %s gives nothing", m.Operator, m.Needs)
	case m.Needs == expression.NeedsDate && m.Operator != "":
		return fmt.Sprintf("never a date, so %s is always false", m.Operator)
	}
	return fmt.Sprintf("%s with %s is always false", m.Operator, m.Needs)
}

// remedy is what to write instead.
func remedy(m expression.Mention, p *Property) string {
	text, number := p.Kinds["string"] > 0, p.Kinds["number"] > 0
	switch {
	case m.Needs == expression.NeedsNumber && text:
		return fmt.Sprintf("number(%s) reads a number from text", m.Written)
	case m.Needs == expression.NeedsText && number && m.Literal:
		return "a number is written without quotes"
	case (m.Needs == expression.NeedsText || m.Needs == expression.NeedsTextOrList) && number:
		return fmt.Sprintf("string(%s) is the number as text", m.Written)
	case m.Needs == expression.NeedsDate && text:
		return "a date is like 2026-05-10, or as the reference says"
	case m.Needs == expression.NeedsDate && number:
		return fmt.Sprintf("date(%s) reads Unix seconds", m.Written)
	case m.Needs == expression.NeedsBoolean && text:
		return fmt.Sprintf(`compare it with text, like %s == "true"`, m.Written)
	}
	return ""
}
