package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/legato-flow/legato/channel"
)

func message() Message {
	return Message{Key: "run/1/mail", MessageID: "run.1.mail@shop.example", From: "shop@shop.example", FromName: "The Shop", To: "ann@x.example",
		ToName: "Ann", Subject: "Hello", HTML: "<p>Hello</p>", Text: "Hello\n", Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func sender(t testing.TB, s *server, change func(*Options)) *Sender {
	t.Helper()
	o := Options{Address: s.address, Timeout: 3 * time.Second}
	if change != nil {
		change(&o)
	}
	sender := New(o)
	t.Cleanup(func() { _ = sender.Close() })
	return sender
}

func proceed(context.Context) error { return nil }

func TestHandoverComesOnceBeforeTheServerHasTheWholeMessage(t *testing.T) {
	t.Parallel()
	var whole, calls atomic.Int32
	s := start(t, func(s *server) { s.onData = func([]byte) error { whole.Add(1); return nil } })
	m := message()
	m.Text = strings.Repeat("a long line of text\n", 5000)
	err := sender(t, s, nil).Deliver(t.Context(), m, func(context.Context) error {
		calls.Add(1)
		time.Sleep(50 * time.Millisecond) // time for the server to read all that was sent
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.begun != 1 || whole.Load() != 0 || len(s.mails) != 0 {
			t.Errorf("at handover: begun %d, whole %d, mails %d", s.begun, whole.Load(), len(s.mails))
		}
		return nil
	})
	if err != nil || calls.Load() != 1 || len(s.all()) != 1 {
		t.Errorf("%v; %d calls, %d mails", err, calls.Load(), len(s.all()))
	}
}

func TestAFailedHandoverDeliversNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	sender := sender(t, s, nil)
	stop := errors.New("somebody else has it")
	if err := sender.Deliver(t.Context(), message(), func(context.Context) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if err := sender.Deliver(t.Context(), message(), proceed); err != nil {
		t.Errorf("the next one: %v", err)
	}
	if n := len(s.all()); n != 1 {
		t.Errorf("%d mails, want the second alone", n)
	}
}

func TestACancelledContextBeforeTheDotDeliversNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	err := sender(t, s, nil).Deliver(ctx, message(), func(context.Context) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) || errors.Is(err, channel.ErrUnknown) || channel.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	time.Sleep(20 * time.Millisecond)
	if n := len(s.all()); n != 0 {
		t.Errorf("%d mails", n)
	}
}

func TestAConnectionLostAfterTheDotIsUnknown(t *testing.T) {
	t.Parallel()
	s := start(t, func(s *server) { s.onDone = func(c *smtp.Conn) { _ = c.Conn().Close() } })
	err := sender(t, s, nil).Deliver(t.Context(), message(), proceed)
	if !errors.Is(err, channel.ErrUnknown) || channel.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	if n := len(s.all()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestASilentServerAfterTheDotIsUnknown(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := start(t, func(s *server) { s.onDone = func(*smtp.Conn) { <-release } })
	defer close(release)
	err := sender(t, s, func(o *Options) { o.Timeout = 100 * time.Millisecond }).Deliver(t.Context(), message(), proceed)
	if !errors.Is(err, channel.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestAnswersOfTheServerDecideWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		change    func(*server)
		permanent bool
		want      string
		handovers int32
	}{
		{"4xx at RCPT", func(s *server) { s.onRcpt = refuse(451, "try later") }, false, "451 4.0.0 try later", 0},
		{"5xx at RCPT", func(s *server) { s.onRcpt = refuse(550, "no such user") }, true, "550 5.0.0 no such user", 0},
		{"4xx after the dot", func(s *server) { s.onData = refuseData(452, "disk full") }, false, "452 4.0.0 disk full", 1},
		{"5xx after the dot", func(s *server) { s.onData = refuseData(554, "looks like spam") }, true, "554 5.0.0 looks like spam", 1},
		{"too large for the server", func(s *server) { s.MaxMessageBytes = 10 }, true, "552", 0},
		{"a login is missing", func(s *server) { s.logins = map[string]string{} }, false, "530 5.7.0 log in first", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, tc.change)
			sender := sender(t, s, nil)
			var handovers atomic.Int32
			for range 2 { // the second time on the same connection
				err := sender.Deliver(t.Context(), message(), func(context.Context) error { handovers.Add(1); return nil })
				if err == nil || channel.IsPermanent(err) != tc.permanent || errors.Is(err, channel.ErrUnknown) || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got %v", err)
				}
			}
			if handovers.Load() != 2*tc.handovers || len(s.all()) != 0 {
				t.Errorf("%d handovers, %d mails", handovers.Load(), len(s.all()))
			}
			if n := s.sessions(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

func refuse(code int, text string) func(string) error {
	return func(string) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
	}
}

func refuseData(code int, text string) func([]byte) error {
	return func([]byte) error { return refuse(code, text)("") }
}

func TestAServerThatIsNotThereIsTemporary(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	s := New(Options{Address: l.Addr().String(), Timeout: time.Second})
	if err := s.Deliver(t.Context(), message(), proceed); err == nil || channel.IsPermanent(err) || errors.Is(err, channel.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestAServerThatNeverAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := New(Options{Address: l.Addr().String(), Timeout: 50 * time.Millisecond})
	begun := time.Now()
	if err := s.Deliver(t.Context(), message(), proceed); err == nil || time.Since(begun) > 2*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begun))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s = New(Options{Address: l.Addr().String(), Timeout: time.Minute})
	if err := s.Deliver(ctx, message(), proceed); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestConcurrentDeliveriesShareTheConnections(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	sender := sender(t, s, func(o *Options) { o.Connections = 3 })
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			m := message()
			m.To = fmt.Sprintf("p%d@x.example", i)
			if err := sender.Deliver(t.Context(), m, proceed); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got := map[string]bool{}
	for _, m := range s.all() {
		got[m.to] = true
	}
	if len(got) != 60 || len(s.all()) != 60 {
		t.Errorf("%d people, %d mails", len(got), len(s.all()))
	}
	if n := s.sessions(); n > 3 {
		t.Errorf("%d connections, at most 3 were allowed", n)
	}
}

func TestAStaleConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	var conn atomic.Pointer[smtp.Conn]
	s := start(t, func(s *server) { s.onDone = func(c *smtp.Conn) { conn.Store(c) } })
	sender := sender(t, s, nil)
	if err := sender.Deliver(t.Context(), message(), proceed); err != nil {
		t.Fatal(err)
	}
	_ = conn.Load().Conn().Close()
	if err := sender.Deliver(t.Context(), message(), proceed); err != nil || s.sessions() != 2 {
		t.Errorf("%v, %d connections", err, s.sessions())
	}
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	sender := sender(t, s, func(o *Options) { o.IdleTimeout = 20 * time.Millisecond })
	if err := sender.Deliver(t.Context(), message(), proceed); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		sender.mu.Lock()
		n := len(sender.free)
		sender.mu.Unlock()
		if n == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the connection is still kept")
}

func TestAClosedSenderSendsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	sender := sender(t, s, nil)
	if err := sender.Deliver(t.Context(), message(), proceed); err != nil {
		t.Fatal(err)
	}
	_ = sender.Close()
	if err := sender.Deliver(t.Context(), message(), proceed); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsAreSecuredAndLoggedIn(t *testing.T) {
	t.Parallel()
	config, pool := certificate(t)
	trust := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	login := map[string]string{"user": "secret"}
	for _, tc := range []struct {
		name   string
		server func(*server)
		option func(*Options)
		want   string
	}{
		{"STARTTLS", func(s *server) { s.TLSConfig = config }, func(o *Options) { o.TLS, o.TLSConfig = TLSStart, trust }, ""},
		{"STARTTLS not offered", nil, func(o *Options) { o.TLS, o.TLSConfig = TLSStart, trust }, "does not offer STARTTLS"},
		{"a certificate nobody vouches for", func(s *server) { s.TLSConfig = config }, func(o *Options) { o.TLS = TLSStart }, "certificate"},
		{"implicit TLS", func(s *server) { s.TLSConfig, s.secured = config, true }, func(o *Options) { o.TLS, o.TLSConfig = TLSImplicit, trust }, ""},
		{"PLAIN", func(s *server) { s.logins, s.methods = login, []string{sasl.Plain, sasl.Login} }, func(o *Options) { o.Username, o.Password = "user", "secret" }, ""},
		{"LOGIN", func(s *server) { s.logins, s.methods = login, []string{sasl.Login} }, func(o *Options) { o.Username, o.Password = "user", "secret" }, ""},
		{"LOGIN over TLS", func(s *server) { s.logins, s.methods, s.TLSConfig = login, []string{sasl.Login}, config },
			func(o *Options) { o.Username, o.Password, o.TLS, o.TLSConfig = "user", "secret", TLSStart, trust }, ""},
		{"a wrong password", func(s *server) { s.logins, s.methods = login, []string{sasl.Plain} }, func(o *Options) { o.Username, o.Password = "user", "guess" }, "535"},
		{"no login offered", nil, func(o *Options) { o.Username, o.Password = "user", "secret" }, "offers no login"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, tc.server)
			err := sender(t, s, tc.option).Deliver(t.Context(), message(), proceed)
			switch {
			case tc.want == "" && (err != nil || len(s.all()) != 1):
				t.Errorf("%v, %d mails", err, len(s.all()))
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || channel.IsPermanent(err)):
				t.Errorf("got %v, want a temporary error about %s", err, tc.want)
			}
		})
	}
}

