package email

import (
	"bytes"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/legato-flow/legato/channel"
	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"
)

// Message is one email, to one person unless Also, CC or BCC name more.
type Message struct {
	Key         string // names the message for logs and for the server's own de-duplication, in X-Legato-Key
	MessageID   string // without angle brackets; the same for every attempt
	From        string // an address
	FromName    string
	ReplyTo     string // an address, or nothing
	To          string // an address
	ToName      string
	Also        []string // more addresses beside To, for a message to several people of equal standing
	CC          []string // addresses that get a copy
	BCC         []string // addresses that get a copy and are named to nobody
	Subject     string
	HTML        string
	Text        string
	Unsubscribe string            // an http or https address for one-click unsubscribing (RFC 8058), or nothing
	Headers     map[string]string // more headers; none that this package writes
	Date        time.Time         // now, if zero
}

// ours are the headers that Message's own fields or the MIME structure fill.
var ours = map[string]bool{
	"from": true, "to": true, "cc": true, "bcc": true, "reply-to": true, "sender": true, "return-path": true, "subject": true,
	"date": true, "message-id": true, "mime-version": true, "list-unsubscribe": true, "list-unsubscribe-post": true,
	"x-legato-key": true, "user-agent": true, "x-mailer": true,
}

var (
	headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,76}$`)
	messageID  = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,200}@[A-Za-z0-9.-]{1,200}$`)
)

const (
	maxHeader = 2000    // bytes of one header's value
	maxBody   = 8 << 20 // bytes of both parts
	maxOthers = 50      // addresses beside the first
)

// envelope is who the server is told the message is from and for.
type envelope struct {
	from   string
	to     []string // all recipients
	equals int      // so many of the first are of equal standing: one of them has to be accepted
	utf8   bool     // an address has letters that only SMTPUTF8 can carry
}

// bytes writes the message as it goes over the wire: multipart/alternative, UTF-8, quoted-printable. Whatever is
// wrong with the message is a *channel.PermanentError.
func (m Message) bytes() ([]byte, envelope, error) {
	var env envelope
	from, err := address("from", m.From)
	if err != nil {
		return nil, env, err
	}
	to, err := address("to", m.To)
	if err != nil {
		return nil, env, err
	}
	if err := m.check(); err != nil {
		return nil, env, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithCharset(gomail.CharsetUTF8))
	msg.FromMailAddress(&mail.Address{Name: m.FromName, Address: from})
	env = envelope{from: from, to: []string{to}, equals: 1 + len(m.Also), utf8: !ascii(from) || !ascii(to)}
	addressees := []*mail.Address{{Name: m.ToName, Address: to}}
	if len(m.Also)+len(m.CC)+len(m.BCC) > maxOthers {
		return nil, env, channel.Permanentf("the message has more than %d addresses", maxOthers+1)
	}
	for i, group := range [][]string{m.Also, m.CC, m.BCC} {
		var others []*mail.Address
		for _, value := range group {
			other, err := address([]string{"to", "cc", "bcc"}[i], value)
			if err != nil {
				return nil, env, err
			}
			env.to, env.utf8 = append(env.to, other), env.utf8 || !ascii(other)
			others = append(others, &mail.Address{Address: other})
		}
		switch {
		case i == 0:
			msg.ToMailAddress(append(addressees, others...)...)
		case i == 1 && len(others) > 0:
			msg.CcMailAddress(others...)
		}
	}
	if m.ReplyTo != "" {
		replyTo, err := address("reply-to", m.ReplyTo)
		if err != nil {
			return nil, env, err
		}
		msg.ReplyToMailAddress(&mail.Address{Address: replyTo})
	}
	msg.Subject(m.Subject)
	if m.Date.IsZero() {
		m.Date = time.Now()
	}
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.MessageID)
	if m.Key != "" {
		msg.SetGenHeader("X-Legato-Key", m.Key)
	}
	if m.Unsubscribe != "" {
		// Preformatted: folding or encoding the address would break it for mailboxes that look for it.
		msg.SetGenHeaderPreformatted(gomail.HeaderListUnsubscribe, "<"+m.Unsubscribe+">")
		msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	for name, value := range m.Headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	switch {
	case m.HTML == "":
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	case m.Text == "":
		msg.SetBodyString(gomail.TypeTextHTML, m.HTML)
	default:
		msg.SetBodyString(gomail.TypeTextPlain, m.Text)
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, env, channel.Permanentf("writing the message: %w", err)
	}
	return out.Bytes(), env, nil
}

// check refuses what could add a header or is not a message at all.
func (m Message) check() error {
	for field, value := range map[string]string{"key": m.Key, "from name": m.FromName, "to name": m.ToName, "subject": m.Subject} {
		if err := oneLine(field, value); err != nil {
			return err
		}
	}
	if m.Subject == "" {
		return channel.Permanentf("the message has no subject")
	}
	if m.HTML == "" && m.Text == "" {
		return channel.Permanentf("the message has no content")
	}
	if len(m.HTML)+len(m.Text) > maxBody {
		return channel.Permanentf("the message has %d bytes; at most %d are allowed", len(m.HTML)+len(m.Text), maxBody)
	}
	if !messageID.MatchString(m.MessageID) {
		return channel.Permanentf("the message id %q is not of the form name@domain", m.MessageID)
	}
	if m.Unsubscribe != "" {
		u, err := url.Parse(m.Unsubscribe)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || !ascii(m.Unsubscribe) ||
			strings.ContainsAny(m.Unsubscribe, "<> \t\r\n") || len(m.Unsubscribe) > 900 {
			return channel.Permanentf("the unsubscribe address is not an http or https address of at most 900 bytes")
		}
	}
	for name, value := range m.Headers {
		if !headerName.MatchString(name) {
			return channel.Permanentf("%q is not the name of a header", name)
		}
		if lower := strings.ToLower(name); ours[lower] || strings.HasPrefix(lower, "content-") {
			return channel.Permanentf("the header %s cannot be set", name)
		}
		if err := oneLine("header "+name, value); err != nil {
			return err
		}
	}
	return nil
}

func oneLine(field, value string) error {
	if len(value) > maxHeader {
		return channel.Permanentf("the %s has %d bytes; at most %d are allowed", field, len(value), maxHeader)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return channel.Permanentf("the %s has a line break or another control character in it", field)
	}
	return nil
}

// address checks an address, and writes its domain in ASCII (IDNA).
func address(field, value string) (string, error) {
	if value == "" {
		return "", channel.Permanentf("the message has no %s address", field)
	}
	parsed, err := mail.ParseAddress(value)
	if err != nil || parsed.Name != "" || parsed.Address != value || len(value) > 320 || strings.ContainsFunc(value, unicode.IsControl) {
		return "", channel.Permanentf("the %s address %q is not an email address", field, shorten(value))
	}
	at := strings.LastIndexByte(value, '@')
	domain, err := idna.Lookup.ToASCII(value[at+1:])
	if err != nil {
		return "", channel.Permanentf("the domain of the %s address %q: %w", field, shorten(value), err)
	}
	return value[:at+1] + domain, nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

func shorten(s string) string {
	if len(s) > 80 {
		return fmt.Sprintf("%s…", strings.ToValidUTF8(s[:80], ""))
	}
	return s
}
