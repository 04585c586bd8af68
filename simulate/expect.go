package simulate

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/legato-flow/legato/flow"
)

// expectation is what a test says must come out. What it does not mention may be anything.
type expectation struct {
	messages   flow.Value // given: there are exactly these
	wanted     []wantedMessage
	outcomes   []flow.Entry
	status     flow.Value
	runs       flow.Value
	properties []flow.Entry
	lists      flow.Value
	tracked    flow.Value
}

type wantedMessage struct {
	place    flow.Value
	fields   map[string]flow.Value
	at       time.Time
	contains []flow.Value
	lacks    []flow.Value
}

var statuses = []string{"active", "done", "exited", "cancelled", "refused", "none"}

func readExpectation(v flow.Value, start time.Time) expectation {
	var e expectation
	found := v.Fields("expect", flow.Field{Name: "messages"}, flow.Field{Name: "outcomes"}, flow.Field{Name: "status"},
		flow.Field{Name: "runs"}, flow.Field{Name: "properties"}, flow.Field{Name: "lists"}, flow.Field{Name: "tracked"})
	if e.messages = found["messages"]; e.messages.Given() {
		for _, item := range e.messages.Items("messages", 1000) {
			e.wanted = append(e.wanted, readMessage(item, start))
		}
	}
	if outcomes := found["outcomes"]; outcomes.Given() {
		e.outcomes = outcomes.Entries("outcomes", 1000)
		for _, o := range e.outcomes {
			o.Value.Text("an outcome", maxText)
		}
	}
	if e.status = found["status"]; e.status.Given() {
		status, _, _ := strings.Cut(e.status.Text("status", 500), ":")
		if status != "" && !slices.Contains(statuses, status) {
			e.status.Fail(`for example done, or "refused: reentry"`, "status must begin with one of %s", strings.Join(statuses, ", "))
		}
	}
	if e.runs = found["runs"]; e.runs.Given() {
		e.runs.Number("runs")
	}
	if properties := found["properties"]; properties.Given() {
		e.properties = properties.Entries("properties", 400)
		properties.Data()
	}
	if e.lists = found["lists"]; e.lists.Given() {
		for _, list := range e.lists.Items("lists", maxLists) {
			list.Text("a list's name", 255)
		}
	}
	if e.tracked = found["tracked"]; e.tracked.Given() {
		for _, metric := range e.tracked.Items("tracked", 100) {
			metric.Text("a metric's name", 127)
		}
	}
	if len(found) == 0 {
		v.Fail("for example {messages: []}", "expect expects nothing, so this test could not fail")
	}
	return e
}

func readMessage(v flow.Value, start time.Time) wantedMessage {
	m := wantedMessage{place: v}
	m.fields = v.Fields("a message", flow.Field{Name: "step"}, flow.Field{Name: "channel"}, flow.Field{Name: "to"}, flow.Field{Name: "from"},
		flow.Field{Name: "at"}, flow.Field{Name: "subject"}, flow.Field{Name: "contains"}, flow.Field{Name: "lacks"})
	for _, name := range []string{"step", "to", "from", "subject", "channel"} {
		if field := m.fields[name]; field.Given() {
			field.Passage(name, maxText)
		}
	}
	if at := m.fields["at"]; at.Given() {
		m.at = at.Moment("at", start)
	}
	texts := func(name string) []flow.Value {
		field := m.fields[name]
		switch {
		case !field.Given():
			return nil
		case field.Scalar():
			field.Passage(name, maxText)
			return []flow.Value{field}
		}
		all := field.Items(name, 100)
		for _, text := range all {
			text.Passage(name, maxText)
		}
		return all
	}
	m.contains, m.lacks = texts("contains"), texts("lacks")
	return m
}

// result is what came out of a test.
type result struct {
	start      time.Time
	messages   []Message
	outcomes   map[string][]string // by step: all forms in which the outcome may be written, the fullest last
	status     string              // the fullest form
	runs       int
	properties map[string]any
	lists      []string
	tracked    []string
}

