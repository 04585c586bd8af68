package content

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONKeepsValuesInsideTheirQuotes(t *testing.T) {
	t.Parallel()
	s, err := New(Options{}).JSON("body", `{"name": "{{ person.name }}", "all": {{ person | json }}, "n": {{ person.n }}, "title": "{{ person.name | upcase }}"}`)
	if err != nil {
		t.Fatal(err)
	}
	name := "\"}, \"admin\": true, \"x\": \"\\\n<b>"
	out, err := s.Render(t.Context(), map[string]any{"person": map[string]any{"name": name, "n": 1.5}})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(got) != 4 || got["name"] != name || got["n"] != 1.5 || got["all"].(map[string]any)["name"] != name || got["title"] != strings.ToUpper(name) {
		t.Errorf("%s", out)
	}
}

func TestTextIsNotEscaped(t *testing.T) {
	t.Parallel()
	s, err := New(Options{}).Text("header", `{{ x }} & {{ x | json }}`)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Render(t.Context(), map[string]any{"x": `<"a">`}); err != nil || out != `<"a"> & "<\"a\">"` {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := New(Options{}).Text("header", "{{ x | nothing }}"); err == nil || !strings.Contains(err.Error(), "header:1:") {
		t.Error(err)
	}
}

func TestATemplateTakesAnotherHead(t *testing.T) {
	t.Parallel()
	template, err := New(Options{}).Parse("t", []byte("---\nsubject: One\nfrom: a@example.com\n---\n<body><p>Hi</p></body>"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := template.With(map[string]string{"subject": "Two for {{ person.name }}", "preview": "Look", "from": ""})
	if err != nil {
		t.Fatal(err)
	}
	m, err := other.Render(t.Context(), map[string]any{"person": map[string]any{"name": "Ada\r\nBcc: x"}})
	if err != nil || m.Subject != "Two for Ada Bcc: x" || m.From != "a@example.com" || !strings.Contains(m.HTML, ">Look</div>") {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := template.Render(t.Context(), nil); err != nil || m.Subject != "One" || m.Preview != "" {
		t.Errorf("the template itself changed: %+v, %v", m, err)
	}
	if _, err := template.With(map[string]string{"subject": "{{ x"}); err == nil {
		t.Error("a subject that does not parse is taken")
	}
}

func TestAPlainTemplateHasNoHTML(t *testing.T) {
	t.Parallel()
	template, err := New(Options{}).Plain("alert", "New: {{ x }}", "It is <{{ x }}>.")
	if err != nil {
		t.Fatal(err)
	}
	m, err := template.Render(t.Context(), map[string]any{"x": "&"})
	if err != nil || m.Subject != "New: &" || m.Text != "It is <&>.\n" || m.HTML != "" {
		t.Errorf("%+v, %v", m, err)
	}
}
