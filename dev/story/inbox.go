package story

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// WebInbox reads the development inbox over HTTP.
type WebInbox struct {
	URL string // of the server that /inbox is on
}

// To lists the messages to an address, oldest first.
func (w WebInbox) To(ctx context.Context, address string) ([]Mail, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL+"/inbox/messages.json?to="+url.QueryEscape(address), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("reading the inbox: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading the inbox: %s", response.Status)
	}
	var listed struct {
		Messages []Mail `json:"messages"` // the newest first
	}
	if err := json.NewDecoder(response.Body).Decode(&listed); err != nil {
		return nil, fmt.Errorf("reading the inbox: %w", err)
	}
	slices.Reverse(listed.Messages)
	return listed.Messages, nil
}
