package worker_test

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/store"
)

// parts gives the text and the HTML of a mail as it was received.
func parts(t *testing.T, source string) (text, html string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	_, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for r := multipart.NewReader(m.Body, parameters["boundary"]); ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return all["text/plain"], all["text/html"]
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		all[kind] = strings.ReplaceAll(string(data), "\r\n", "\n")
	}
}

const trackedFlow = `
flow: f
name: Tea & cups
status: live
trigger: {metric: Joined}
steps:
  - email: letter
    id: plain
  - email: {template: letter, tracking: true}
    id: tracked
    name: The second letter
  - email: {template: letter, parameters: {utm_source: "own ü", ref: "1"}}
    id: own
  - email: {template: letter, tracking: false, parameters: {ref: "2"}}
    id: "off"
  - alert: {to: team@shop.example, template: letter}
`

const linkedTemplate = `---
subject: Hi {{ person.first_name }}
---
<p><A HREF="https://shop.example/tea?x=1&amp;y=%20#top">Tea &amp; <b>more</b></A>
<a href='https://shop.example/?utm_source=mine'>mine</a> <a href="mailto:help@shop.example">write</a> {% if links %}{% unsubscribe 'Bye' %}{% endif %}</p>
`

func TestLinksGetTheTrackingParametersOfTheAccountAndTheStep(t *testing.T) {
	t.Parallel()
	flow := func(kind, value string) *store.TrackingParameter {
		return &store.TrackingParameter{Flow: &store.TrackingValue{Type: kind, Value: value}}
	}
	custom := func(name, kind, value string) store.CustomParameter {
		return store.CustomParameter{Name: name, TrackingParameter: *flow(kind, value)}
	}
	dynamic := "utm_medium=email&utm_campaign=%s&utm_id=f&utm_term=Tea%20%26%20more&static=%7Bx%7D&subject=Hi%20ada&flow=Tea%20%26%20cups&name=%m&ext=A%2F1&who=01ada"
	for name, tc := range map[string]struct {
		settings store.Tracking
		want     []string // the parameters of each mail's first link
	}{
		"without settings": {want: []string{"", "utm_source=legato&utm_medium=email", "utm_source=own%20%C3%BC&utm_medium=email&ref=1", ""}},
		"for all messages": {
			settings: store.Tracking{
				AutoAdd: true, Source: flow("static", "shop"), Campaign: flow("dynamic", "message_name_id"), ID: flow("dynamic", "flow_id"),
				Term: flow("dynamic", "link_alt_text"),
				Custom: []store.CustomParameter{
					custom("static", "static", "{x}"), custom("subject", "dynamic", "email_subject"), custom("flow", "dynamic", "flow_name"),
					custom("name", "dynamic", "message_name"), custom("ext", "dynamic", "profile_external_id"), custom("who", "dynamic", "profile_id"),
					{Name: "campaigns", TrackingParameter: store.TrackingParameter{Campaign: &store.TrackingValue{Type: "static", Value: "x"}}},
				},
			},
			want: []string{
				"utm_source=shop&" + strings.NewReplacer("%s", "plain%20%28plain%29", "%m", "plain").Replace(dynamic),
				"utm_source=shop&" + strings.NewReplacer("%s", "The%20second%20letter%20%28tracked%29", "%m", "The%20second%20letter").Replace(dynamic),
				"utm_source=own%20%C3%BC&" + strings.NewReplacer("%s", "own%20%28own%29", "%m", "own").Replace(dynamic) + "&ref=1",
				"utm_source=shop&" + strings.NewReplacer("%s", "off%20%28off%29", "%m", "off").Replace(dynamic) + "&ref=2",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, trackedFlow, map[string]string{"letter": linkedTemplate})
			id := s.profile("ada", map[string]any{"email": address("ada")})
			if _, err := s.store.DB.Exec("update profile set external_id = 'A/1'"); err != nil {
				t.Fatal(err)
			}
			if _, err := s.store.ChangeAccount(t.Context(), func(a *store.Account) error { return a.SetTracking(tc.settings) }); err != nil {
				t.Fatal(err)
			}
			s.event(id, "Joined", nil)
			s.playAll(s.enter(), map[time.Duration]func(){})
			if n := s.mail.to(address("ada")); n != len(tc.want) {
				t.Fatalf("%d mails", n)
			}
			for i, parameters := range append(tc.want, "") { // the alert is for the shop's people
				source := s.mail.sources[i]
				text, html := parts(t, source)
				first, second := "", ""
				if parameters != "" {
					first = "&" + parameters
					_, rest, _ := strings.Cut(parameters, "&") // the link has a source
					second = "&" + strings.Replace(rest, "Tea%20%26%20more", "mine", 1)
				}
				amp := func(s string) string { return strings.ReplaceAll(s, "&", "&amp;") }
				wantHTML := `<p><A HREF="https://shop.example/tea?x=1&amp;y=%20` + amp(first) + `#top">Tea &amp; <b>more</b></A>` +
					"\n<a href='https://shop.example/?utm_source=mine" + amp(second) + `'>mine</a> <a href="mailto:help@shop.example">write</a> `
				noLabel := strings.NewReplacer("&utm_term=Tea%20%26%20more", "", "&utm_term=mine", "")
				wantText := "Tea & more (https://shop.example/tea?x=1&y=%20" + noLabel.Replace(first) + "#top) mine (https://shop.example/?utm_source=mine" + noLabel.Replace(second) + ") write (mailto:help@shop.example)"
				if i < len(tc.want) {
					wantHTML += `<a href="http://shop.example/unsubscribe/01ada">Bye</a>`
					wantText += " Bye (http://shop.example/unsubscribe/01ada)"
					if !strings.Contains(source, "List-Unsubscribe: <http://shop.example/unsubscribe/01ada>\r\n") {
						t.Error("the header to unsubscribe is not the link")
					}
				}
				if diff := cmp.Diff(wantHTML+"</p>\n", html); diff != "" {
					t.Errorf("mail %d: %s", i, diff)
				}
				if diff := cmp.Diff(wantText+"\n", text); diff != "" {
					t.Errorf("mail %d: %s", i, diff)
				}
			}
		})
	}
}
