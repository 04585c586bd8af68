package activities

import (
	"fmt"
	"slices"

	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
)

// tracking is a parameter for the links of a step's messages: the same text for everybody, or what a name such as
// profile_id stands for.
type tracking struct {
	name, text string
	dynamic    string // one of store.FlowTrackingValues; "" is text
}

// tracking gives the parameters that the links of a step's emails get: those of the account for flows, with the step's
// own in the place of those of the same name and behind the others. There are none unless the account adds parameters to
// all messages or the step to its own.
func (p *pass) tracking(e *plan.Email) ([]tracking, error) {
	settings, err := p.account.TrackingSettings()
	if err != nil || !settings.AutoAdd && !e.Tracking {
		return nil, err
	}
	var all []tracking
	add := func(t tracking) {
		if i := slices.IndexFunc(all, func(a tracking) bool { return a.name == t.name }); i >= 0 {
			all[i] = t
			return
		}
		all = append(all, t)
	}
	for _, set := range settings.Parameters() {
		switch v := set.Flow; {
		case v == nil:
		case v.Type == "dynamic":
			add(tracking{name: set.Name, dynamic: v.Value})
		default:
			add(tracking{name: set.Name, text: v.Value})
		}
	}
	for _, own := range e.Parameters {
		add(tracking{name: own.Name, text: own.Value})
	}
	return all, nil
}

// maxTracked bounds, in characters, what a dynamic parameter says.
const maxTracked = 255

// tracked adds parameters to the links of a member's email. The links that p.Links made stay as they
// are.
func (p *pass) tracked(m *member, s *program.Step, rendered content.Message, parameters []tracking, links map[string]any) (content.Message, error) {
	if len(parameters) == 0 {
		return rendered, nil
	}
	all := make([]content.LinkParameter, len(parameters))
	for i, t := range parameters {
		all[i] = content.LinkParameter{Name: t.name, Value: t.text, Label: t.dynamic == "link_alt_text"}
		if t.dynamic != "" {
			all[i].Value = p.dynamic(t.dynamic, m, s, rendered.Subject)
		}
	}
	var own []string
	for _, link := range links {
		if link, ok := link.(string); ok {
			own = append(own, link)
		}
	}
	return rendered.WithParameters(all, own...)
}

// dynamic gives what a name of store.FlowTrackingValues stands for in a member's email; "" when that is not known.
func (p *pass) dynamic(name string, m *member, s *program.Step, subject string) string {
	value := ""
	message := s.Name
	if message == "" {
		message = s.ID
	}
	switch name {
	case "email_subject":
		value = subject
	case "flow_id":
		value = p.program.Plan.Flow
	case "flow_name":
		value = p.program.Plan.Name
	case "message_name":
		value = message
	case "message_name_id":
		value = fmt.Sprintf("%s (%s)", message, s.ID)
	case "message_type":
		value = plan.ChannelEmail
	case "profile_external_id":
		value, _ = m.person.Values["external_id"].(string)
	case "profile_id":
		value = m.person.ID
	}
	if runes := []rune(value); len(runes) > maxTracked {
		value = string(runes[:maxTracked])
	}
	return value
}
