package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	maxConnections = 100
	maxRecipients  = 100
)

// Server takes messages over SMTP.
type Server struct {
	Address string // host:port
	smtp    *smtp.Server
	failed  chan error
}

// Listen starts an SMTP server that puts everything into the box. It lets everyone log in.
func (b *Box) Listen(address string) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for mail: %w", err)
	}
	var open atomic.Int64
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		if open.Add(1) > maxConnections {
			open.Add(-1)
			return nil, &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "Too many connections"}
		}
		return &session{box: b, open: &open}, nil
	}))
	server.Domain = "inbox.legato.localhost"
	server.AllowInsecureAuth = true
	server.MaxMessageBytes = maxMessage
	server.MaxRecipients = maxRecipients
	server.ReadTimeout, server.WriteTimeout = 5*time.Minute, time.Minute
	server.EnableSMTPUTF8 = true
	server.ErrorLog = quiet{}
	s := &Server{Address: listener.Addr().String(), smtp: server, failed: make(chan error, 1)}
	go func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			s.failed <- fmt.Errorf("taking mail: %w", err)
		}
	}()
	return s, nil
}

// Failed gives the error that made the server give up.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop takes no more messages, and lets those that have begun end until the context does.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.smtp.Shutdown(ctx); err != nil {
		return s.smtp.Close()
	}
	return nil
}

// quiet drops what go-smtp logs: clients that hang up.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// session is one client's.
type session struct {
	box    *Box
	open   *atomic.Int64
	sender string
	to     []string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.sender = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, err = s.box.Add(s.sender, s.to, raw)
	return err
}

func (s *session) Reset() { s.sender, s.to = "", nil }

func (s *session) Logout() error {
	s.open.Add(-1)
	return nil
}