// check gives the expectations that r does not meet.
func (e *expectation) check(r *result) []Failure {
	var failures []Failure
	fail := func(at flow.Value, format string, args ...any) {
		failures = append(failures, failure(at, format, args...))
	}
	if e.messages.Given() {
		for i, want := range e.wanted {
			if i >= len(r.messages) {
				fail(want.place, "this message was not sent; sent were%s", r.sent())
				break
			}
			want.check(&r.messages[i], r.start, fail)
		}
		if len(r.messages) > len(e.wanted) {
			fail(e.messages, "expected %d messages, sent were%s", len(e.wanted), r.sent())
		}
	}
	for _, o := range e.outcomes {
		got, want := r.outcomes[o.Name], o.Value.Text("", maxText)
		switch {
		case want == "none" && len(got) == 0:
		case len(got) == 0:
			fail(o.Value, "expected %s: %q, but the step was not reached; reached were: %s", o.Name, want, r.reached())
		case !slices.Contains(got, want):
			fail(o.Value, "expected %s: %q, got %q", o.Name, want, got[len(got)-1])
		}
	}
	if e.status.Given() {
		want := e.status.Text("", 500)
		if short, _, _ := strings.Cut(r.status, ":"); want != r.status && want != short {
			fail(e.status, "expected status %q, got %q", want, r.status)
		}
	}
	if e.runs.Given() {
		if want := e.runs.Number(""); want != strconv.Itoa(r.runs) {
			fail(e.runs, "expected the person to have entered %s times, it was %d", want, r.runs)
		}
	}
	for _, p := range e.properties {
		if want, got := p.Value.Data(), r.properties[p.Name]; !reflect.DeepEqual(want, got) {
			fail(p.Value, "expected property %s: %s, got %s", p.Name, shown(want), shown(got))
		}
	}
	sameNames(e.lists, "lists", r.lists, fail)
	sameNames(e.tracked, "tracked events", r.tracked, fail)
	return failures
}

func sameNames(v flow.Value, what string, got []string, fail func(flow.Value, string, ...any)) {
	if !v.Given() {
		return
	}
	var want []string
	for _, item := range v.Items("", 100) {
		want = append(want, item.Text("", 255))
	}
	slices.Sort(want)
	if got = slices.Sorted(slices.Values(got)); !slices.Equal(want, got) {
		fail(v, "expected %s [%s], got [%s]", what, strings.Join(want, ", "), strings.Join(got, ", "))
	}
}

func (m *wantedMessage) check(got *Message, start time.Time, fail func(flow.Value, string, ...any)) {
	for _, f := range []struct{ name, value string }{
		{"step", got.Step}, {"channel", got.Channel}, {"to", got.To}, {"from", got.From}, {"subject", got.Subject},
	} {
		if field := m.fields[f.name]; field.Given() {
			if want := field.Passage("", maxText); want != f.value {
				fail(field, "expected %s %q, got %q", f.name, want, f.value)
			}
		}
	}
	if field := m.fields["at"]; field.Given() && !m.at.Equal(got.At.Truncate(time.Second)) {
		fail(field, "expected the message at %s, it was sent at %s (%s)", Span(m.at.Sub(start)), Span(got.At.Sub(start)), got.At.Format(time.RFC3339))
	}
	all := got.Subject + "\n" + got.HTML + "\n" + got.Text
	for _, text := range m.contains {
		if want := text.Passage("", maxText); !strings.Contains(all, want) {
			fail(text, "the message does not contain %q; its text is:\n%s", want, excerpt(got.Text))
		}
	}
	for _, text := range m.lacks {
		if want := text.Passage("", maxText); strings.Contains(all, want) {
			fail(text, "the message contains %q", want)
		}
	}
}

func (r *result) sent() string {
	if len(r.messages) == 0 {
		return " none"
	}
	var b strings.Builder
	b.WriteString(":")
	for i, m := range r.messages {
		if i == 20 {
			fmt.Fprintf(&b, "\n      … and %d more", len(r.messages)-i)
			break
		}
		fmt.Fprintf(&b, "\n      %s %s to %s at %s: %s", m.Channel, m.Step, m.To, Span(m.At.Sub(r.start)), m.Subject)
	}
	return b.String()
}

func (r *result) reached() string {
	var all []string
	for step, forms := range r.outcomes {
		all = append(all, fmt.Sprintf("%s (%s)", step, forms[len(forms)-1]))
	}
	if len(all) == 0 {
		return "none"
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func excerpt(text string) string {
	const most = 600
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, "      | "+line)
		}
	}
	text = strings.Join(lines, "\n")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
