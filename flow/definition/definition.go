// Package definition translates the flow definitions of the public API, which are JSON, to plans and back.
//
// Read checks a definition and makes the plan of it; Write shows any plan, also one written in YAML. What the API
// has no words for is shown as an action of the type "step", which only this server has and which is for reading
// only. Filters are those of package condition.
package definition

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/condition"
	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
)

// Names resolves what definitions refer to.
type Names interface {
	condition.Names
	Template(id string) bool // whether there is such a template
}

// Limits of a definition.
const (
	MaxActions = 200
	maxText    = 10_000 // characters of a text
	maxDays    = 400    // of a wait, as in YAML
)

// Separator stands between the ids of a flow and a step in the id of an action.
const Separator = "~"

// ActionID is the id of a step in the API.
func ActionID(flow, step string) string { return flow + Separator + step }

// SplitID takes the id of an action apart.
func SplitID(id string) (flow, step string, ok bool) { return strings.Cut(id, Separator) }

// Options of Read.
type Options struct {
	Flow  string // the flow's id
	Name  string
	Names Names
	New   bool // the definition is of a new flow: its actions have temporary ids only

	Liquid flow.LiquidCheck // checks the Liquid in it; nil checks none
}

// Read makes a plan of the definition at pointer. Raw is well-formed JSON.
func Read(raw json.RawMessage, pointer string, o Options) (*plan.Plan, member.Problems) {
	r := &reader{Options: o, pointer: pointer}
	p := &plan.Plan{Format: plan.Format, Flow: o.Flow, Name: o.Name}
	d := r.Object(raw, pointer, false)
	if d == nil {
		return nil, r.Problems
	}
	r.triggers(p, d)
	p.Filter = r.filter(d, "profile_filter", condition.Profile)
	r.reentry(p, d)
	r.actions(p, d)
	d.Done()
	if len(r.Problems) == 0 {
		r.arrange(p)
	}
	if len(r.Problems) > 0 {
		return nil, r.Problems
	}
	return p, nil
}

// ReadAction reads the definition of an action that stands in a plan already, to put it in the place of its step.
// The plan is not changed.
func ReadAction(raw json.RawMessage, pointer string, p *plan.Plan, step string, o Options) (*plan.Plan, member.Problems) {
	r := &reader{Options: o, pointer: pointer, date: p.Date(), ids: map[string]string{}, places: map[string]string{step: pointer}}
	for i := range p.Steps {
		r.ids[ActionID(o.Flow, p.Steps[i].ID)] = p.Steps[i].ID
	}
	if d := r.Object(raw, pointer, false); d != nil {
		if id := d.Text("id", false); id != "" && id != ActionID(o.Flow, step) {
			d.Fail("id", "id must be that of the action, %s.", ActionID(o.Flow, step))
		}
		if d.Take("temporary_id", false) != nil {
			d.Fail("temporary_id", "temporary_id is for new actions only.")
		}
		s := plan.Step{ID: step}
		r.action(d, &s)
		d.Done()
		changed := *p
		changed.Steps = append([]plan.Step{}, p.Steps...)
		*changed.Step(step) = s
		if len(r.Problems) == 0 {
			r.arrange(&changed)
		}
		if len(r.Problems) == 0 {
			return &changed, nil
		}
	}
	return nil, r.Problems
}

// reader reads one definition.
type reader struct {
	member.Reader
	Options
	pointer string
	date    *plan.DateTrigger
	ids     map[string]string // the ids of steps by those of actions
	places  map[string]string // pointers to actions by the ids of steps
	stock   string            // the action that waits for stock, "" when there is none
	stocked string            // the step after it
}

// filter reads a member that is a filter.
func (r *reader) filter(o *member.Object, name string, place condition.Place) string {
	raw := o.Take(name, false)
	if raw == nil {
		return ""
	}
	source, problems := condition.Compile(raw, o.At(name), place, r.Names)
	r.Problems = append(r.Problems, problems...)
	return source
}

var stepID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// actions reads the steps.
func (r *reader) actions(p *plan.Plan, d *member.Object) {
	all := d.List("actions", true)
	entry := d.Text("entry_action_id", true)
	if len(all) == 0 {
		if !d.Failed {
			d.Fail("actions", "A flow needs at least one action.")
		}
		return
	}
	if len(all) > MaxActions {
		d.Fail("actions", "A flow has at most %d actions, not %d.", MaxActions, len(all))
		return
	}
	r.date, r.ids, r.places = p.Date(), map[string]string{}, map[string]string{}
	objects, kinds := make([]*member.Object, len(all)), make([]string, len(all))
	taken := map[string]bool{}
	for i, raw := range all {
		o := r.Object(raw, d.At("actions")+"/"+itoa(i), false)
		if o == nil {
			return
		}
		id := r.identity(o)
		if id == "" {
			continue
		}
		if _, twice := r.ids[id]; twice {
			o.Fail(r.idName(), "There is another action with the id %q.", clip(id))
			continue
		}
		step := strings.TrimPrefix(id, r.Flow+Separator)
		if !stepID.MatchString(step) {
			step = ""
		}
		r.ids[id], objects[i] = step, o
		kinds[i] = id
		taken[step] = true
	}
	if len(r.Problems) > 0 {
		return
	}
	for i := range objects { // those whose ids cannot be kept are named in their order
		if id := kinds[i]; r.ids[id] == "" {
			for n := i + 1; ; n++ {
				if step := "action-" + itoa(n); !taken[step] {
					r.ids[id], taken[step] = step, true
					break
				}
			}
		}
		r.places[r.ids[kinds[i]]] = objects[i].Pointer
	}
	p.Steps = make([]plan.Step, 0, len(objects))
	for i, o := range objects {
		s := plan.Step{ID: r.ids[kinds[i]]}
		if r.action(o, &s) {
			p.Steps = append(p.Steps, s)
		}
		o.Done()
	}
	p.Entry = r.target(d, "entry_action_id", entry)
}

func (r *reader) idName() string {
	if r.New {
		return "temporary_id"
	}
	return "id"
}

// identity is the id of an action.
func (r *reader) identity(o *member.Object) string {
	id, temporary := o.Text("id", false), o.Text("temporary_id", false)
	switch {
	case r.New && id != "":
		o.Fail("id", "A new action has a temporary_id, not an id.")
	case id != "" && temporary != "":
		o.Fail("temporary_id", "An action has an id or a temporary_id, not both.")
	case id == "" && temporary == "":
		o.Fail(r.idName(), "%s is required.", r.idName())
	case len(id)+len(temporary) > 200:
		o.Fail(r.idName(), "%s has at most 200 bytes.", r.idName())
	default:
		return id + temporary
	}
	return ""
}

// target finds the step to which an id leads; "" leads to the end.
func (r *reader) target(o *member.Object, name, id string) string {
	if id == "" {
		return ""
	}
	step, ok := r.ids[id]
	if !ok {
		o.Fail(name, "There is no action with the id %q.", clip(id))
	}
	return step
}

// next reads a link.
func (r *reader) next(links *member.Object, name string) string {
	if links == nil {
		return ""
	}
	return r.target(links, name, links.Text(name, false))
}

func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:57], "") + "…"
}
