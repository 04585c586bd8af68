package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

func TestLintReadsTheLiquidInFlows(t *testing.T) {
	t.Parallel()
	root := definitionsIn(t, map[string]string{
		"flows/a.yaml": `flow: a
trigger: {list: News}
steps:
  - email: {template: hello, subject: "Dear {{ person.first_name | shout }}"}
  - alert:
      to: team@shop.example
      subject: "{{ email }}"
      body: |
        Somebody joined.
        {% if person.vip %}A VIP, {{ event.x }}
  - webhook: {url: "https://hooks.shop.example", headers: {X-A: "{{ nobody.x }}"}, body: '{"a": "{{ feeds.none }}", "b": "{{ steps.webhok-1.status }}"}'}
`,
		"templates/hello.liquid": "---\nsubject: Hello\n---\n<p>{{ event.ItemPrice }}{{ first_name }}{% assign mine = 1 %}{{ mine }}</p>\n",
	})
	_, stderr, err := runLint(t, "--offline", root)
	if err == nil {
		t.Error("Liquid that does not parse is no error")
	}
	for _, want := range []string{
		`flows/a.yaml:4:68: unknown filter "shout"`,
		`flows/a.yaml:4:23: warning: template hello asks for the event on line 4, and there is none in this flow`,
		`flows/a.yaml:7:20: warning: unknown variable "email" prints nothing`,
		`hint: did you mean person.email?`,
		`flows/a.yaml:10:38: warning: this asks for the event, and there is none in this flow`,
		`flows/a.yaml:10:9: `, // {% if %} is not closed
		`warning: unknown variable "nobody" prints nothing`,
		`there is no feed none`,
		`warning: there is no step webhok-1`,
		`hint: did you mean webhook-1?`,
		`templates/hello.liquid:4:28: warning: unknown variable "first_name" prints nothing`,
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is missing in\n%s", want, stderr)
		}
	}
	if strings.Contains(stderr, "mine") && strings.Contains(stderr, `"mine"`) {
		t.Errorf("what the template sets is called unknown:\n%s", stderr)
	}
}

func TestLintHoldsDefinitionsAgainstTheDatabase(t *testing.T) {
	t.Parallel()
	url := testkit.DatabaseURL(t)
	s, err := store.Open(t.Context(), url, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, sql := range []string{
		`insert into metric (id, name) values ('M1', 'Added to Cart'), ('M2', 'Placed Order')`,
		`insert into list (id, name) values ('L1', 'Newsletter')`,
		`select ensure_event_partition('2026-03-01')`,
	} {
		if _, err := s.DB.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	march := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	events := []store.NewEvent{
		{Event: store.Event{ID: store.EventID(march), ProfileID: "P1", MetricID: "M1", Time: march, UniqueID: "u1", Properties: []byte(`{"ItemPrice": 10}`)}},
		{Event: store.Event{ID: store.EventID(march), ProfileID: "P2", MetricID: "M1", Time: march, UniqueID: "u2", Properties: []byte(`{"ItemPrice": 11}`)}},
	}
	err = s.Tx(t.Context(), func(tx *sqlx.Tx) error {
		_, err := s.InsertProfiles(t.Context(), tx, []store.Profile{
			{ID: "P1", Properties: []byte(`{"points": "12", "birthday": "1990-05-10"}`)}, {ID: "P2", Properties: []byte(`{"points": "none", "nick": null}`)},
		})
		if err != nil {
			return err
		}
		_, err = s.InsertEvents(t.Context(), tx, events, march)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.WritePropertyTypes(t.Context()); err != nil {
		t.Fatal(err)
	}
	root := definitionsIn(t, map[string]string{
		"flows/good.yaml": `flow: good
trigger: {metric: Added to Cart, filter: event.ItemPrice > 3 and event.itemPrice > 3}
filter: person.points > 10 and not did("Placed Ordr") and days_until(person.birthday) > 3 and not in_list("Newslettr")
steps:
  - email: hello
`,
		"templates/hello.liquid": "---\nsubject: Hello {{ person.nicks }}\n---\n<p>{{ event.ItemPrice }} {{ event.Price }}</p>\n",
	})
	stdout, stderr, err := runLint(t, "--database", url, root)
	if err != nil || stdout != "1 flow, 1 template, 0 feeds: 6 warnings\n" {
		t.Errorf("%q, %v", stdout, err)
	}
	for _, want := range []string{
		`good.yaml:2:66: warning: none of the 2 events of Added to Cart so far has a property "itemPrice"`, `did you mean ItemPrice?`,
		`good.yaml:3:9: warning: person.points is text in all 2 of the 2 changes of profiles so far that have it, and > with a number is always false`,
		`good.yaml:3:40: warning: no event of the metric "Placed Ordr" has been received so far`,
		`good.yaml:3:107: warning: there is no list "Newslettr"`,
		`hello.liquid:2:19: warning: none of the 2 changes of profiles so far has a property "nicks"`,
		`hello.liquid:4:29: warning: none of the 2 events of Added to Cart so far has a property "Price", which flow good begins with`,
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is missing in\n%s", want, stderr)
		}
	}
	if stdout, stderr, err := runLint(t, "--offline", root); err != nil || stderr != "" {
		t.Errorf("offline: %q, %q, %v", stdout, stderr, err)
	}
	stdout, stderr, err = runLint(t, "--json", "--database", url, root)
	var report lintReport
	if err != nil || stderr != "" || json.Unmarshal([]byte(stdout), &report) != nil {
		t.Fatalf("%q, %q, %v", stdout, stderr, err)
	}
	if report.Flows != 1 || report.Warnings != 6 || report.Errors != 0 || len(report.Problems) != 6 {
		t.Errorf("%+v", report)
	}
	if p := report.Problems[0]; p.Line != 2 || p.Column != 66 || p.Severity != "warning" || p.Hint != "did you mean ItemPrice?" || !strings.HasSuffix(p.File, "flows/good.yaml") {
		t.Errorf("%+v", p)
	}
	if _, _, err := runLint(t, "--database", "postgres://nobody@127.0.0.1:1/none", root); err == nil {
		t.Error("a database that was asked for and is not there is no error")
	}
}
