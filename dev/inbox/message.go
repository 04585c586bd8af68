package inbox

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/text/encoding/htmlindex"
)

// Bounds on how a message may be built.
const (
	maxDepth = 10
	maxParts = 200
)

// Message is a message taken apart.
type Message struct {
	Entry
	MessageID string    `json:"message_id"`
	Date      time.Time `json:"date"` // the header; zero if it is none
	Headers   []Header  `json:"headers"`
	HTML      string    `json:"html"`
	Text      string    `json:"text"`
	Parts     []Part    `json:"parts"`             // what is neither HTML nor text to be read
	Problem   string    `json:"problem,omitempty"` // what is wrong with how it is built
}

// Header is a line of the header, decoded.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Part is a file in a message.
type Part struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	ContentID string `json:"content_id,omitempty"`
	Data      []byte `json:"-"`
}

var words = mime.WordDecoder{CharsetReader: charsetReader}

func decoded(value string) string {
	if text, err := words.DecodeHeader(value); err == nil {
		return text
	}
	return value
}

func charsetReader(charset string, in io.Reader) (io.Reader, error) {
	encoding, err := htmlindex.Get(charset)
	if err != nil {
		return nil, fmt.Errorf("unknown charset %q", charset)
	}
	return encoding.NewDecoder().Reader(in), nil
}

// entry reads what the list shows from the beginning of a message.
func entry(id ulid.ULID, head []byte, size int64) Entry {
	e := Entry{ID: id.String(), Received: ulid.Time(id.Time()).UTC(), Size: size, To: []string{}}
	for _, h := range headers(head) {
		switch strings.ToLower(h.Name) {
		case "return-path":
			if e.Sender == "" {
				e.Sender = strings.Trim(h.Value, "<>")
			}
		case "delivered-to":
			e.To = append(e.To, h.Value)
		case "from":
			e.From = h.Value
		case "subject":
			e.Subject = h.Value
		}
	}
	return e
}

// headers reads header lines, in their order, as far as they are well formed.
func headers(data []byte) []Header {
	var all []Header
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxMessage)
	for lines.Scan() {
		line := lines.Text()
		if line == "" {
			break
		}
		if (line[0] == ' ' || line[0] == '\t') && len(all) > 0 {
			all[len(all)-1].Value += " " + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			break
		}
		all = append(all, Header{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	for i := range all {
		all[i].Value = decoded(all[i].Value)
	}
	return all
}

// parse takes a message apart. It never fails: what cannot be read is named as its Problem.
func parse(id ulid.ULID, data []byte) *Message {
	m := &Message{Entry: entry(id, data[:min(len(data), maxHeader)], int64(len(data))), Headers: headers(data), Parts: []Part{}}
	parsed, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		m.Problem = "the header cannot be read: " + err.Error()
		m.Text = string(data)
		return m
	}
	m.MessageID = strings.Trim(parsed.Header.Get("Message-Id"), "<> ")
	if date, err := parsed.Header.Date(); err == nil {
		m.Date = date
	}
	if err := m.walk(parsed.Header, parsed.Body, 0); err != nil {
		m.Problem = err.Error()
	}
	for i, p := range m.Parts {
		if p.ContentID != "" {
			m.HTML = strings.ReplaceAll(m.HTML, "cid:"+p.ContentID, fmt.Sprintf("/inbox/messages/%s/parts/%d", m.ID, i))
		}
	}
	return m
}

type header interface{ Get(name string) string }

func (m *Message) walk(h header, body io.Reader, depth int) error {
	kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind, parameters = "text/plain", nil // as RFC 2045 has it for what is missing or malformed
	}
	if strings.HasPrefix(kind, "multipart/") {
		if depth == maxDepth {
			return fmt.Errorf("multiparts are nested deeper than %d", maxDepth)
		}
		reader := multipart.NewReader(body, parameters["boundary"])
		for range maxParts {
			part, err := reader.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("reading a part: %w", err)
			}
			if err := m.walk(part.Header, part, depth+1); err != nil {
				return err
			}
		}
		return fmt.Errorf("more than %d parts", maxParts)
	}
	content, err := io.ReadAll(transferDecoder(h.Get("Content-Transfer-Encoding"), body))
	if err != nil {
		return fmt.Errorf("decoding a part of type %s: %w", kind, err)
	}
	disposition, names, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	if disposition != "attachment" && (kind == "text/html" && m.HTML == "" || kind == "text/plain" && m.Text == "") {
		text, err := toUTF8(content, parameters["charset"])
		if kind == "text/html" {
			m.HTML = text
		} else {
			m.Text = text
		}
		return err
	}
	name := decoded(names["filename"])
	if name == "" {
		name = decoded(parameters["name"])
	}
	if len(m.Parts) < maxParts {
		m.Parts = append(m.Parts, Part{Name: name, Type: kind, ContentID: strings.Trim(h.Get("Content-Id"), "<> "), Data: content})
	}
	return nil
}

func transferDecoder(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

func toUTF8(content []byte, charset string) (string, error) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "us-ascii":
		return strings.ToValidUTF8(string(content), "\uFFFD"), nil
	}
	reader, err := charsetReader(charset, bytes.NewReader(content))
	if err != nil {
		return strings.ToValidUTF8(string(content), "\uFFFD"), err
	}
	text, err := io.ReadAll(reader)
	return string(text), err
}
