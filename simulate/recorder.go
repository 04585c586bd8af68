package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/legato-flow/legato/channel/email"
	"github.com/legato-flow/legato/flow/plan"
)

// Message is something that would have gone out.
type Message struct {
	At      time.Time
	Run     string // "" when it belongs to none
	Step    string
	Channel string // email, alert for one to the shop's people, or webhook for a call: To is its address, Text what is posted
	To      string
	From    string
	Subject string
	HTML    string
	Text    string
}

// Deliver records an email in the place of sending it.
func (s *Simulation) Deliver(ctx context.Context, m email.Message, handover func(context.Context) error) error {
	if err := handover(ctx); err != nil {
		return err
	}
	message := Message{At: s.clock(), Channel: plan.ChannelEmail, To: m.To, From: m.From, Subject: m.Subject, HTML: m.HTML, Text: m.Text}
	if parts := strings.Split(m.Key, "/"); len(parts) >= 3 && parts[0] == "run" {
		message.Run, message.Step = parts[1], parts[2]
		if step := s.Program.Plan.Step(message.Step); step != nil && step.Kind == plan.KindAlert {
			message.Channel = plan.KindAlert
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Messages = append(s.Messages, message)
	return nil
}

// webFeeds answers for the servers of web feeds: nothing leaves a simulation.
func (s *Simulation) webFeeds() *http.Client {
	answers := map[string]any{}
	if s.options.Definitions != nil {
		for name, feed := range s.options.Definitions.Feeds {
			if value, ok := s.options.WebFeeds[name]; ok && feed.URL != "" {
				answers[feed.URL] = value
			}
		}
	}
	return &http.Client{Transport: roundTrip(func(request *http.Request) (*http.Response, error) {
		value, ok := answers[request.URL.String()]
		if !ok {
			value = map[string]any{}
		}
		body, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		return &http.Response{
			StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
			Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		}, nil
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }
