package content

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestTemplatesRenderAsTheirGoldenFiles renders each testdata/x.liquid and each template of ours with the variables
// in testdata/x.json. To add a case, add its files.
func TestTemplatesRenderAsTheirGoldenFiles(t *testing.T) {
	t.Parallel()
	engine := New(Options{})
	variables, err := filepath.Glob("testdata/*.json")
	if err != nil || len(variables) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range variables {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile("testdata/" + name + ".liquid")
			if os.IsNotExist(err) { // one of ours; what stands behind the dot tells the cases of a template apart
				base, _, _ := strings.Cut(name, ".")
				source, err = os.ReadFile("../definitions/templates/" + base + ".liquid")
			}
			if err != nil {
				t.Fatal(err)
			}
			template, err := engine.Parse(name+".liquid", source)
			if err != nil {
				t.Fatal(err)
			}
			m, err := template.Render(t.Context(), readVariables(t, file))
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("Subject: %s\nPreview: %s\nFrom: %s <%s>\nReply-To: %s\nFeeds: %v\nVariables: %v\n\n----- text\n%s\n----- html\n%s",
				m.Subject, m.Preview, m.FromName, m.From, m.ReplyTo, template.Feeds(), template.Variables(), m.Text, m.HTML)
			golden := "testdata/" + name + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("rendered differently (-golden +now):\n%s", diff)
			}
		})
	}
}

func readVariables(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var vars map[string]any
	if err := json.Unmarshal(data, &vars); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if s, ok := vars["now"].(string); ok {
		now, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		vars["now"] = now
	}
	return vars
}

// body renders Liquid as the body of a template.
func body(t testing.TB, liquid string, vars map[string]any) (string, error) {
	t.Helper()
	// Time enough for a slow machine: what these tests are about is not the clock.
	template, err := New(Options{Timeout: time.Minute}).Parse("t.liquid", []byte("---\nsubject: s\n---\n"+liquid))
	if err != nil {
		return "", err
	}
	m, err := template.Render(t.Context(), vars)
	return m.HTML, err
}

