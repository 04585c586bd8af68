package flow

import (
	"fmt"
	"maps"
	"slices"

	"github.com/legato-flow/legato/flow/plan"
)

func (c *checker) email(id, field string, m *plan.Email) {
	c.template(id, field+".template", m.Template)
	c.address(id, field+".from", m.From)
	c.line(id, field+".from_name", m.FromName, maxName, false)
	c.liquidParses(id, field+".from_name", m.FromName)
	c.address(id, field+".reply_to", m.ReplyTo)
	c.address(id, field+".cc", m.CC)
	c.address(id, field+".bcc", m.BCC)
	c.liquid(id, field+".subject", m.Subject, maxSubject, false)
	c.liquid(id, field+".preview", m.Preview, maxSubject, false)
	c.parameters(id, field, m.Parameters)
}

func (c *checker) parameters(id, field string, all []plan.Parameter) {
	if len(all) > maxParameters {
		c.fail(id, field+".parameters", "parameters has %d entries, the limit is %d", len(all), maxParameters)
		return
	}
	seen := map[string]bool{}
	for i, p := range all {
		field := fmt.Sprintf("%s.parameters[%d]", field, i)
		c.line(id, field+".name", p.Name, maxName, true)
		c.line(id, field+".value", p.Value, maxURL, true)
		if seen[p.Name] {
			c.fail(id, field+".name", "parameter %s is there already", quoted(p.Name))
		}
		seen[p.Name] = true
	}
}

func (c *checker) sms(id, field string, m *plan.SMS) {
	c.liquid(id, field+".body", m.Body, maxSMS, true)
	c.line(id, field+".image", m.Image, maxURL, false)
	for _, option := range slices.Sorted(maps.Keys(m.Options)) {
		c.word(id, field+".options", option, names(smsOptions))
	}
	c.parameters(id, field, m.Parameters)
}

func (c *checker) push(id, field string, m *plan.Push) {
	c.liquid(id, field+".title", m.Title, maxSubject, false)
	c.liquid(id, field+".body", m.Body, maxPush, true)
	if m.Badge != "" && !goodBadge(m.Badge) {
		c.fail(id, field+".badge", "badge must be increment, a whole number or a property such as person.unread, not %s", quoted(m.Badge))
	}
	c.line(id, field+".image", m.Image, maxURL, false)
	c.optionalWord(id, field+".open", m.Open, pushOpens...)
	c.line(id, field+".ios", m.IOS, maxURL, false)
	c.line(id, field+".android", m.Android, maxURL, false)
	c.line(id, field+".web", m.Web, maxURL, false)
	if len(m.Values) > maxPushed {
		c.fail(id, field+".values", "values has %d entries, the limit is %d", len(m.Values), maxPushed)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m.Values)) {
		c.line(id, field+".values", name, maxName, true)
		c.liquid(id, field+".values."+name, m.Values[name], maxLiquid, true)
	}
}

func (c *checker) alert(id string, a *plan.Alert) {
	if len(a.To) == 0 || len(a.To) > maxRecipients {
		c.fail(id, "alert.to", "to has %d addresses; possible are 1 to %d", len(a.To), maxRecipients)
		return
	}
	for i, to := range a.To {
		c.fault(id, fmt.Sprintf("alert.to[%d]", i), checkAddress("to", to))
		if slices.Contains(a.To[:i], to) {
			c.fail(id, fmt.Sprintf("alert.to[%d]", i), "%s is in the list twice", quoted(to))
		}
	}
	switch {
	case (a.Template == "") == (a.Body == ""):
		c.fail(id, "alert", "an alert has a template, or subject and body, and not both")
	case a.Body != "" && a.Subject == "":
		c.fail(id, "alert.subject", "an alert with a body needs a subject")
	}
	c.template(id, "alert.template", a.Template)
	c.address(id, "alert.from", a.From)
	c.line(id, "alert.from_name", a.FromName, maxName, false)
	c.liquidParses(id, "alert.from_name", a.FromName)
	c.liquid(id, "alert.subject", a.Subject, maxSubject, false)
	c.liquid(id, "alert.body", a.Body, maxLiquid, false)
}
