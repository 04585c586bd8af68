// Package email delivers messages over SMTP.
//
// It speaks SMTP through net/smtp and not through go-mail's client, which makes the message: only so can the caller be
// asked right before the final dot, after which a delivery cannot be taken back.
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
	"sync"
	"time"

	"github.com/legato-flow/legato/channel"
)

// TLS says how a connection is secured.
type TLS string

// The ways to secure a connection.
const (
	TLSNone     TLS = "none"     // plain; for servers on this machine
	TLSStart    TLS = "starttls" // plain, then STARTTLS, which the server must offer
	TLSImplicit TLS = "implicit" // TLS from the first byte, as on port 465
)

// Options say which server to use, and how.
type Options struct {
	Address     string // host:port
	Username    string // no login if empty
	Password    string
	TLS         TLS           // TLSNone if empty
	TLSConfig   *tls.Config   // more about TLS; may be nil
	Hello       string        // the name we greet with; localhost if empty
	Timeout     time.Duration // for the server's next sign of life in any phase; 30 s if zero
	Connections int           // at most so many at a time; 4 if zero
	IdleTimeout time.Duration // after which an unused connection is closed; 30 s if zero
}

// maxUses is how many messages go through a connection; servers limit it too.
const maxUses = 100

// Sender delivers messages. It is safe for concurrent use.
type Sender struct {
	options Options
	slots   chan struct{}
	mu      sync.Mutex
	free    []*connection // the one used last is at the end
	closed  bool
}

// ErrClosed is what Deliver returns after Close.
var ErrClosed = errors.New("the mail sender is closed")

// New gives a sender. It connects when there is something to send.
func New(o Options) *Sender {
	if o.TLS == "" {
		o.TLS = TLSNone
	}
	if o.Hello == "" {
		o.Hello = "localhost"
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 30 * time.Second
	}
	if o.Connections <= 0 {
		o.Connections = 4
	}
	return &Sender{options: o, slots: make(chan struct{}, o.Connections)}
}

// Deliver sends a message. It calls handover once, when the server has accepted sender and recipient and has the
// whole message, right before the final dot that makes the delivery irrevocable. If handover fails, nothing is
// delivered and its error is returned. From then on ctx is not heeded, so that the answer is not lost.
//
// An answer 5xx, and a message that cannot be sent at all, is a *channel.PermanentError. An error that wraps
// channel.ErrUnknown means that the server may have the message. Any other error is temporary.
func (s *Sender) Deliver(ctx context.Context, m Message, handover func(ctx context.Context) error) error {
	data, env, err := m.bytes()
	if err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return fmt.Errorf("waiting for a connection to the mail server: %w", context.Cause(ctx))
	}
	c, err := s.take(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.net.Close() })
	final, err := c.transfer(env, data)
	if err != nil {
		stop()
		s.after(c, err)
		if ctx.Err() != nil && !channel.IsPermanent(err) {
			return fmt.Errorf("sending to the mail server: %w", context.Cause(ctx))
		}
		return err
	}
	if err := handover(ctx); err != nil {
		stop()
		_ = c.net.Close() // without the final dot the server drops what it has
		return err
	}
	if !stop() { // ctx ended, so the connection was closed before the dot was sent
		_ = c.net.Close()
		return fmt.Errorf("sending to the mail server: %w", context.Cause(ctx))
	}
	err = final()
	var answer *textproto.Error
	switch {
	case err == nil:
		c.used++
		s.give(c)
		return nil
	case errors.As(err, &answer) && answer.Code >= 400:
		s.after(c, err)
		return classify("the message", err)
	}
	_ = c.net.Close()
	return fmt.Errorf("%w: the mail server had all of it, and then: %w", channel.ErrUnknown, err)
}

// take gives a connection that is not in use, or a new one.
func (s *Sender) take(ctx context.Context) (*connection, error) {
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, ErrClosed
		}
		if len(s.free) == 0 {
			s.mu.Unlock()
			return s.dial(ctx)
		}
		c := s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
		s.mu.Unlock()
		if !c.idle.Stop() {
			continue // its time has just run out; the timer closes it
		}
		stop := context.AfterFunc(ctx, func() { _ = c.net.Close() })
		alive := c.alive()
		if stop() && alive {
			return c, nil
		}
		_ = c.net.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("waiting for the mail server: %w", context.Cause(ctx))
		}
	}
}

// after decides what becomes of a connection on which a transaction failed: an answer leaves it usable, anything
// else does not.
func (s *Sender) after(c *connection, err error) {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code != 421 {
		s.give(c)
		return
	}
	_ = c.net.Close()
}

// give keeps a connection for the next message.
func (s *Sender) give(c *connection) {
	if c.used < maxUses {
		s.mu.Lock()
		if !s.closed {
			c.idle = time.AfterFunc(s.options.IdleTimeout, func() { s.drop(c) })
			s.free = append(s.free, c)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
	c.close()
}

// drop closes a connection that has been idle too long.
func (s *Sender) drop(c *connection) {
	s.mu.Lock()
	for i, f := range s.free {
		if f == c {
			s.free = append(s.free[:i], s.free[i+1:]...)
			break
		}
	}
	s.mu.Unlock()
	c.close()
}

// Close closes the connections that are not in use. Deliveries that have begun go on to their end.
func (s *Sender) Close() error {
	s.mu.Lock()
	free := s.free
	s.free, s.closed = nil, true
	s.mu.Unlock()
	for _, c := range free {
		if c.idle.Stop() {
			c.close()
		}
	}
	return nil
}