func TestOutputOfTagsAndFilters(t *testing.T) {
	t.Parallel()
	vars := map[string]any{
		"person": map[string]any{"first_name": "Ann", "Favorite Color": "blue", "empty": "", "spaces": "  ", "nasty": `<b a="1">'&`,
			"big": 1234567.0, "zero": 0.0, "list": []any{"a", "b", "c"}, "map": map[string]any{"k": "v"}, "word": "élan vital"},
		"event": map[string]any{"currency": "EUR", "value": 1234.5, "Items": []any{
			map[string]any{"Name": "Cup", "Price": "9.95"}, map[string]any{"Name": "Pot", "Price": 20.0}}},
		"links": map[string]any{"unsubscribe": "https://a.example/u?x=1&y=2"},
		"now":   time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC),
	}
	for _, tc := range []struct{ source, want string }{
		{`{{ person.first_name }}`, `Ann`},
		{`a{{ nothing.at.all }}b{{ person.missing | upcase }}c`, `abc`},
		{`{{ person.nasty }}`, `&lt;b a=&#34;1&#34;&gt;&#39;&amp;`},
		{`{{ person.nasty | safe }}`, `<b a="1">'&`},
		{`{{ person.nasty | raw }}`, `<b a="1">'&`},
		{`{{ person.nasty | safe | upcase }}`, `&lt;B A=&#34;1&#34;&gt;&#39;&amp;`},
		{`{{ person.nasty | escape }}`, `&lt;b a=&#34;1&#34;&gt;&#39;&amp;`},
		{`{% capture x %}<i>{{ person.nasty }}</i>{% endcapture %}{{ x }}`, `<i>&lt;b a=&#34;1&#34;&gt;&#39;&amp;</i>`},
		{`{{ "a\n" }}`, `a\n`},
		{`{{ person.big }} {{ person.zero }} {{ person.list }} {{ person.map }}`, `1234567 0 abc {&#34;k&#34;:&#34;v&#34;}`},
		{`{{ person.list[1] }}{{ person.list.first }}{{ person.list.size }}{{ person.list | join: "+" }}`, `ba3a+b+c`},
		{`{{ person.empty | default: "friend" }},{{ person.spaces|default:'friend' }},{{ person.zero | default: 5 }},{{ x | default: person.first_name }}`, `friend,friend,0,Ann`},
		{`{{ person | lookup: 'Favorite Color' }} {{ person["Favorite Color"] }} {{ event | lookup:'Items'|lookup:'0'|lookup:'Name' }}`, `blue blue Cup`},
		{`{{ person.word | capitalize }} {{ person.word | title }} {{ "it's A-B" | title }}`, `Élan vital Élan Vital It&#39;s A-B`},
		{`{{ "one two three" | truncatewords: 2 }} {{ "abcdefgh" | truncate: 6 }} {{ "é" | url_encode }}`, `one two... abc... %C3%A9`},
		{`{{ 3.14159 | floatformat: 2 }} {{ 2 | floatformat: 2 }} {{ 2.0 | floatformat }} {{ 2.25 | floatformat }} {{ 1.005 | floatformat: 2 }} {{ 2 | floatformat: -3 }}`, `3.14 2.00 2 2.3 1.01 2`},
		{`{% currency_format event.value %}|{{ event.value | currency_format: "USD" }}|{% currency_format event.value, "JPY" %}`, `€1,234.50|$1,234.50|¥1,235`},
		{`{% for i in event.Items %}{{ i.Name }}={{ i.Price | times: 2 | currency_format: "GBP" }}{% unless forloop.last %};{% endunless %}{% endfor %}`, `Cup=£19.90;Pot=£40.00`},
		{`{% for i in event.None %}x{% else %}none{% endfor %}`, `none`},
		{`{% for i in (1..9) reversed limit: 3 %}{{ i }}{% endfor %}`, `987`},
		{`{% if person.first_name == "Ann" and event.value > 1000 %}yes{% else %}no{% endif %}`, `yes`},
		{`{% assign n = person.first_name | upcase %}{{ n }}{% comment %} {{ broken {% endcomment %}{% raw %}{{ x | nope }}{% endraw %}`, `ANN{{ x | nope }}`},
		{"{{ person.first_name\n | upcase\n }}", `ANN`},
		{`a  {{- " b" -}}  c`, `a bc`},
		{`{{ now | date: "%B %-d, %Y" }} {{ "2024-02-29" | date: "%d.%m.%y" }} {{ "now" | date: "%Y" }}{{ person.missing | date: "%Y" }}`, `March 5, 2026 29.02.24 2026`},
		{`{% case person.first_name %}{% when "Bob" %}b{% when "Ann" %}a{% endcase %}`, `a`},
		{`{{ "a,b,a" | split: "," | uniq | join: "-" }} {{ person.list | slice: 0, 2 | join }} {{ "hello" | slice: 1, 3 }} {{ "x" | slice: 9, 2 }}`, `a-b a b ell `},
		{`{{ "a<b` + "\n" + `c" }}`, ``},
		{`{% unsubscribe %}`, `<a href="https://a.example/u?x=1&amp;y=2">Unsubscribe</a>`},
		{`{% unsubscribe 'Stop <now>' %}`, `<a href="https://a.example/u?x=1&amp;y=2">Stop &lt;now&gt;</a>`},
		{`<a href="{% unsubscribe_link %}">x</a>`, `<a href="https://a.example/u?x=1&amp;y=2">x</a>`},
	} {
		if tc.want == "" { // the one that may not parse
			if _, err := body(t, tc.source, vars); err == nil {
				t.Errorf("%q parsed", tc.source)
			}
			continue
		}
		got, err := body(t, tc.source+"<!--https://a.example/u?x=1&y=2-->", vars)
		if got = strings.TrimSuffix(got, "<!--https://a.example/u?x=1&y=2-->"); err != nil || got != tc.want {
			t.Errorf("%s\n got %q %v\nwant %q", tc.source, got, err, tc.want)
		}
	}
}

