package activities

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"github.com/legato-flow/legato/channel/email"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/store"
)

// Mail delivers one email. handover is called once, right before the delivery becomes irrevocable.
type Mail interface {
	Deliver(ctx context.Context, m email.Message, handover func(context.Context) error) error
}

var errSender = errors.New("sender address")

// letter is an email on its way to one member.
type letter struct {
	member  *member
	message email.Message
	attempt int
}

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
	letters, err := p.render(ctx, s, members)
	if err != nil || len(letters) == 0 {
		return err
	}
	return p.send(ctx, s, letters)
}

// render fills the template for each member. A member whose email cannot be rendered skips the step.
func (p *pass) render(ctx context.Context, s *program.Step, members []*member) ([]*letter, error) {
	template, missing, err := p.template(ctx, s.Email.Template)
	if err != nil {
		return nil, err
	}
	if missing {
		for _, m := range members {
			p.skip(m, s, ReasonTemplate, map[string]any{"error": "template " + s.Email.Template + " is not there or does not parse"})
		}
		return nil, nil
	}
	feeds := make([]map[string]any, len(members))
	if names := template.Feeds(); len(names) > 0 {
		subjects := make([]FeedSubject, len(members))
		for i, m := range members {
			subjects[i] = FeedSubject{Profile: m.run.ProfileID, EventItems: eventItems(m.event)}
		}
		if feeds, err = p.Feeds.Resolve(ctx, names, subjects); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			for _, m := range members {
				p.skip(m, s, ReasonExternalData, map[string]any{"error": err.Error()})
			}
			return nil, nil
		}
	}
	organization := p.account.Values()
	var letters []*letter
	for i, m := range members {
		rendered, err := template.Render(ctx, map[string]any{
			"person": m.person.Values, "event": m.event, "flow": p.flow, "feeds": feeds[i],
			"organization": organization, "links": p.Links(m.run.ProfileID), "now": m.now.In(m.zone),
		})
		if err == nil {
			l := &letter{member: m}
			if l.message, err = p.compose(m, s, rendered); err == nil {
				letters = append(letters, l)
				continue
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.log(m).WarnContext(ctx, "rendering an email", "step", s.ID, "template", s.Email.Template, "error", err)
		reason := ReasonTemplate
		if errors.Is(err, errSender) {
			reason = ReasonInvalidFrom
		}
		p.skip(m, s, reason, map[string]any{"error": err.Error()})
	}
	return letters, nil
}

// compose makes the message of a rendered email. Its send key and Message-ID follow from run and step alone.
func (p *pass) compose(m *member, s *program.Step, rendered content.Message) (email.Message, error) {
	message := email.Message{
		Key: sendKey(m, s), From: rendered.From, FromName: rendered.FromName, ReplyTo: rendered.ReplyTo,
		To: strings.TrimSpace(m.person.Email), ToName: m.person.Name,
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

// row is the letter's row in the table of messages.
func (l *letter) row(s *program.Step) store.Message {
	return store.Message{
		SendKey: l.message.Key, MessageID: l.message.MessageID, Step: text(s.ID), RunID: text(l.member.run.ID),
		ProfileID: l.member.run.ProfileID, Address: l.message.To, Template: s.Email.Template, Subject: l.message.Subject,
	}
}

func text(s string) sql.NullString { return sql.NullString{String: s, Valid: true} }

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
