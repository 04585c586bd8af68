package flow

import (
	"slices"
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// Limits on steps.
const (
	maxNesting  = 10 // levels of branches
	maxBranches = 20 // of one if or split; of an if without else
	maxLiquid   = 20_000
)

// MaxSteps is the limit on the steps of a flow, whoever made it.
const MaxSteps = 200

// stepKind is a kind of step: its spec and what reads it.
type stepKind struct {
	Spec
	read func(r *steps, s *step, value *node, beside map[string]*node)
}

var stepKinds []stepKind

// The table is filled here and not where it is declared, because reading an if leads back to it.
func init() {
	stepKinds = []stepKind{
		waitStep, waitForStep, ifStep, switchStep, splitStep, experimentStep, emailStep, smsStep, pushStep, webhookStep, alertStep,
		updateProfileStep, listStep, trackStep, exitStep, continueStep,
	}
}

// Steps are the kinds of step.
func Steps() []Spec {
	specs := make([]Spec, len(stepKinds))
	for i, kind := range stepKinds {
		specs[i] = kind.Spec
	}
	return specs
}

// step is a step as written: like plan.Step, but it contains the steps of its paths.
type step struct {
	plan.Step
	at    *node
	paths []way
	to    *node // of a continue: the id of the step at which the run goes on
}

// way is one of the ways by which a run leaves a step. A way without steps goes on below the step.
type way struct {
	steps []*step
	next  *string // where the plan says to which step it leads
}

// messages are the kinds of step that send something to the person. In a manual flow they are manual, too, unless they
// say otherwise; what a flow does for itself, such as update_profile, only waits where its own step says manual.
var messages = []string{plan.KindEmail, plan.KindSMS, plan.KindPush, plan.KindExperiment}

const goOn = "go_on" // what a plan says with an empty OnFailure

var failures = []string{goOn, plan.FailureExits}

// steps reads steps.
type steps struct {
	*reader
	depth     int
	all       []*step // in the order of the file
	ids       map[string]*node
	date      *plan.DateTrigger // of the flow, if it has one
	manual    bool              // the flow is manual: so are its messages, unless they say otherwise
	templates []use
	full      bool // the limit is passed, and said to be
}

// list reads a list of steps; what is the key it stands behind.
func (r *steps) list(n *node, what string) []*step {
	switch n.shape {
	case list:
	case unreadable:
		return nil
	case nothing:
		r.fail(n, "", "%s has no steps; an empty branch is written []", what)
		return nil
	default:
		r.fail(n, "put a dash before each step: - wait: 1h", "%s must be a list of steps, not %s", what, n.shape)
		return nil
	}
	if r.depth > maxNesting {
		r.fail(n, "", "branches are nested more than %d deep", maxNesting)
		return nil
	}
	var steps []*step
	for _, item := range n.items {
		if len(r.all) >= MaxSteps {
			if !r.full {
				r.full = true
				r.fail(item, "", "a flow has at most %d steps", MaxSteps)
			}
			break
		}
		if len(steps) > 0 && steps[len(steps)-1].to != nil {
			r.fail(item, "", "nothing can stand below continue: the run goes on elsewhere")
			break
		}
		if s := r.step(item); s != nil {
			steps = append(steps, s)
		}
	}
	return steps
}

// step reads one step.
func (r *steps) step(n *node) *step {
	switch n.shape {
	case mapping:
	case unreadable:
		return nil
	case text:
		return r.bareStep(n)
	default:
		r.fail(n, "for example wait: 1h", "a step must be a mapping, not %s", n.shape)
		return nil
	}
	kind, key, value := r.kind(n)
	if kind == nil {
		return nil
	}
	s := &step{Step: plan.Step{Kind: kind.Kind}, at: key}
	allowed := append([]Field{{Name: kind.Kind}}, kind.Beside...)
	if !kind.Link {
		r.all = append(r.all, s)
		allowed = append(allowed, StepFields()...)
	}
	hints := map[string]string{}
	for _, field := range kind.Fields {
		hints[field.Name] = "indent it below " + kind.Kind
	}
	for _, other := range stepKinds {
		for _, field := range other.Beside {
			if owners := owners(field.Name); len(owners) > 0 {
				hints[field.Name] = "it belongs to " + oneOf(owners)
			}
		}
	}
	found := r.fields(n, check{what: "step " + kind.Kind, fields: allowed, hints: hints})
	r.common(s, found)
	kind.read(r, s, value, found)
	return s
}

// bareStep reads a step that is a word alone.
func (r *steps) bareStep(n *node) *step {
	for _, kind := range stepKinds {
		if kind.Kind != n.text {
			continue
		}
		s := &step{Step: plan.Step{Kind: kind.Kind}, at: n}
		if !kind.Bare {
			r.fail(n, "for example "+kind.Example, "step %s needs a value", kind.Kind)
			return nil
		}
		r.all = append(r.all, s)
		kind.read(r, s, &node{line: n.line, column: n.column}, nil)
		return s
	}
	r.noKind(n)
	return nil
}

// kind finds the one key that is a step's kind.
func (r *steps) kind(n *node) (found *stepKind, key, value *node) {
	for _, e := range n.entries {
		i := slices.IndexFunc(stepKinds, func(k stepKind) bool { return k.Kind == e.key.text })
		if i < 0 {
			continue
		}
		if found != nil {
			r.fail(e.key, "put a dash before it, so that it is a step of its own",
				"a step has one kind, and %s is there already", found.Kind)
			return nil, nil, nil
		}
		found, key, value = &stepKinds[i], e.key, e.value
	}
	if found != nil {
		return found, key, value
	}
	for _, e := range n.entries {
		if !slices.ContainsFunc(StepFields(), func(f Field) bool { return f.Name == e.key.text }) {
			r.noKind(e.key)
			return nil, nil, nil
		}
	}
	r.fail(n, "", "a step needs a kind: %s", oneOf(kindsOf(Steps())))
	return nil, nil, nil
}

func (r *steps) noKind(key *node) {
	known := kindsOf(Steps())
	if owners := owners(key.text); len(owners) > 0 {
		r.fail(key, "", "%s belongs to %s, and there is none in this step", key.text, oneOf(owners))
		return
	}
	if word := meant(key.text, Steps()); word != "" {
		r.fail(key, "", "unknown key %s: did you mean %s?", quoted(key.text), word)
		return
	}
	r.fail(key, "possible: "+strings.Join(known, ", "), "unknown step kind %s", quoted(key.text))
}

// common reads what every step may have.
func (r *steps) common(s *step, found map[string]*node) {
	if n := found["id"]; n != nil {
		s.ID = r.id(n, "id")
		if first := r.ids[s.ID]; first != nil {
			r.fail(n, "", "step id %s is there already, on line %d", s.ID, first.line)
			s.ID = ""
		} else if s.ID != "" {
			r.ids[s.ID] = n
		}
	}
	if n := found["name"]; n != nil {
		s.Name = r.string(n, "name", maxName)
	}
	if n := found["status"]; n != nil {
		if status := r.choice(n, "status", statuses...); status != plan.Live {
			s.Status = status
		}
	} else if r.manual && slices.Contains(messages, s.Kind) {
		s.Status = plan.Manual
	}
	if n := found["filter"]; n != nil {
		s.Filter = r.condition(n, "filter", expression.Person)
	}
	if n := found["on_failure"]; n != nil {
		if word := r.choice(n, "on_failure", failures...); word != goOn {
			s.OnFailure = word
		}
	}
	if n := found["cap"]; n != nil {
		s.Cap = r.choice(n, "cap", paces...)
	}
	if n := found["quiet_hours"]; n != nil {
		s.QuietHours = r.choice(n, "quiet_hours", paces...)
	}
}

// owners are the kinds of step next to which a key may stand.
func owners(name string) []string {
	var kinds []string
	for _, kind := range stepKinds {
		if slices.ContainsFunc(kind.Beside, func(f Field) bool { return f.Name == name }) {
			kinds = append(kinds, kind.Kind)
		}
	}
	return kinds
}

func kindsOf(specs []Spec) []string {
	kinds := make([]string, len(specs))
	for i, spec := range specs {
		kinds[i] = spec.Kind
	}
	return kinds
}
