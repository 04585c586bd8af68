package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"unicode/utf8"

	"github.com/legato-flow/legato/channel/webhook"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow/program"
)

// Webhooks makes one call. handover is called once, right before it.
type Webhooks interface {
	Deliver(ctx context.Context, r webhook.Request, handover func(context.Context) error) (webhook.Response, error)
}

// A call carries its send key, by which the receiver can drop repeats: it is made again when nobody knows whether it
// arrived.
var byWebhook = way{channel: "webhook", what: "a webhook", failed: ReasonWebhook, repeatable: true}

// webhook calls a server about each member and keeps what it answers for later steps.
func (p *pass) webhook(ctx context.Context, s *program.Step, members []*member) error {
	call, err := p.callOf(s)
	if err == nil && p.Webhooks == nil {
		err = errors.New("this worker makes no calls")
	}
	var parcels []*parcel
	for _, m := range members {
		problem := err
		var request webhook.Request
		if problem == nil {
			request, problem = call.render(ctx, p, m)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if problem != nil {
			p.log(m).WarnContext(ctx, "rendering a webhook", "step", s.ID, "error", problem)
			p.fail(m, s, ReasonWebhookSyntax, map[string]any{"error": printable(problem.Error())})
			continue
		}
		c := newParcel(m, s)
		c.row.Address = call.host
		c.detail = map[string]any{"to": call.host}
		c.deliver = func(ctx context.Context, handover func(context.Context) error) (string, error) {
			response, err := p.Webhooks.Deliver(ctx, request, handover)
			if err != nil {
				return "", err
			}
			return answer(response), nil
		}
		parcels = append(parcels, c)
	}
	return p.send(ctx, s, byWebhook, parcels)
}

// call is a webhook step ready to be rendered.
type call struct {
	step      *program.Step
	url, host string
	body      *content.Snippet // nil is everything there is
	headers   map[string]*content.Snippet
}

func (p *pass) callOf(s *program.Step) (*call, error) {
	address, err := url.Parse(s.Webhook.URL)
	if err != nil {
		return nil, errors.New("the address of the webhook cannot be read")
	}
	c := &call{step: s, url: s.Webhook.URL, host: address.Host, headers: map[string]*content.Snippet{}}
	if s.Webhook.Body != "" {
		if c.body, err = p.Content.JSON("body", s.Webhook.Body); err != nil {
			return nil, err
		}
	}
	for name, value := range s.Webhook.Headers {
		if c.headers[name], err = p.Content.Text("header "+name, value); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// render fills the call for a member.
func (c *call) render(ctx context.Context, p *pass, m *member) (webhook.Request, error) {
	request := webhook.Request{Key: sendKey(m, c.step), URL: c.url, Headers: map[string]string{}}
	vars := p.variables(m)
	for name, value := range c.headers {
		rendered, err := value.Render(ctx, vars)
		if err != nil {
			return request, err
		}
		request.Headers[name] = rendered
	}
	if c.body == nil {
		var err error
		request.Body, err = json.Marshal(map[string]any{
			"run":    map[string]any{"id": m.run.ID, "flow": m.run.FlowID, "step": c.step.ID, "profile": m.run.ProfileID, "entered_at": m.run.EnteredAt.UTC()},
			"person": m.person.Values, "event": m.event,
		})
		return request, err
	}
	body, err := c.body.Render(ctx, vars)
	if err != nil {
		return request, err
	}
	request.Body = []byte(body)
	if !json.Valid(request.Body) {
		return request, fmt.Errorf("the body came out as what is no JSON%s", wrongAt(request.Body))
	}
	return request, nil
}

// wrongAt says where a text stops being JSON.
func wrongAt(body []byte) string {
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(body, new(any)), &syntax) {
		return ""
	}
	at := min(max(int(syntax.Offset)-1, 0), len(body))
	return fmt.Sprintf(" (%s, at %q)", syntax, shortened(body[at:]))
}

func shortened(b []byte) []byte {
	if len(b) > 40 {
		return b[:40]
	}
	return b
}

// answer is what a run keeps of a response: {"status": 200, "response": …} with the response as JSON where it is some,
// else as text. What is too long is cut off a text, and left out where cutting would break it.
func answer(r webhook.Response) string {
	kept := map[string]any{"status": r.Status}
	value, isJSON := value(r.Body)
	switch {
	case isJSON && !r.Cut && len(r.Body) <= maxAnswer:
		kept["response"] = value
	case isJSON:
		kept["left_out"] = true
	case utf8.Valid(r.Body) || r.Cut:
		text := printable(string(r.Body[:min(len(r.Body), maxAnswer)]))
		kept["response"] = text
		if len(r.Body) > maxAnswer {
			kept["left_out"] = true
		}
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return fmt.Sprintf(`{"status": %d, "left_out": true}`, r.Status)
	}
	return string(data)
}

// value reads JSON that Postgres and expressions can hold.
func value(body []byte) (any, bool) {
	trimmed := bytes.TrimSpace(body)
	var v any
	if len(trimmed) == 0 || json.Unmarshal(trimmed, &v) != nil {
		return nil, false
	}
	return holdable(v, maxNesting)
}

// holdable gives v without characters that Postgres refuses, or says no where it is nested deeper than depth.
func holdable(v any, depth int) (any, bool) {
	if depth == 0 {
		return nil, false
	}
	ok := true
	switch v := v.(type) {
	case string:
		return printable(v), true
	case []any:
		for i := range v {
			if v[i], ok = holdable(v[i], depth-1); !ok {
				return nil, false
			}
		}
	case map[string]any:
		held := make(map[string]any, len(v))
		for key, inner := range v {
			if held[printable(key)], ok = holdable(inner, depth-1); !ok {
				return nil, false
			}
		}
		return held, true
	}
	return v, true
}
