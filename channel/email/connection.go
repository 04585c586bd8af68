package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"github.com/legato-flow/legato/channel"
)

// connection is one SMTP session, used for one message after another.
type connection struct {
	net    *deadlineConn
	client *smtp.Client
	used   int
	idle   *time.Timer
}

// deadlineConn gives every read and write its own time: a server that stops answering in any phase is given up.
type deadlineConn struct {
	net.Conn
	timeout time.Duration
}

func (c *deadlineConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *deadlineConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// dial connects, secures the connection and logs in. None of its errors is about a message, so none is permanent.
func (s *Sender) dial(ctx context.Context) (*connection, error) {
	host, _, err := net.SplitHostPort(s.options.Address)
	if err != nil {
		return nil, fmt.Errorf("the mail server's address %q: %w", s.options.Address, err)
	}
	dialer := net.Dialer{Timeout: s.options.Timeout}
	conn, err := dialer.DialContext(ctx, "tcp", s.options.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting to the mail server: %w", err)
	}
	c := &connection{net: &deadlineConn{Conn: conn, timeout: s.options.Timeout}}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := s.open(c, host); err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return c, nil
}

func (s *Sender) open(c *connection, host string) (err error) {
	config := s.options.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	var wire net.Conn = c.net
	if s.options.TLS == TLSImplicit {
		wire = tls.Client(wire, config)
	}
	if c.client, err = smtp.NewClient(wire, host); err != nil {
		return fmt.Errorf("waiting for the mail server's greeting: %w", err)
	}
	if err := c.client.Hello(s.options.Hello); err != nil {
		return fmt.Errorf("greeting the mail server: %w", err)
	}
	if s.options.TLS == TLSStart {
		if ok, _ := c.client.Extension("STARTTLS"); !ok {
			return errors.New("the mail server does not offer STARTTLS")
		}
		if err := c.client.StartTLS(config); err != nil {
			return fmt.Errorf("starting TLS with the mail server: %w", err)
		}
	}
	if s.options.Username == "" {
		return nil
	}
	_, mechanisms := c.client.Extension("AUTH")
	auth, err := s.auth(host, strings.Fields(strings.ToUpper(mechanisms)))
	if err != nil {
		return err
	}
	if err := c.client.Auth(auth); err != nil {
		return fmt.Errorf("logging in at the mail server: %w", err)
	}
	return nil
}

// alive asks a connection that has been idle whether it is still good.
func (c *connection) alive() bool { return c.client.Reset() == nil }

// command says a command and reads the answer. net/smtp has its own for MAIL and RCPT, which demand SMTPUTF8 for
// every message as soon as the server knows it.
func (c *connection) command(expect int, format string, args ...any) error {
	id, err := c.client.Text.Cmd(format, args...)
	if err != nil {
		return err
	}
	c.client.Text.StartResponse(id)
	defer c.client.Text.EndResponse(id)
	_, _, err = c.client.Text.ReadResponse(expect)
	return err
}

// transfer takes a message as far as the body, all but the line with the final dot.
func (c *connection) transfer(env envelope, data []byte) (final func() error, err error) {
	parameters := ""
	if env.utf8 {
		if ok, _ := c.client.Extension("SMTPUTF8"); !ok {
			return nil, channel.Permanentf("the mail server cannot send to %s (no SMTPUTF8)", env.to[0])
		}
		parameters = " SMTPUTF8"
	}
	if ok, _ := c.client.Extension("SIZE"); ok {
		parameters += fmt.Sprintf(" SIZE=%d", len(data))
	}
	if err := c.command(25, "MAIL FROM:<%s>%s", env.from, parameters); err != nil {
		return nil, classify("MAIL", err)
	}
	if err := c.recipients(env); err != nil {
		return nil, err
	}
	if err := c.command(354, "DATA"); err != nil {
		return nil, classify("DATA", err)
	}
	w := c.client.Text.DotWriter()
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		data = append(data, "\r\n"...)
	}
	if _, err := w.Write(data); err != nil {
		return nil, fmt.Errorf("sending the message: %w", err)
	}
	if err := c.client.Text.W.Flush(); err != nil {
		return nil, fmt.Errorf("sending the message: %w", err)
	}
	return func() error {
		if err := w.Close(); err != nil {
			return err
		}
		_, _, err := c.client.Text.ReadResponse(250)
		return err
	}, nil
}

// recipients names all recipients. It is enough that the server takes one of those of equal standing: the others, and
// copies, go without those it refuses.
func (c *connection) recipients(env envelope) error {
	var refused error
	accepted := false
	for i, to := range env.to {
		err := c.command(25, "RCPT TO:<%s>", to)
		var answer *textproto.Error
		switch {
		case err == nil:
			accepted = accepted || i < env.equals
		case !errors.As(err, &answer) || answer.Code == 421: // the connection is gone
			return classify("RCPT", err)
		case refused == nil || channel.IsPermanent(refused):
			refused = classify("RCPT", err)
		}
		if i == env.equals-1 && !accepted {
			return refused
		}
	}
	return nil
}

// reply is a server's refusal, as the person who asks sees it.
func reply(phase string, e *textproto.Error) string {
	return fmt.Sprintf("the mail server answered %s with %d %s", phase, e.Code, strings.Join(strings.Fields(e.Msg), " "))
}

// classify makes a permanent error of an answer 5xx, but not of one that is about us: a login that is missing or
// wrong is put right by the operator, and then the message goes.
func classify(phase string, err error) error {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return fmt.Errorf("talking to the mail server (%s): %w", phase, err)
	}
	switch {
	case answer.Code >= 500 && answer.Code != 530 && answer.Code != 534 && answer.Code != 535 && answer.Code != 538:
		return &channel.PermanentError{Reason: reply(phase, answer), Err: answer}
	default:
		return fmt.Errorf("%s: %w", reply(phase, answer), answer)
	}
}

// close says goodbye, without waiting long for an answer.
func (c *connection) close() {
	c.net.timeout = time.Second
	_ = c.client.Quit()
	_ = c.net.Close()
}
