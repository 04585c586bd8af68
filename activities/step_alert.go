package activities

import (
	"context"

	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow/program"
)

// Alerts are kept apart from emails to people: they are no message to the profile.
var byAlert = way{channel: "alert", what: "an alert", failed: ReasonNoAlert}

// alert sends one email to people of the shop for each member, whatever the member's consent.
func (p *pass) alert(ctx context.Context, s *program.Step, members []*member) error {
	template, problem, err := p.alertTemplate(ctx, s)
	if err != nil {
		return err
	}
	feeds, unread, err := p.resolveFeeds(ctx, template, members)
	if err != nil {
		return err
	}
	if unread != nil {
		problem = unread.Error()
	}
	var parcels []*parcel
	for i, m := range members {
		if problem != "" {
			p.fail(m, s, ReasonNoAlert, map[string]any{"error": printable(problem)})
			continue
		}
		c, err := p.alertTo(ctx, s, m, template, feeds[i])
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.log(m).WarnContext(ctx, "rendering an alert", "step", s.ID, "error", err)
			p.fail(m, s, ReasonNoAlert, map[string]any{"error": printable(err.Error())})
			continue
		}
		parcels = append(parcels, c)
	}
	return p.send(ctx, s, byAlert, parcels)
}

// alertTemplate gives the alert's template, or what is wrong with it.
func (p *pass) alertTemplate(ctx context.Context, s *program.Step) (t *content.Template, problem string, err error) {
	if s.Alert.Template == "" {
		t, err = p.Content.Plain(s.ID, s.Alert.Subject, s.Alert.Body)
	} else {
		var missing bool
		if t, missing, err = p.template(ctx, s.Alert.Template); err != nil {
			return nil, "", err
		}
		if missing {
			return nil, "template " + s.Alert.Template + " is not there or does not parse", nil
		}
		t, err = t.With(map[string]string{"subject": s.Alert.Subject})
	}
	if err == nil {
		t, err = t.With(map[string]string{"from": s.Alert.From, "from_name": s.Alert.FromName})
	}
	if err != nil {
		return nil, err.Error(), nil
	}
	return t, "", nil
}

// alertTo renders and composes the alert about a member.
func (p *pass) alertTo(ctx context.Context, s *program.Step, m *member, t *content.Template, feeds map[string]any) (*parcel, error) {
	vars := p.variables(m)
	vars["feeds"] = feeds
	rendered, err := t.Render(ctx, vars)
	if err != nil {
		return nil, err
	}
	message, err := p.compose(m, s, rendered)
	if err != nil {
		return nil, err
	}
	message.To, message.Also = s.Alert.To[0], s.Alert.To[1:]
	return p.mailParcel(m, s, message, s.Alert.Template), nil
}
