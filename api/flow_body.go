package api

import (
	"context"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/definition"
	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

// maxFlowBody is the limit of a body with a definition.
const maxFlowBody = 1 << 20

// names resolves what definitions refer to, as it stood when they were loaded.
type names struct {
	metrics, lists map[string]string // names by id
	metric, list   map[string]string // ids by name
	templates      map[string]bool
}

func loadNames(ctx context.Context, s *store.Store) (*names, error) {
	n := &names{metrics: map[string]string{}, lists: map[string]string{}, metric: map[string]string{}, list: map[string]string{}, templates: map[string]bool{}}
	metrics, err := s.MetricNames(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range metrics { // of several with one name the oldest stands for all, as expressions know the name only
		n.metrics[m.ID] = m.Name
		if n.metric[m.Name] == "" {
			n.metric[m.Name] = m.ID
		}
	}
	lists, err := s.ListNames(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		n.lists[l.ID] = l.Name
	}
	for _, l := range lists {
		_, twice := n.list[l.Name]
		_, isID := n.lists[l.Name]
		if twice || isID {
			n.list[l.Name] = "" // the name alone does not say which
			continue
		}
		n.list[l.Name] = l.ID
	}
	templates, err := s.TemplateIDs(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range templates {
		n.templates[id] = true
	}
	return n, nil
}

func (n *names) Metric(id string) (string, bool)     { name, ok := n.metrics[id]; return name, ok }
func (n *names) MetricID(name string) (string, bool) { id, ok := n.metric[name]; return id, ok }
func (n *names) Template(id string) bool             { return n.templates[id] }

func (n *names) List(id string) (string, bool) {
	name, ok := n.lists[id]
	if ok && n.list[name] == "" {
		return id, true
	}
	return name, ok
}

func (n *names) ListID(name string) (string, bool) {
	if id := n.list[name]; id != "" {
		return id, true
	}
	_, ok := n.lists[name]
	return name, ok
}

func decodeFlow(in *reader, raw jsontext.Value, names *names, liquid flow.LiquidCheck) *plan.Plan {
	top, _ := in.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return nil
	}
	data.kind("flow")
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return nil
	}
	name := attributes.required("name", parseFlowName)
	body, given := attributes.take("definition")
	if !given {
		in.report(attributes.at("definition"), "definition is required.")
	}
	attributes.done()
	if !given {
		return nil
	}
	// The id is made when the flow is stored; plans carry it, but nothing in a new one refers to it.
	p, wrong := definition.Read(json.RawMessage(body), attributes.at("definition"), definition.Options{Flow: "new", Name: name, Names: names, New: true, Liquid: liquid})
	in.reportAll(wrong)
	return p
}

// reportAll adds what was found wrong in a definition.
func (r *reader) reportAll(wrong member.Problems) {
	for _, p := range wrong {
		r.report(p.Pointer, "%s", p.Message)
	}
}

func parseFlowName(s string) (string, error) {
	if n := utf8.RuneCountInString(s); n == 0 || n > 200 {
		return "", errors.New("must be 1 to 200 characters long")
	}
	return s, nil
}

// decodeStatus reads the body that changes a flow: its status, and nothing else.
func decodeStatus(in *reader, raw jsontext.Value, id string) (status string) {
	attributes := in.update(raw, "flow", id)
	if attributes == nil {
		return ""
	}
	status = attributes.required("status", func(s string) (string, error) {
		if s != plan.Draft && s != plan.Manual && s != plan.Live {
			return "", errors.New("must be draft, manual or live")
		}
		return s, nil
	})
	attributes.done()
	return status
}

// update opens a body that changes a resource, which must be the one that the path names.
func (r *reader) update(raw jsontext.Value, kind, id string) *object {
	top, _ := r.open("", raw)
	data, ok := top.object("data", true)
	top.done()
	if !ok {
		return nil
	}
	data.kind(kind)
	data.required("id", func(s string) (string, error) {
		if s != id {
			return "", errors.New("must be the id in the path")
		}
		return s, nil
	})
	attributes, ok := data.object("attributes", true)
	data.done()
	if !ok {
		return nil
	}
	return attributes
}
