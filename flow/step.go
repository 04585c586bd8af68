package flow

import (
	"slices"
	"strings"

	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/flow/plan"
)

// Limits on steps.
const (
	maxSteps    = 200
	maxNesting  = 10 // levels of if
	maxBranches = 20 // of one if, without else
)

// stepKind is a kind of step: its spec and what reads it.
type stepKind struct {
	Spec
	bare bool // may stand without a value
	read func(r *steps, s *step, value *node, beside map[string]*node)
}

var (
	stepKinds  []stepKind
	laterSteps = []string{"wait_for", "switch", "split", "experiment", "sms", "push", "webhook", "alert", "list", "track"}
)

// The table is filled here and not where it is declared, because reading an if leads back to it.
func init() { stepKinds = []stepKind{waitStep, ifStep, emailStep, updateProfileStep, exitStep} }

// Steps are the kinds of step.
func Steps() []Spec {
	specs := make([]Spec, len(stepKinds))
	for i, kind := range stepKinds {
		specs[i] = kind.Spec
	}
	return specs
}

// step is a step as written: like plan.Step, but it contains the steps of its branches.
type step struct {
	plan.Step
	at       *node
	branches []branch // of an if
	hasElse  bool     // the last branch is else
}

type branch struct {
	when  string
	steps []*step
}

// conditional says whether a run may pass over the step.
func (s *step) conditional() bool { return s.Status == plan.Draft || s.Filter != "" }

// steps reads steps.
type steps struct {
	*reader
	depth     int
	all       []*step // in the order of the file
	ids       map[string]*node
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
		if len(r.all) >= maxSteps {
			if !r.full {
				r.full = true
				r.fail(item, "", "a flow has at most %d steps", maxSteps)
			}
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
	r.all = append(r.all, s)

	allowed := slices.Concat([]Field{{Name: kind.Kind}}, kind.Beside, StepFields())
	hints := map[string]string{}
	for _, field := range kind.Fields {
		hints[field.Name] = "indent it below " + kind.Kind
	}
	for _, other := range stepKinds {
		for _, field := range other.Beside {
			hints[field.Name] = "it belongs to " + other.Kind
		}
	}
	found := r.fields(n, check{what: "step " + kind.Kind, fields: allowed, later: laterStepFields, hints: hints})
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
		if !kind.bare {
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
		if slices.Contains(laterSteps, e.key.text) {
			r.fail(e.key, "", "step kind %s is not available yet", e.key.text)
			return nil, nil, nil
		}
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
	if slices.Contains(laterSteps, key.text) {
		r.fail(key, "", "step kind %s is not available yet", key.text)
		return
	}
	for _, kind := range stepKinds {
		for _, field := range kind.Beside {
			if field.Name == key.text {
				r.fail(key, "", "%s belongs to %s, and there is none in this step", key.text, kind.Kind)
				return
			}
		}
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
		} else if s.ID != "" {
			r.ids[s.ID] = n
		}
	}
	if n := found["name"]; n != nil {
		s.Name = r.string(n, "name", maxName)
	}
	if n := found["status"]; n != nil {
		if status := r.status(n); status == plan.Draft {
			s.Status = status
		}
	}
	if n := found["filter"]; n != nil {
		s.Filter = r.condition(n, "filter", expression.Person)
	}
}

// status reads draft or live.
func (r *reader) status(n *node) string {
	if n.text == plan.Manual {
		r.fail(n, "", "status manual is not available yet")
		return ""
	}
	return r.choice(n, "status", plan.Draft, plan.Live)
}

func kindsOf(specs []Spec) []string {
	kinds := make([]string, len(specs))
	for i, spec := range specs {
		kinds[i] = spec.Kind
	}
	return kinds
}
