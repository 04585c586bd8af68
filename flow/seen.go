package flow

import (
	"slices"

	"github.com/legato-flow/legato/flow/plan"
)

// Seen is what the data of a shop has, as far as somebody looked. CheckData holds definitions against it.
type Seen struct {
	Metrics []string              // the names of all metrics
	Lists   []string              // the ids and names of all lists
	Person  *Properties           // custom properties of profiles
	Events  map[string]Properties // by metric; a metric without events is not in it
}

// Properties are those of profiles, or of events of one metric.
type Properties struct {
	Sampled int // how many changes of profiles, or events
	ByName  map[string]*Property
}

// Property is what one property has been.
type Property struct {
	Count int            // how many have it
	Kinds map[string]int // by the kind, as JSON has it: string, number, boolean, array, object
	Dates int            // how many of the texts can be read as a date
	any   bool           // a flow sets it, so it may become anything
}

// Kinds of values that have another name in JSON. A date is text that can be read as one.
const (
	TextValue = "string"
	ListValue = "array"
	DateValue = isDate
)

// Add counts n values of a kind: TextValue, ListValue, DateValue, number, boolean or object.
func (p *Properties) Add(name, kind string, n int) {
	if p.ByName == nil {
		p.ByName = map[string]*Property{}
	}
	found := p.ByName[name]
	if found == nil {
		found = &Property{Kinds: map[string]int{}}
		p.ByName[name] = found
	}
	if kind == DateValue {
		kind, found.Dates = TextValue, found.Dates+n
	}
	found.Count += n
	found.Kinds[kind] += n
}

// names are the properties that are there, sorted.
func (p *Properties) names() []string {
	all := make([]string, 0, len(p.ByName))
	for name := range p.ByName {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// merge is what events of several metrics have together.
func (s *Seen) merge(metrics []string) Properties {
	all := Properties{ByName: map[string]*Property{}}
	for _, metric := range metrics {
		events := s.Events[metric]
		all.Sampled += events.Sampled
		for name, p := range events.ByName {
			whole := all.ByName[name]
			if whole == nil {
				whole = &Property{Kinds: map[string]int{}}
				all.ByName[name] = whole
			}
			whole.Count, whole.Dates, whole.any = whole.Count+p.Count, whole.Dates+p.Dates, whole.any || p.any
			for kind, n := range p.Kinds {
				whole.Kinds[kind] += n
			}
		}
	}
	return all
}

// Metrics are the metrics of whose events the flows ask something, sorted: those for Seen.Events.
func (d *Definitions) Metrics() []string {
	var all []string
	for _, f := range d.Flows {
		all = append(all, f.eventMetrics()...)
		for _, use := range f.noted.metrics {
			all = append(all, use.name)
		}
		for _, a := range f.noted.asked {
			all = append(all, a.x.Metrics()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// eventMetrics are the metrics of whose events one is the flow's event.
func (f *Flow) eventMetrics() []string {
	var all []string
	for _, t := range f.Plan.Triggers {
		if t.Metric != nil {
			all = append(all, t.Metric.Metric)
		}
	}
	return all
}

// madeByFlows adds what the flows themselves bring about: properties that they set, events that they record, and those that
// Legato records.
func (s *Seen) madeByFlows(d *Definitions) {
	for _, metrics := range messageMetrics {
		s.Metrics = append(s.Metrics, metrics...)
	}
	change := func(into *Properties, all ...plan.Assignment) {
		for _, a := range all {
			if into.ByName[a.Property] == nil {
				into.Add(a.Property, "", 0)
			}
			into.ByName[a.Property].any = true
		}
	}
	for _, f := range d.Flows {
		for i := range f.Plan.Steps {
			switch step := &f.Plan.Steps[i]; {
			case step.UpdateProfile != nil && s.Person != nil:
				u := step.UpdateProfile
				change(s.Person, slices.Concat(u.Set, u.Increment, u.Append)...)
			case step.Track != nil:
				s.Metrics = append(s.Metrics, step.Track.Metric)
				events := s.Events[step.Track.Metric]
				change(&events, step.Track.Properties...)
				if s.Events == nil {
					s.Events = map[string]Properties{}
				}
				s.Events[step.Track.Metric] = events
			}
		}
	}
	slices.Sort(s.Metrics)
	s.Metrics = slices.Compact(s.Metrics)
}
