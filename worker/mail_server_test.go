package worker_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// mailServer keeps the mail it is given. fail is asked at the stages of a delivery.
type mailServer struct {
	address    string
	mu         sync.Mutex
	mails      []string // the recipients' addresses, one per message
	sources    []string
	recipients [][]string                   // of each
	fail       func(stage, to string) error // stage: rcpt, data, accepted
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	m := &mailServer{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.address = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &mailSession{server: m, conn: c}, nil }))
	server.Domain = "localhost"
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return m
}

// to says how many messages arrived at an address.
func (m *mailServer) to(address string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, to := range m.mails {
		if to == address {
			n++
		}
	}
	return n
}

func (m *mailServer) failing(stage, to string) error {
	m.mu.Lock()
	fail := m.fail
	m.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(stage, to)
}

type mailSession struct {
	server *mailServer
	conn   *smtp.Conn
	rcpt   string
	rcpts  []string // those accepted
}

func (s *mailSession) Mail(string, *smtp.MailOptions) error {
	s.rcpt, s.rcpts = "", nil
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	err := s.server.failing("rcpt", to)
	if err == nil {
		if len(s.rcpts) == 0 {
			s.rcpt = to
		}
		s.rcpts = append(s.rcpts, to)
	}
	return err
}

func (s *mailSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.server.failing("data", s.rcpt); err != nil {
		return err
	}
	s.server.mu.Lock()
	s.server.mails = append(s.server.mails, s.rcpt)
	s.server.sources = append(s.server.sources, string(data))
	s.server.recipients = append(s.server.recipients, s.rcpts)
	s.server.mu.Unlock()
	if err := s.server.failing("accepted", s.rcpt); err != nil {
		_ = s.conn.Conn().Close() // the answer never arrives
		return err
	}
	return nil
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

var errAway = errors.New("away")

func temporary() error {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "come back later"}
}

func permanent() error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
}
