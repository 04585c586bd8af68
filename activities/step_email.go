package activities

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"strings"

	"github.com/legato-flow/legato/channel/email"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
)

// Mail delivers one email. handover is called once, right before the delivery becomes irrevocable.
type Mail interface {
	Deliver(ctx context.Context, m email.Message, handover func(context.Context) error) error
}

var errSender = errors.New("sender address")

// receivedEmail is the metric of the event that tells of an email that was sent.
const receivedEmail = "Received Email"

var byEmail = way{channel: plan.ChannelEmail, what: "an email", failed: ReasonUnable}

// email renders the template for each member that may get it, and sends it at most once per run and step.
func (p *pass) email(ctx context.Context, s *program.Step, members []*member) error {
	members, err := p.reachable(ctx, s, members)
	if err != nil {
		return err
	}
	if members, err = p.capped(ctx, s, members); err != nil {
		return err
	}
	if members = p.quiet(ctx, s, members); len(members) == 0 {
		return nil
	}
	template, problem, err := p.emailTemplate(ctx, s.Email)
	if err != nil {
		return err
	}
	parameters, err := p.tracking(s.Email)
	if err != nil {
		return err
	}
	feeds, unread, err := p.resolveFeeds(ctx, template, members)
	if err != nil {
		return err
	}
	var parcels []*parcel
	for i, m := range members {
		switch {
		case problem != "":
			p.skip(m, s, ReasonTemplate, map[string]any{"error": problem})
			continue
		case unread != nil:
			p.skip(m, s, ReasonExternalData, map[string]any{"error": unread.Error()})
			continue
		}
		c, err := p.letter(ctx, s, m, template, feeds[i], parameters)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.log(m).WarnContext(ctx, "rendering an email", "step", s.ID, "template", s.Email.Template, "error", err)
			reason := ReasonTemplate
			if errors.Is(err, errSender) {
				reason = ReasonInvalidFrom
			}
			p.skip(m, s, reason, map[string]any{"error": printable(err.Error())})
			continue
		}
		c.event, err = p.newEvent(ctx, m, s, receivedEmail, map[string]any{
			"Subject": c.row.Subject, "Campaign Name": p.program.Plan.Name, "$flow": p.program.Plan.Flow, "$message": s.ID,
			"$event_id": c.row.SendKey,
		}, nil)
		if err != nil {
			return err
		}
		parcels = append(parcels, c)
	}
	return p.send(ctx, s, byEmail, parcels)
}

// emailTemplate gives the step's template with what the step sets instead, or what is wrong with it.
func (p *pass) emailTemplate(ctx context.Context, e *plan.Email) (t *content.Template, problem string, err error) {
	t, missing, err := p.template(ctx, e.Template)
	if err != nil {
		return nil, "", err
	}
	if missing {
		return nil, "template " + e.Template + " is not there or does not parse", nil
	}
	head := map[string]string{"subject": e.Subject, "preview": e.Preview, "from": e.From, "from_name": e.FromName, "reply_to": e.ReplyTo}
	if t, err = t.With(head); err != nil {
		return nil, printable(err.Error()), nil
	}
	return t, "", nil
}

// resolveFeeds gives what each member sees as feeds. unread says why the feeds cannot be had now.
func (p *pass) resolveFeeds(ctx context.Context, t *content.Template, members []*member) (feeds []map[string]any, unread, err error) {
	feeds = make([]map[string]any, len(members))
	if t == nil || len(t.Feeds()) == 0 {
		return feeds, nil, nil
	}
	subjects := make([]FeedSubject, len(members))
	for i, m := range members {
		subjects[i] = FeedSubject{Profile: m.run.ProfileID, EventItems: eventItems(m.event)}
	}
	resolved, err := p.Feeds.Resolve(ctx, t.Feeds(), subjects)
	if err != nil && ctx.Err() != nil {
		return nil, nil, err
	}
	if err != nil {
		return feeds, err, nil
	}
	return resolved, nil, nil
}

// letter renders and composes a member's email.
func (p *pass) letter(ctx context.Context, s *program.Step, m *member, t *content.Template, feeds map[string]any, parameters []tracking) (*parcel, error) {
	vars := p.variables(m)
	vars["feeds"] = feeds
	var links map[string]any
	if !s.Email.Transactional || t.MentionsUnsubscribing() {
		links = p.Links(m.run.ProfileID)
		vars["links"] = links
	}
	rendered, err := t.Render(ctx, vars)
	if err != nil {
		return nil, err
	}
	if rendered, err = p.tracked(m, s, rendered, parameters, links); err != nil {
		return nil, err
	}
	message, err := p.compose(m, s, rendered)
	if err != nil {
		return nil, err
	}
	message.To, message.ToName = strings.TrimSpace(m.person.Email), m.person.Name
	for _, copies := range []struct {
		to     *[]string
		source string
	}{{&message.CC, s.Email.CC}, {&message.BCC, s.Email.BCC}} {
		if *copies.to, err = p.addresses(ctx, copies.source, vars); err != nil {
			return nil, err
		}
	}
	if s.Email.Transactional {
		message.Unsubscribe = ""
	}
	return p.mailParcel(m, s, message, s.Email.Template), nil
}

