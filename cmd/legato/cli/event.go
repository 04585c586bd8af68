package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
)

func eventCommand() *cobra.Command {
	command := &cobra.Command{Use: "event", Short: "Send events"}
	command.AddCommand(eventSendCommand())
	return command
}

// eventOptions are the flags of legato event send.
type eventOptions struct {
	url, key                   string
	id, email, phone, external string
	property                   []string
	properties, profile        string
	value, currency            string
	uniqueID, time, service    string
	backfill                   bool
}

func eventSendCommand() *cobra.Command {
	var o eventOptions
	command := &cobra.Command{
		Use:   "send METRIC",
		Short: "Send one event to a running server",
		Long:  "Send one event through the public API, as any other sender would. It is stored when the command returns.",
		Example: `  legato event send "Added to Cart" --email ada@example.com --value 29.90 --property ProductName=Mug
  legato event send "Placed Order" --email ada@example.com --properties '{"OrderId": "1234", "Items": ["Mug"]}' --unique-id 1234`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if err := o.complete(orDevelopment(os.Getenv)); err != nil {
				return err
			}
			body, err := o.body(args[0])
			if err != nil {
				return err
			}
			if err := o.send(command, body); err != nil {
				return err
			}
			fmt.Fprintf(command.OutOrStdout(), "stored %s\n", args[0])
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.url, "url", "", "the server (default http:// and LEGATO_LISTEN, or the legato dev that runs in this folder)")
	flags.StringVar(&o.key, "key", "", "the private key (default LEGATO_API_KEY, else pk_dev)")
	flags.StringVar(&o.email, "email", "", "whose event it is, by email address")
	flags.StringVar(&o.phone, "phone", "", "… by phone number, such as +12345678901")
	flags.StringVar(&o.external, "external-id", "", "… by your own id of the person")
	flags.StringVar(&o.id, "profile-id", "", "… by the profile's id")
	flags.StringVar(&o.profile, "profile", "", "more attributes of the profile, as a JSON object")
	flags.StringArrayVar(&o.property, "property", nil, "a property as NAME=VALUE, the value as JSON or else as text; repeatable")
	flags.StringVar(&o.properties, "properties", "", "properties as a JSON object")
	flags.StringVar(&o.value, "value", "", "the event's value, a number")
	flags.StringVar(&o.currency, "currency", "", "the currency of the value, such as EUR")
	flags.StringVar(&o.uniqueID, "unique-id", "", "makes a repeat of this event do nothing")
	flags.StringVar(&o.time, "time", "", "when it happened, ISO 8601 (default now)")
	flags.StringVar(&o.service, "service", "", "the service that the metric belongs to (default api)")
	flags.BoolVar(&o.backfill, "backfill", false, "store it without letting it trigger flows")
	return command
}

// complete fills in what the environment knows.
func (o *eventOptions) complete(getenv func(string) string) error {
	if o.url != "" && o.key != "" {
		return nil
	}
	c, err := config.Load(getenv, "LEGATO_LISTEN")
	if err != nil {
		return err
	}
	if o.url == "" {
		o.url = "http://" + c.Listen
	}
	if o.key == "" {
		o.key = string(c.APIKey)
	}
	if o.key == "" {
		o.key = "pk_dev"
	}
	return nil
}

// body writes the request. What the API checks is left to it.
func (o *eventOptions) body(metric string) ([]byte, error) {
	properties, err := jsonObject("properties", o.properties)
	if err != nil {
		return nil, err
	}
	for _, p := range o.property {
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--property %q: expected NAME=VALUE", p)
		}
		properties[name] = value
		if json.Valid([]byte(value)) {
			properties[name] = json.RawMessage(value)
		}
	}
	attributes, err := jsonObject("profile", o.profile)
	if err != nil {
		return nil, err
	}
	setText(attributes, "email", o.email)
	setText(attributes, "phone_number", o.phone)
	setText(attributes, "external_id", o.external)
	profile := map[string]any{"type": "profile", "attributes": attributes}
	setText(profile, "id", o.id)
	named := map[string]any{"name": metric}
	setText(named, "service", o.service)
	event := map[string]any{
		"metric":     map[string]any{"data": map[string]any{"type": "metric", "attributes": named}},
		"profile":    map[string]any{"data": profile},
		"properties": properties,
		"backfill":   o.backfill,
	}
	setText(event, "value_currency", o.currency)
	setText(event, "unique_id", o.uniqueID)
	setText(event, "time", o.time)
	if o.value != "" {
		if !json.Valid([]byte(o.value)) {
			return nil, fmt.Errorf("--value %q: expected a number", o.value)
		}
		event["value"] = json.RawMessage(o.value)
	}
	return json.Marshal(map[string]any{"data": map[string]any{"type": "event", "attributes": event}})
}

func setText(object map[string]any, name, value string) {
	if value != "" {
		object[name] = value
	}
}

func jsonObject(flag, text string) (map[string]any, error) {
	all := map[string]any{}
	if text == "" {
		return all, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil || raw == nil {
		return nil, fmt.Errorf("--%s: expected a JSON object such as {\"a\": 1}", flag)
	}
	for name, value := range raw {
		all[name] = value
	}
	return all, nil
}

func (o *eventOptions) send(command *cobra.Command, body []byte) error {
	target, err := url.JoinPath(o.url, "api", "events")
	if err != nil {
		return fmt.Errorf("--url %q: %w", o.url, err)
	}
	request, err := http.NewRequestWithContext(command.Context(), http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("--url %q: %w", o.url, err)
	}
	request.Header.Set("Authorization", "Klaviyo-API-Key "+o.key)
	request.Header.Set("Content-Type", "application/vnd.api+json")
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return fmt.Errorf("sending the event: %w", err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode == http.StatusAccepted {
		return nil
	}
	return fmt.Errorf("the server refused the event: %s%s", response.Status, reasons(said))
}

// reasons lists what the API says is wrong, a line each.
func reasons(answer []byte) string {
	var doc struct {
		Errors []struct {
			Detail string
			Source struct{ Pointer string }
		}
	}
	if json.Unmarshal(answer, &doc) != nil || len(doc.Errors) == 0 {
		return ""
	}
	var lines []error
	for _, e := range doc.Errors {
		line := "  " + e.Detail
		if e.Source.Pointer != "" {
			line += " (" + e.Source.Pointer + ")"
		}
		lines = append(lines, errors.New(line))
	}
	return "\n" + errors.Join(lines...).Error()
}