func TestErrorsNameTheirPlaceInTheFile(t *testing.T) {
	t.Parallel()
	const head = "---\nsubject: s\n---\n"
	for _, tc := range []struct{ source, want string }{
		{`no front matter`, `1:1: a template begins with its front matter`},
		{"---\nsubject: s\n", `1:1: a template begins with its front matter`},
		{"---\npreview: s\n---\n", `1:1: the front matter needs a subject`},
		{"---\nsubject: s\ncolour: red\n---\n", `3:1: unknown key "colour"`},
		{"---\nsubject: s\nsubject: t\n---\n", `3:1: `},
		{"---\nsubject: 5\n---\n", `2:10: subject must be text`},
		{"---\nsubject: [a]\n---\n", `2:10: subject must be text`},
		{"---\nsubject: \"hi {{ x | nope }}\"\n---\n", `2:21: unknown filter "nope"`},
		{"---\nsubject: hi {{ x | nope }}\n---\n", `2:20: unknown filter "nope"`},
		{"---\nsubject: s\ntext: |\n  hello\n  hi {{ x | nope }}\n---\n", `5:13: unknown filter "nope"`},
		{"---\nsubject: [\n---\n", `front matter`},
		{head + "a\n  {{ x | nope }}", `5:10: unknown filter "nope"`},
		{head + "é {{ x | nope }}", `4:10: unknown filter "nope"`},
		{head + "{{ x | upper }}", `4:8: unknown filter "upper"; write upcase`},
		{head + "{{ x | print__ }}", `4:8: unknown filter "print__"`},
		{head + "{{ x | truncatewords: 1, 2, 3 }}", `4:8: the filter "truncatewords" takes at most 2 arguments`},
		{head + "{{ x | default }}", `4:8: the filter "default" needs 1 argument`},
		{head + "a {% nope %}", `4:3: unknown tag "nope"`},
		{head + "{% elif x %}", `4:1: unknown tag "elif"; write elsif`},
		{head + "{% include 'x' %}", `4:1: unknown tag "include"; a template cannot include another`},
		{head + "{% coupon_code 'x' %}", `4:1: the tag "coupon_code" is not available yet`},
		{head + "{% web_view_link %}", `4:1: the tag "web_view_link" is not available yet`},
		{head + "a\n{% if x %}\nb", `5:1: unterminated "if" block`},
		{head + "a\nb {% endif %}", `5:3: endif not inside`},
		{head + "{% for x of y %}{% endfor %}", `4:1: for is written {% for item in list %}`},
		{head + "{% if %}{% endif %}", `4:1: if needs a condition`},
		{head + "{% assign person = 1 %}", `4:11: "person" is a name that is given`},
		{head + "x {{ a b }}", `4:3: this is not an expression: a b`},
		{head + "x {{ a.0 }}", `4:7: .0: an item of a list is written [0]`},
		{head + "x {{ 'a }}", `4:6: the text 'a is not closed by '`},
		{head + "x {{ name }", `4:3: {{ is not closed by }}`},
		{head + "{{ }}", `4:1: {{ }} names nothing`},
		{head + "{% if a == blank %}{% endif %}", `4:12: "blank" is not a value here`},
		{head + "{% for f in feeds %}{% endfor %}", `4:13: a feed is named where it is used`},
		{head + "{{ 99999999999999999999 }}", `4:1: this is not an expression`},
		{head + "{% raw %}", `4:1: {% raw %} is not closed`},
		{head + strings.Repeat("{% if a %}", 101) + strings.Repeat("{% endif %}", 101), `4:1001: blocks are nested`},
		{head + "{{ " + strings.Repeat("(", 5000) + " }}", `4:1: this tag has 5000 bytes`},
		{head + strings.Repeat("x", maxSource), `1:1: the template has`},
		{head + "\xff", `1:1: the template is not UTF-8`},
	} {
		_, err := New(Options{}).Parse("t.liquid", []byte(tc.source))
		if err == nil {
			t.Errorf("%s: parsed; want %s", cut(tc.source, 100), tc.want)
		} else if !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s\n got %v\nwant %s", cut(tc.source, 100), err, tc.want)
		}
	}
}

func TestRenderErrorsNameTheirPlace(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ source, want string }{
		{"a\n b {{ person.name | currency_format }}", `t.liquid:5:4: currency_format: "Ann" is not a number`},
		{"a\n{% if true %}\n {{ 5 | divided_by: 0 }}{% endif %}", `t.liquid:6:2: divided_by: division by zero`},
		{`{{ 5 | currency_format: "euro" }}`, `t.liquid:4:1: currency_format: "EURO" is not a currency code`},
		{"\n{% unsubscribe %}", `t.liquid:5:1: unsubscribe: there is no unsubscribe link`},
		{`{{ "x" | date: "%Y" }}`, `t.liquid:4:1: date: "x" is not a date`},
		{`{{ "now" | date: "%1000000d" }}`, `t.liquid:4:1: date: the date format`},
		{`{% for i in (1..3) limit: "a" %}{% endfor %}`, `t.liquid:4:1: loop limit must be an integer`},
		{`{{ person.name | slice: "a" }}`, `t.liquid:4:1: slice: "a" is not a whole number`},
	} {
		_, err := body(t, tc.source, map[string]any{"person": map[string]any{"name": "Ann"}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s\n got %v\nwant %s", tc.source, err, tc.want)
		}
	}
}

