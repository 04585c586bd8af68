// Package webhook delivers calls to the web servers of others: a JSON body, posted and signed.
//
// A call carries the key of its message in Legato-Delivery. It is the same for every attempt, so that a receiver that
// keeps it can drop repeats: a call whose answer never came is made again.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/legato-flow/legato/channel"
)

// Bounds of one call.
const (
	MaxBody     = 256 << 10 // bytes that are posted, unless Options say otherwise
	MaxResponse = 64 << 10  // bytes that are read of an answer; the rest is left
	maxHops     = 3         // redirects
	maxHeaders  = 50
)

// Options say how calls are made.
type Options struct {
	Secret  []byte           // signs every call
	Private bool             // addresses that are not public may be called too: this machine and the network it is in
	Timeout time.Duration    // of a whole call; 10 s if zero
	MaxBody int              // bytes that are posted; MaxBody if zero
	Now     func() time.Time // the time in signatures and of Retry-After; the machine's if nil
}

// Request is a call to be made.
type Request struct {
	Key     string // the same for every attempt
	URL     string // http or https
	Secret  []byte // signs this call instead of Options.Secret
	Headers map[string]string
	Body    []byte // JSON
}

// Response is the answer to a call that was taken.
type Response struct {
	Status int
	Body   []byte // its first MaxResponse bytes
	Cut    bool   // there was more of it
}

// Client makes calls. It is safe for concurrent use.
type Client struct {
	options Options
	http    http.Client
}

// New gives a client.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxBody <= 0 {
		o.MaxBody = MaxBody
	}
	dialer := &net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second}
	if !o.Private {
		dialer.Control = publicOnly
	}
	return &Client{options: o, http: http.Client{
		CheckRedirect: sameHost,
		// No proxy: it would be the proxy's address that is checked, not the receiver's.
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConns: 100, MaxIdleConnsPerHost: 8,
			IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: o.Timeout, MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// Deliver makes a call. It calls handover once, right before the call; if that fails, no call is made and its error is
// returned. An answer 2xx is a Response. An answer 429 or 5xx is a *channel.LaterError, as is a call that met no answer;
// any other answer, and a call that cannot be made, is a *channel.PermanentError.
func (c *Client) Deliver(ctx context.Context, r Request, handover func(ctx context.Context) error) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	request, err := c.request(ctx, r)
	if err != nil {
		return Response{}, err
	}
	if err := handover(ctx); err != nil {
		return Response{}, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return Response{}, failure(request.URL.Host, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxResponse+1))
	if err != nil {
		return Response{}, failure(request.URL.Host, err)
	}
	response := Response{Status: answer.StatusCode, Body: body}
	if response.Cut = len(body) > MaxResponse; response.Cut {
		response.Body = body[:MaxResponse]
	}
	switch reason := fmt.Sprintf("%s answered %d%s", request.URL.Host, answer.StatusCode, excerpt(response.Body)); {
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return response, nil
	case answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500:
		return response, &channel.LaterError{Reason: reason, After: c.retryAfter(answer.Header.Get("Retry-After"))}
	default:
		return response, &channel.PermanentError{Reason: reason}
	}
}

// request makes the signed request, or says what is wrong with it.
func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	address, err := url.Parse(r.URL)
	if err != nil || address.Hostname() == "" || address.Scheme != "http" && address.Scheme != "https" {
		return nil, channel.Permanentf("%q is not an http or https address", excerptOf(r.URL))
	}
	if len(r.Body) > c.options.MaxBody {
		return nil, channel.Permanentf("the body has %d bytes; at most %d are allowed", len(r.Body), c.options.MaxBody)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, channel.Permanentf("the address cannot be called: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Legato")
	if len(r.Headers) > maxHeaders {
		return nil, channel.Permanentf("the call has %d headers; at most %d are allowed", len(r.Headers), maxHeaders)
	}
	for name, value := range r.Headers {
		if err := checkHeader(name, value); err != nil {
			return nil, err
		}
		request.Header.Set(name, value)
	}
	secret := r.Secret
	if secret == nil {
		secret = c.options.Secret
	}
	request.Header.Set("Legato-Delivery", r.Key)
	request.Header.Set("Legato-Signature", Signature(secret, c.options.Now(), r.Body))
	return request, nil
}

// Signature is the value of the header Legato-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">.
func Signature(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(t + "."))
	_, _ = mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3); what it cannot read is no wish.
func (c *Client) retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(header), 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(c.options.Now()))
	}
	return 0
}

// failure is what a call without an answer ends with. The address is not in it: its query may hold a key.
func failure(host string, err error) error {
	if permanent := new(channel.PermanentError); errors.As(err, &permanent) {
		return permanent
	}
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return &channel.LaterError{Reason: fmt.Sprintf("calling %s: %s", host, err), Err: err}
}

// excerpt is the beginning of an answer that refuses, for the person who asks why.
func excerpt(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(string(body[:min(len(body), 2000)]), "\x00", ""), "")), " ")
	if text == "" {
		return ""
	}
	return ": " + excerptOf(text)
}

func excerptOf(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
