package flow

import (
	"maps"

	"github.com/legato-flow/legato/flow/plan"
)

// channels of messages to people.
var channels = []string{plan.ChannelEmail, plan.ChannelSMS, plan.ChannelPush}

var paces = []string{plan.Skip, plan.Defer, plan.Off}

func capField(flow bool) Field {
	return paceField(flow, "cap", plan.Skip, "What a message does that would be one too many for the person: "+
		"skip leaves it out, defer sends it at the next moment at which it may go out, off does not look.")
}

func quietHoursField(flow bool) Field {
	return paceField(flow, "quiet_hours", plan.Defer, "What a message does that is due in quiet hours: "+
		"defer sends it when they are over, skip leaves it out, off does not look.")
}

// paceField describes cap or quiet_hours, of a flow or of a message.
func paceField(flow bool, name, usual, summary string) Field {
	f := Field{Name: name, Type: "word", Values: paces, Default: "that of the flow", Summary: summary, Example: plan.Off}
	if !flow {
		return f
	}
	f.Type, f.Default, f.Example = "mapping", usual, "{email: "+plan.Defer+"}"
	f.Summary += " A word for all channels, or a word for each."
	for _, channel := range channels {
		f.Fields = append(f.Fields, Field{Name: channel, Type: "word", Values: paces, Default: usual, Example: plan.Off,
			Summary: "The same, for this channel."})
	}
	return f
}

// messageFields are the keys next to a message's kind.
var messageFields = []Field{capField(false), quietHoursField(false)}

// pace reads what messages do, by channel: a word for all of them, or a mapping. What is usual is left out, so
// that writing it makes no difference.
func (r *reader) pace(n *node, what, usual string) map[string]string {
	all := map[string]string{}
	if n.shape == mapping {
		var fields []Field
		for _, channel := range channels {
			fields = append(fields, Field{Name: channel})
		}
		for channel, value := range r.fields(n, check{what: what, fields: fields}) {
			all[channel] = r.choice(value, what, paces...)
		}
		if len(n.entries) == 0 {
			r.fail(n, "for example "+what+": "+plan.Off, "%s names no channel", what)
		}
	} else {
		word := r.choice(n, what, paces...)
		for _, channel := range channels {
			all[channel] = word
		}
	}
	maps.DeleteFunc(all, func(_, word string) bool { return word == usual })
	if len(all) == 0 {
		return nil
	}
	return all
}
