package story

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// object is a JSON object to be sent.
type object = map[string]any

// call sends a JSON:API document and reads the answer's data into out, which may be nil.
func (s *Story) call(ctx context.Context, method, path string, body object, out any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, s.API+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Klaviyo-API-Key "+s.Key)
	request.Header.Set("Content-Type", "application/vnd.api+json")
	request.Header.Set("revision", "2026-07-15")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	if out == nil || len(answer) == 0 {
		return nil
	}
	return json.Unmarshal(answer, &struct {
		Data any `json:"data"`
	}{out})
}

// importProfile creates or updates a profile and gives its id.
func (s *Story) importProfile(ctx context.Context, attributes object) (string, error) {
	var profile struct {
		ID string `json:"id"`
	}
	err := s.call(ctx, http.MethodPost, "/api/profile-import",
		object{"data": object{"type": "profile", "attributes": attributes}}, &profile)
	return profile.ID, err
}

// event posts an event of a profile that exists.
func (s *Story) event(ctx context.Context, profile, metric string, properties object, more object) error {
	attributes := object{
		"metric":     object{"data": object{"type": "metric", "attributes": object{"name": metric}}},
		"profile":    object{"data": object{"type": "profile", "id": profile, "attributes": object{}}},
		"properties": properties,
	}
	for name, value := range more {
		attributes[name] = value
	}
	return s.call(ctx, http.MethodPost, "/api/events", object{"data": object{"type": "event", "attributes": attributes}}, nil)
}