func TestCheckListsAllErrorsInOrder(t *testing.T) {
	t.Parallel()
	var got []string
	for _, e := range Check("t", []byte("---\nsubject: '{{ a | no }}'\n---\n{% what %}\n{{ b | nope }}")) {
		got = append(got, e.Error())
	}
	want := []string{`t:2:18: unknown filter "no"`, `t:4:1: unknown tag "what"`, `t:5:8: unknown filter "nope"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVariablesAndFeedsAreThoseOfTheParts(t *testing.T) {
	t.Parallel()
	template, err := New(Options{}).Parse("t", []byte("---\nsubject: '{{ event.Items[0].Name }}'\n---\n"+
		`{% for p in feeds.recommended limit: 3 %}{{ p.title | append: person.x }}{% endfor %}{{ feeds["other one"] }}{% assign a = feeds | lookup: 'third' %}{{ a.b }}`+
		`{% if event.value > 5 and person["Favorite Color"] contains 'x' %}{{ person | lookup:'a b' | upcase }}{% endif %}{{ event[person.key].deep }}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"other one", "recommended", "third"}, template.Feeds()); diff != "" {
		t.Error(diff)
	}
	want := []string{"event", "event.Items.Name", "event.value", "feeds.other one", "feeds.recommended", "feeds.third",
		"person.Favorite Color", "person.a b", "person.key", "person.x"}
	if diff := cmp.Diff(want, template.Variables()); diff != "" {
		t.Error(diff)
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	template, err := New(Options{}).Parse("t", []byte("---\nsubject: 'Hi {{ person.n }}'\nfrom_name: '{{ person.n }}'\nfrom: '{{ person.n }}'\n---\nx"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := template.Render(t.Context(), map[string]any{"person": map[string]any{"n": "A\r\nBcc: x@y.example\u2028\x00"}})
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "Hi A Bcc: x@y.example" || m.FromName != "A Bcc: x@y.example" || m.From != m.FromName {
		t.Errorf("%+v", m)
	}
}

func TestAnUnsubscribeLinkIsAddedToWhatLacksIt(t *testing.T) {
	t.Parallel()
	const link = "https://a.example/unsubscribe/T?a=1&b=2"
	vars := map[string]any{"links": map[string]any{"unsubscribe": link}}
	for _, tc := range []struct{ name, source string }{
		{"nowhere", "---\nsubject: s\n---\n<html><body><p>x</p></body></html>"},
		{"only in the HTML", "---\nsubject: s\ntext: plain\n---\n<p>{% unsubscribe %}</p>"},
		{"only in the text", "---\nsubject: s\ntext: 'plain {% unsubscribe_link %}'\n---\n<p>x</p>"},
	} {
		template, err := New(Options{}).Parse("t", []byte(tc.source))
		if err != nil {
			t.Fatal(tc.name, err)
		}
		m, err := template.Render(t.Context(), vars)
		if err != nil {
			t.Fatal(tc.name, err)
		}
		if strings.Count(m.HTML, "https://a.example/unsubscribe/T?a=1&amp;b=2") != 1 || strings.Count(m.Text, link) != 1 || m.Unsubscribe != link {
			t.Errorf("%s: %+v", tc.name, m)
		}
	}
	for _, bad := range []any{"javascript:alert(1)", "mailto:x@y.example", 5, "https://a.example/\" onclick=\""} {
		template, _ := New(Options{}).Parse("t", []byte("---\nsubject: s\n---\nx"))
		if _, err := template.Render(t.Context(), map[string]any{"links": map[string]any{"unsubscribe": bad}}); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func BenchmarkRenderCartReminder(b *testing.B) {
	source, err := os.ReadFile("../definitions/templates/cart-reminder-us.liquid")
	if err != nil {
		b.Fatal(err)
	}
	template, err := New(Options{}).Parse("cart-reminder-us.liquid", source)
	if err != nil {
		b.Fatal(err)
	}
	data, err := os.ReadFile("testdata/cart-reminder-us.json")
	if err != nil {
		b.Fatal(err)
	}
	var vars map[string]any
	if err := json.Unmarshal(data, &vars); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := template.Render(b.Context(), vars); err != nil {
			b.Fatal(err)
		}
	}
}
