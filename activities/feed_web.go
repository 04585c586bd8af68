package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// How web feeds are fetched and kept.
const (
	webFresh   = 15 * time.Minute // a copy is used without asking again
	webStale   = 3 * time.Hour    // a copy is used when asking fails
	webPause   = time.Minute      // after a failure, until the URL is asked again
	webTimeout = 5 * time.Second
	webSize    = 3_300_000 // bytes
	webHops    = 3         // redirects
)

// webCopy is what a URL answered last. It asks for one caller at a time; the others wait for that answer.
type webCopy struct {
	url   string
	asked time.Time // under the lock of Feeds

	mu      sync.Mutex
	value   map[string]any
	fetched time.Time
	failed  time.Time
	err     error
}

func (c *webCopy) get(ctx context.Context, clock func() time.Time, client *http.Client) (map[string]any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := clock()
	if c.value != nil && now.Sub(c.fetched) < webFresh {
		return c.value, nil
	}
	if c.err == nil || now.Sub(c.failed) >= webPause {
		value, err := fetchJSON(ctx, client, c.url)
		switch {
		case err == nil:
			c.value, c.fetched, c.err = value, now, nil
			return value, nil
		case ctx.Err() != nil: // we gave up, not the server
			return nil, context.Cause(ctx)
		}
		c.err, c.failed = err, now
	}
	if c.value != nil && now.Sub(c.fetched) < webStale {
		return c.value, nil
	}
	return nil, c.err
}

// fetchJSON gets a JSON object.
func fetchJSON(ctx context.Context, client *http.Client, address string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, webTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", address, err)
	}
	if s := request.URL.Scheme; s != "http" && s != "https" {
		return nil, fmt.Errorf("reading %s: it is not an http or https address", address)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "Legato")
	getter := http.Client{CheckRedirect: sameHost}
	if client != nil {
		getter.Transport = client.Transport
	}
	response, err := getter.Do(request)
	if err != nil {
		var e *url.Error // it says the address again
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, fmt.Errorf("reading %s: %w", address, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading %s: the answer is %s", address, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, webSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", address, err)
	}
	if len(body) > webSize {
		return nil, fmt.Errorf("reading %s: the answer has more than %d bytes", address, webSize)
	}
	var value map[string]any
	if err := json.Unmarshal(body, &value); err != nil {
		return nil, fmt.Errorf("reading %s: the answer is not a JSON object: %w", address, err)
	}
	if value == nil {
		return nil, fmt.Errorf("reading %s: the answer is not a JSON object", address)
	}
	return value, nil
}

func sameHost(request *http.Request, via []*http.Request) error {
	if len(via) > webHops {
		return fmt.Errorf("it redirects more than %d times", webHops)
	}
	if first := via[0].URL; request.URL.Host != first.Host || first.Scheme == "https" && request.URL.Scheme != "https" {
		return fmt.Errorf("it redirects to another host, %s", request.URL.Host)
	}
	return nil
}
