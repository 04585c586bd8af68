package definition

import "github.com/legato-flow/legato/flow/plan"

// Message is what a step sends, as the API shows flow messages.
type Message struct {
	ID         string // that of the action, for a variant of an experiment with the variant's behind it
	Channel    string // email | sms | mobile_push | webhook | internal_alert
	Name       string
	Template   string // "" without one
	Definition map[string]any
}

// Messages shows what a step sends: nothing, one message, or the variants of an experiment.
func Messages(p *plan.Plan, s *plan.Step, names Names) []Message {
	w := newWriter(p, names)
	if s.Experiment == nil {
		return w.message(s, ActionID(p.Flow, s.ID))
	}
	var all []Message
	for i, v := range s.Experiment.Variants {
		one := variantStep(s, &s.Experiment.Variants[i])
		all = append(all, w.message(&one, ActionID(p.Flow, s.ID)+Separator+v.ID)...)
	}
	return all
}

// variantStep is the step that would send the variant alone.
func variantStep(s *plan.Step, v *plan.Variant) plan.Step {
	one := *s
	one.Kind, one.Experiment, one.Email, one.SMS, one.Push = channelOf(*v), nil, v.Email, v.SMS, v.Push
	return one
}

func (w *writer) message(s *plan.Step, id string) []Message {
	m := Message{ID: id, Name: s.Name}
	switch {
	case s.Email != nil:
		m.Channel, m.Template, m.Definition = "email", s.Email.Template, w.email(s, s.Email)
	case s.SMS != nil:
		m.Channel, m.Definition = "sms", w.sms(s, s.SMS)
	case s.Push != nil:
		m.Channel, m.Definition = "mobile_push", w.push(s, s.Push)
	case s.Webhook != nil:
		m.Channel, m.Definition = "webhook", w.webhook(s)
	case s.Alert != nil:
		m.Channel, m.Template, m.Definition = "internal_alert", s.Alert.Template, w.alert(s)
	default:
		return nil
	}
	m.Definition["id"] = id
	return []Message{m}
}
