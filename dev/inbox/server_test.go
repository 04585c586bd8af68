package inbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
)

// serve starts an inbox over SMTP and HTTP.
func serve(t *testing.T) (b *Box, mail, web string) {
	t.Helper()
	b = open(t, t.TempDir())
	server, err := b.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(t.Context()) })
	pages := httptest.NewServer(b.Handler())
	t.Cleanup(pages.Close)
	return b, server.Address, pages.URL
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestMailThatWasSentIsReadBackOverHTTP(t *testing.T) {
	t.Parallel()
	b, mail, web := serve(t)
	login := smtp.PlainAuth("", "anyone", "anything", "127.0.0.1")
	_, message, _ := strings.Cut(full, "otto@example.com\r\n")
	if err := smtp.SendMail(mail, login, "shop@example.com", []string{"anna@example.com", "bcc@example.com"}, []byte(message)); err != nil {
		t.Fatal(err)
	}
	_, body := get(t, web+"/inbox/messages.json?to=bcc@example.com")
	var answer struct{ Messages []Message }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Messages) != 1 {
		t.Fatalf("%s, %v", body, err)
	}
	m := answer.Messages[0]
	if m.Subject != "Grüße and more" || m.Text != "Grüße, Anna" || !strings.Contains(m.HTML, "<b>Grüße</b>") || strings.Join(m.To, " ") != "anna@example.com bcc@example.com" {
		t.Errorf("got %+v", m)
	}
	for path, want := range map[string]string{
		"/inbox":                               `<a href="/inbox/messages/` + m.ID + `">Grüße and more</a>`,
		"/inbox?to=anna":                       "Grüße and more",
		"/inbox?to=nobody":                     "No message to “nobody”",
		"/inbox/messages/" + m.ID:              "Müller &lt;shop@example.com&gt;",
		"/inbox/messages/" + m.ID + "/raw":     "Subject: =?iso-8859-1?q?Gr=FC=DFe?=",
		"/inbox/messages/" + m.ID + "/html":    `<base target="_blank"><b>Grüße</b>`,
		"/inbox/messages/" + m.ID + "/parts/1": "attached",
		"/inbox/newest":                        m.ID,
		"/inbox/inbox.css":                     "--ink",
	} {
		if response, body := get(t, web+path); response.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %s, without %q:\n%s", path, response.Status, want, body)
		}
	}
	for _, path := range []string{"/inbox/messages/nothing", "/inbox/messages/" + m.ID + "/parts/2", "/inbox/messages/" + m.ID + "/parts/-1", "/inbox/page.html"} {
		if response, _ := get(t, web+path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	request, err := http.NewRequest(http.MethodDelete, web+"/inbox/messages.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusNoContent || b.Count() != 0 {
		t.Errorf("emptying: %v, %v, %d left", response, err, b.Count())
	}
	if _, body := get(t, web+"/inbox"); !strings.Contains(body, "No messages yet") {
		t.Errorf("an empty inbox shows\n%s", body)
	}
}

func TestAMessageCannotReachBeyondItsFrame(t *testing.T) {
	t.Parallel()
	b, _, web := serve(t)
	e, err := b.Add("x@example.com", []string{"<script>alert(1)</script>@example.com"}, []byte("Subject: <script>alert(2)</script>\r\nContent-Type: text/html\r\n\r\n<head></head><script>alert(3)</script>"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/inbox", "/inbox/messages/" + e.ID} {
		if _, body := get(t, web+path); strings.Contains(body, "<script>alert") {
			t.Errorf("%s carries the message's script:\n%s", path, body)
		}
	}
	response, _ := get(t, web+"/inbox/messages/"+e.ID+"/html")
	policy := response.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.HasPrefix(policy, "sandbox allow-popups") || strings.Contains(policy, "script") {
		t.Errorf("the message's own page has the policy %q", policy)
	}
}

func TestAnotherSiteCannotEmptyTheInbox(t *testing.T) {
	t.Parallel()
	b, _, web := serve(t)
	add(t, b, "anna@example.com", "stays")
	request, err := http.NewRequest(http.MethodPost, web+"/inbox/clear", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusForbidden || b.Count() != 1 {
		t.Errorf("%v, %v, %d left", response, err, b.Count())
	}
}

func TestAMessageThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	b, mail, _ := serve(t)
	err := smtp.SendMail(mail, nil, "a@example.com", []string{"b@example.com"}, []byte("\r\n"+strings.Repeat(strings.Repeat("x", 998)+"\r\n", maxMessage/1000+1)))
	if err == nil || !strings.HasPrefix(err.Error(), "552") || b.Count() != 0 {
		t.Errorf("got %v, %d kept", err, b.Count())
	}
}
