package definition

import (
	"strconv"
	"strings"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
)

func itoa(i int) string { return strconv.Itoa(i) }

// unavailable are types of actions of the API that cannot run here.
var unavailable = map[string]string{
	"send-whatsapp":       "there is no WhatsApp channel",
	"code":                "there is no place to run code",
	"action-output-split": "actions have no output to branch by",
	"step":                "an action of this type shows what only YAML can say, and is for reading",
}

// reads are how the data of actions is read, by type. Links of those in branching are read with it.
var reads map[string]func(r *reader, data *member.Object, s *plan.Step)

var branching = map[string]func(r *reader, a *member.Object, data *member.Object, s *plan.Step){
	"conditional-split":  (*reader).conditionalSplit,
	"trigger-split":      (*reader).triggerSplit,
	"multi-branch-split": (*reader).multiBranchSplit,
}

func init() {
	reads = map[string]func(r *reader, data *member.Object, s *plan.Step){
		"send-email": func(r *reader, data *member.Object, s *plan.Step) {
			r.message(data, s, func(m *member.Object) { s.Kind, s.Email = plan.KindEmail, r.email(m, s) })
		},
		"send-sms": func(r *reader, data *member.Object, s *plan.Step) {
			r.message(data, s, func(m *member.Object) { s.Kind, s.SMS = plan.KindSMS, r.sms(m, s) })
		},
		"send-mobile-push": func(r *reader, data *member.Object, s *plan.Step) {
			r.message(data, s, func(m *member.Object) { s.Kind, s.Push = plan.KindPush, r.push(m, s) })
		},
		"send-webhook": func(r *reader, data *member.Object, s *plan.Step) {
			r.message(data, s, func(m *member.Object) { s.Kind, s.Webhook = plan.KindWebhook, r.webhook(m) })
		},
		"send-internal-alert": func(r *reader, data *member.Object, s *plan.Step) {
			r.message(data, s, func(m *member.Object) { s.Kind, s.Alert = plan.KindAlert, r.alert(m) })
		},
		"time-delay":       (*reader).timeDelay,
		"countdown-delay":  (*reader).countdown,
		"target-date":      (*reader).targetDate,
		"update-profile":   (*reader).updateProfile,
		"list-update":      (*reader).listUpdate,
		"internal-service": (*reader).service,
		"ab-test": func(r *reader, data *member.Object, s *plan.Step) {
			r.experiment(data, s, emailWinners, "send-email", "send-sms")
		},
		"content-experiment": func(r *reader, data *member.Object, s *plan.Step) {
			r.experiment(data, s, pushWinners, "send-mobile-push")
		},
	}
}

// action reads an action whose id is known. It says whether the action is a step of the plan.
func (r *reader) action(a *member.Object, s *plan.Step) bool {
	kind := a.Text("type", true)
	if reason := unavailable[kind]; reason != "" {
		a.Fail("type", "%s is not available here: %s.", kind, reason)
		a.Skip()
		return true
	}
	if kind == "back-in-stock-delay" {
		if r.stock != "" {
			a.Fail("type", "A flow has one back-in-stock-delay, right after its trigger.")
		}
		a.Take("data", false)
		r.stock, r.stocked = s.ID, r.links(a)
		return false
	}
	split, read := branching[kind], reads[kind]
	if split == nil && read == nil {
		if kind != "" {
			a.Fail("type", "There is no action of the type %q.", clip(kind))
		}
		a.Skip()
		return true
	}
	data := a.Object("data", true)
	if data == nil {
		a.Skip()
		return true
	}
	if split != nil {
		split(r, a, data, s)
	} else {
		read(r, data, s)
		s.Next = r.links(a)
	}
	data.Done()
	return true
}

// links reads the only way on.
func (r *reader) links(a *member.Object) string {
	links := a.Object("links", false)
	next := r.next(links, "next")
	if links != nil {
		links.Done()
	}
	return next
}

// status reads whether a step acts.
func (r *reader) status(data *member.Object) string {
	if !data.Has("status") {
		return plan.Draft
	}
	switch data.Choice("status", "draft", "manual", "live", "disabled") {
	case "manual":
		return plan.Manual
	case "live":
		return ""
	}
	return plan.Draft
}

// name reads what people see of a step.
func (r *reader) name(o *member.Object, s *plan.Step) {
	s.Name = r.text(o, "name", false, 200)
}

// text reads a text of a bounded length.
func (r *reader) text(o *member.Object, name string, required bool, most int) string {
	s := o.Text(name, required)
	if n := len([]rune(s)); n > most {
		o.Fail(name, "%s has %d characters; at most %d are accepted.", name, n, most)
	}
	return s
}

// arrange checks where the links lead, puts the steps in order and says where paths meet again.
func (r *reader) arrange(p *plan.Plan) {
	if r.stock != "" {
		r.backInStock(p)
	}
	if circle := p.Order(); circle != nil {
		r.Fail(r.places[circle[0]], "The links lead in a circle: %s.", strings.Join(r.shown(circle), " → "))
		return
	}
	meet(p)
	reached := map[string]bool{p.Entry: true}
	for i := range p.Steps {
		s := &p.Steps[i]
		if !reached[s.ID] {
			r.Fail(r.places[s.ID], "No other action leads to this one.")
			continue
		}
		for _, next := range s.Successors() {
			reached[next] = true
		}
	}
	if len(r.Problems) == 0 {
		r.check(p)
	}
}

// check holds the plan to the rules for plans from wherever. What the other checks say they say better, with the
// name that the API has for a thing.
func (r *reader) check(p *plan.Plan) {
	for _, f := range flow.CheckPlan(p, plan.Draft, r.Liquid) {
		if f.Severity != flow.IsError {
			continue
		}
		at, message := r.pointer, f.Message
		if place := r.places[f.Step]; place != "" {
			at = place
		}
		if f.Hint != "" {
			message += "; " + f.Hint
		}
		r.Fail(at, "%s.", strings.ToUpper(message[:1])+message[1:])
	}
}

// shown are the ids of steps as the sender wrote them.
func (r *reader) shown(steps []string) []string {
	all := make([]string, len(steps))
	for i, step := range steps {
		all[i] = step
		for id, s := range r.ids {
			if s == step {
				all[i] = clip(id)
			}
		}
	}
	return all
}

// meet sets the Next of steps with branches to where all ways meet again: a run goes on there that passes over
// the step. The steps are in order.
func meet(p *plan.Plan) {
	index := make(map[string]int, len(p.Steps))
	for i := range p.Steps {
		index[p.Steps[i].ID] = i
	}
	end := len(p.Steps)
	on := make([][]bool, end+1) // by step: which steps are on every way from it
	on[end] = make([]bool, end+1)
	on[end][end] = true
	for i := end - 1; i >= 0; i-- {
		s := &p.Steps[i]
		if s.Branches() {
			s.Next = ""
		}
		ways := s.Successors()
		if s.Branches() {
			ways = ways[:len(ways)-1]
		}
		every := make([]bool, end+1)
		for w, next := range ways {
			to, ok := index[next]
			if !ok {
				to = end
			}
			for j := range every {
				every[j] = on[to][j] && (w == 0 || every[j])
			}
		}
		if s.Branches() {
			for j := i + 1; j < end; j++ {
				if every[j] {
					s.Next = p.Steps[j].ID
					break
				}
			}
		}
		every[i] = true
		on[i] = every
	}
}