// addresses renders a list of addresses with commas between them.
func (p *pass) addresses(ctx context.Context, source string, vars map[string]any) ([]string, error) {
	if source == "" {
		return nil, nil
	}
	snippet, err := p.Content.Text("copies", source)
	if err != nil {
		return nil, err
	}
	rendered, err := snippet.Render(ctx, vars)
	if err != nil {
		return nil, err
	}
	var all []string
	for one := range strings.SplitSeq(rendered, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all, nil
}

// variables is what templates see of a member, besides feeds and links.
func (p *pass) variables(m *member) map[string]any {
	return map[string]any{
		"person": m.person.Values, "event": shownEvent(m.event), "flow": p.flowOf(m), "steps": m.kept(), "organization": p.account.Values(),
		"now": m.now.In(m.zone),
	}
}

// shownEvent is an event as templates see it: with $extra, whose name they cannot write after a dot, as extra too.
func shownEvent(event map[string]any) map[string]any {
	extra, ok := event["$extra"]
	if _, taken := event["extra"]; !ok || taken {
		return event
	}
	shown := maps.Clone(event)
	shown["extra"] = extra
	return shown
}

// flowOf is what expressions and templates see as flow: with what earlier steps kept, as flow.steps.
func (p *pass) flowOf(m *member) map[string]any {
	if len(m.data) == 0 {
		return p.flow
	}
	flow := map[string]any{"steps": m.kept()}
	for key, value := range p.flow {
		flow[key] = value
	}
	return flow
}

// kept is what the steps of the run keep for later ones.
func (m *member) kept() map[string]any {
	steps := make(map[string]any, len(m.data))
	for id, values := range m.data {
		steps[id] = map[string]any(values)
	}
	return steps
}

// compose makes the message of a rendered email, all but its recipients. Its send key and Message-ID follow from run and
// step alone.
func (p *pass) compose(m *member, s *program.Step, rendered content.Message) (email.Message, error) {
	message := email.Message{
		Key: sendKey(m, s), From: rendered.From, FromName: rendered.FromName, ReplyTo: rendered.ReplyTo,
		Subject: rendered.Subject, HTML: rendered.HTML, Text: rendered.Text, Unsubscribe: rendered.Unsubscribe, Date: m.now.In(m.zone),
	}
	if message.From == "" {
		message.From = p.From
		if message.FromName == "" {
			message.FromName = p.FromName
		}
	}
	from, err := mail.ParseAddress(message.From)
	if err != nil {
		return message, fmt.Errorf("%w %q: %w", errSender, message.From, err)
	}
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	message.MessageID = strings.ToLower(m.run.ID) + "." + s.ID + "@" + domain
	return message, nil
}

// mailParcel makes the parcel of an email.
func (p *pass) mailParcel(m *member, s *program.Step, message email.Message, template string) *parcel {
	c := newParcel(m, s)
	c.row.MessageID, c.row.Template, c.row.Subject = message.MessageID, template, message.Subject
	c.row.Address = strings.Join(append([]string{message.To}, message.Also...), ", ")
	c.detail = map[string]any{"template": template, "to": c.row.Address, "message_id": message.MessageID, "subject": message.Subject}
	c.deliver = func(ctx context.Context, handover func(context.Context) error) (string, error) {
		return "", p.Mail.Deliver(ctx, message, handover)
	}
	return c
}

// eventItems gives the catalog items that an event names: its Items' ProductID, or its own.
func eventItems(event map[string]any) []string {
	var ids []string
	add := func(from map[string]any) {
		for _, key := range []string{"ProductID", "Product ID", "ItemID", "ItemId"} {
			switch id := from[key].(type) {
			case string:
				ids = append(ids, id)
				return
			case int, float64:
				ids = append(ids, fmt.Sprint(id))
				return
			}
		}
	}
	add(event)
	if items, ok := event["Items"].([]any); ok {
		for _, item := range items {
			if fields, ok := item.(map[string]any); ok {
				add(fields)
			}
		}
	}
	return ids
}