func TestWhatArrivesIsWhatWasMeant(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	m := message()
	m.FromName = `Käse, "Brot" & Söhne`
	m.Subject = "Grüße für 🎂 – " + strings.Repeat("sehr lang ", 20)
	m.Text = ".\n..dots\n. \nGrüße = 100 %\n.\n"
	m.HTML = "<p>Grüße</p>\n.\n<p>" + strings.Repeat("x", 3000) + "</p>"
	m.ReplyTo = "help@shop.example"
	m.Unsubscribe = "https://shop.example/unsubscribe/" + strings.Repeat("t", 200) + "?a=1&b=2"
	m.Headers = map[string]string{"X-Flow": "abandoned-cart"}
	m.To = "ann@münchen.example"
	if err := sender(t, s, nil).Deliver(t.Context(), m, proceed); err != nil {
		t.Fatal(err)
	}
	got := s.all()[0]
	if got.from != "shop@shop.example" || got.to != "ann@xn--mnchen-3ya.example" || got.utf8 {
		t.Errorf("envelope %s %s %v", got.from, got.to, got.utf8)
	}
	for _, line := range bytes.Split(got.data, []byte("\r\n")) {
		if len(line) > 998 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	parsed, err := mail.ReadMessage(bytes.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	var words mime.WordDecoder
	subject, err := words.DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil || subject != m.Subject {
		t.Errorf("subject %q %v", subject, err)
	}
	from, err := parsed.Header.AddressList("From")
	if err != nil || from[0].Name != m.FromName || from[0].Address != m.From {
		t.Errorf("from %v %v", from, err)
	}
	for name, want := range map[string]string{
		"Message-Id": "<run.1.mail@shop.example>", "Reply-To": "<help@shop.example>", "X-Flow": "abandoned-cart", "X-Legato-Key": "run/1/mail",
		"List-Unsubscribe": "<" + m.Unsubscribe + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Mime-Version": "1.0",
		"Date": "Fri, 02 Jan 2026 03:04:05 +0000",
	} {
		if got := parsed.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	kind, parameters, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatal(kind, err)
	}
	parts := multipart.NewReader(parsed.Body, parameters["boundary"])
	for _, want := range []struct{ kind, body string }{{"text/plain; charset=UTF-8", m.Text}, {"text/html; charset=UTF-8", m.HTML}} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if part.Header.Get("Content-Type") != want.kind || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Errorf("part %v", part.Header)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil || strings.ReplaceAll(string(body), "\r\n", "\n") != want.body {
			t.Errorf("%s: %q %v", want.kind, body, err)
		}
	}
}

func TestLettersBeyondASCIIInAnAddressNeedAServerThatKnowsThem(t *testing.T) {
	t.Parallel()
	m := message()
	m.To = "jürgen@x.example"
	plain := start(t, nil)
	if err := sender(t, plain, nil).Deliver(t.Context(), m, proceed); !channel.IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	knows := start(t, func(s *server) { s.EnableSMTPUTF8 = true })
	if err := sender(t, knows, nil).Deliver(t.Context(), m, proceed); err != nil {
		t.Fatal(err)
	}
	if got := knows.all()[0]; got.to != m.To || !got.utf8 {
		t.Errorf("%+v", got)
	}
}

func TestNothingInAMessageCanAddAHeaderOrACommand(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	sender := sender(t, s, nil)
	const evil = "x\r\nBcc: victim@x.example"
	for name, change := range map[string]func(*Message){
		"subject":            func(m *Message) { m.Subject = evil },
		"bare line feed":     func(m *Message) { m.Subject = "x\nBcc: a@b.example" },
		"from name":          func(m *Message) { m.FromName = evil },
		"to name":            func(m *Message) { m.ToName = evil },
		"from":               func(m *Message) { m.From = "a@b.example>\r\nRCPT TO:<v@x.example" },
		"to":                 func(m *Message) { m.To = "a@b.example\r\nDATA" },
		"two recipients":     func(m *Message) { m.To = "a@b.example, c@d.example" },
		"a name in to":       func(m *Message) { m.To = "A <a@b.example>" },
		"no recipient":       func(m *Message) { m.To = "" },
		"not an address":     func(m *Message) { m.To = "nobody" },
		"reply-to":           func(m *Message) { m.ReplyTo = evil },
		"message id":         func(m *Message) { m.MessageID = "a@b>\r\nBcc: x" },
		"no message id":      func(m *Message) { m.MessageID = "" },
		"unsubscribe":        func(m *Message) { m.Unsubscribe = "https://a.example/\r\nBcc: x" },
		"unsubscribe scheme": func(m *Message) { m.Unsubscribe = "javascript:x" },
		"header value":       func(m *Message) { m.Headers = map[string]string{"X-A": evil} },
		"header name":        func(m *Message) { m.Headers = map[string]string{"X-A: b\r\nBcc": "x"} },
		"a header of ours":   func(m *Message) { m.Headers = map[string]string{"bcc": "x@y.example"} },
		"content type":       func(m *Message) { m.Headers = map[string]string{"Content-Type": "text/plain"} },
		"no subject":         func(m *Message) { m.Subject = "" },
		"no content":         func(m *Message) { m.HTML, m.Text = "", "" },
		"too much":           func(m *Message) { m.HTML = strings.Repeat("x", maxBody+1) },
	} {
		m := message()
		change(&m)
		err := sender.Deliver(t.Context(), m, func(context.Context) error { t.Errorf("%s: handed over", name); return nil })
		if !channel.IsPermanent(err) {
			t.Errorf("%s: got %v, want a permanent error", name, err)
		}
	}
	if len(s.all()) != 0 || s.sessions() != 0 {
		t.Errorf("%d mails, %d connections", len(s.all()), s.sessions())
	}
}
