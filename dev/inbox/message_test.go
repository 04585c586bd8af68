package inbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oklog/ulid/v2"
)

const full = "Return-Path: <shop@example.com>\r\nDelivered-To: anna@example.com\r\nDelivered-To: otto@example.com\r\n" +
	"From: =?utf-8?q?M=C3=BCller?= <shop@example.com>\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n and more\r\nMessage-ID: <1@example.com>\r\n" +
	"Date: Sun, 1 Mar 2026 13:00:00 +0100\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" +
	"--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe, Ann=\r\na\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+R3LDvMOfZTwvYj48aW1nIHNy\r\nYz0iY2lkOmxvZ28iPg==\r\n--b--\r\n" +
	"--a\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n" +
	"--a\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"=?utf-8?q?=C3=BCber.txt?=\"\r\n\r\nattached\r\n--a--\r\n"

func TestAMessageIsTakenApart(t *testing.T) {
	t.Parallel()
	id := ulid.MustParse("01JNQ8S5M0000000000000000A")
	m := parse(id, []byte(full))
	for what, pair := range map[string][2]string{
		"problem":    {m.Problem, ""},
		"from":       {m.From, "Müller <shop@example.com>"},
		"subject":    {m.Subject, "Grüße and more"},
		"sender":     {m.Sender, "shop@example.com"},
		"to":         {strings.Join(m.To, " "), "anna@example.com otto@example.com"},
		"message id": {m.MessageID, "1@example.com"},
		"date":       {m.Date.String(), "2026-03-01 13:00:00 +0100 +0100"},
		"text":       {m.Text, "Grüße, Anna"},
		"html":       {m.HTML, `<b>Grüße</b><img src="/inbox/messages/01JNQ8S5M0000000000000000A/parts/0">`},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
	if len(m.Parts) != 2 || m.Parts[0].Name != "logo.png" || string(m.Parts[0].Data) != "\x89PNG" || m.Parts[1].Name != "über.txt" || string(m.Parts[1].Data) != "attached" {
		t.Errorf("parts: %+v", m.Parts)
	}
}

func TestWhatIsMalformedIsNamedAndShown(t *testing.T) {
	t.Parallel()
	deep := strings.Builder{}
	for i := range 12 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=%c\r\n\r\n--%[1]c\r\n", 'a'+i)
	}
	for _, c := range []struct{ name, message, problem, text string }{
		{"no header", "just text\r\n", "the header cannot be read", "just text"},
		{"no content type", "Subject: x\r\n\r\nplain", "", "plain"},
		{"a wrong content type", "Content-Type: ;;;\r\n\r\nplain", "", "plain"},
		{"a part that ends too soon", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nhalf", "decoding a part", ""},
		{"no base64", "Content-Transfer-Encoding: base64\r\n\r\n!!!", "decoding a part of type text/plain", ""},
		{"an unknown charset", "Content-Type: text/plain; charset=klingon\r\n\r\nqapla'", `unknown charset "klingon"`, "qapla'"},
		{"bytes that are no text", "Subject: x\r\n\r\na\xffb", "", "a\uFFFDb"},
		{"nested too deep", deep.String(), "nested deeper than 10", ""},
		{"nothing", "", "the header cannot be read", ""},
	} {
		m := parse(ulid.Make(), []byte(c.message))
		if (c.problem == "") != (m.Problem == "") || !strings.Contains(m.Problem, c.problem) || !strings.Contains(m.Text, c.text) {
			t.Errorf("%s: problem %q, text %q", c.name, m.Problem, m.Text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("Content-Type: multipart/mixed\r\n\r\n--\r\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { parse(ulid.ULID{}, data) })
}
