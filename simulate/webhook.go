package simulate

import (
	"context"
	"net/http"
	"strings"

	"github.com/legato-flow/legato/channel/webhook"
	"github.com/legato-flow/legato/flow/plan"
)

// calls records the calls of webhooks in the place of making them. Each is answered with 200 and an empty object.
type calls struct{ *Simulation }

func (c calls) Deliver(ctx context.Context, r webhook.Request, handover func(context.Context) error) (webhook.Response, error) {
	if err := handover(ctx); err != nil {
		return webhook.Response{}, err
	}
	call := Message{At: c.clock(), Channel: plan.KindWebhook, To: r.URL, Text: string(r.Body)}
	if parts := strings.Split(r.Key, "/"); len(parts) >= 3 && parts[0] == "run" {
		call.Run, call.Step = parts[1], parts[2]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Messages = append(c.Messages, call)
	return webhook.Response{Status: http.StatusOK, Body: []byte("{}")}, nil
}
