package simulate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/simulate"
)

func TestMistakesInTestsAreFoundWithTheirPlace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, yaml, want string }{
		{"an unknown key", "flow: welcome\ntests:\n  - name: a\n    expects: {messages: []}\n", `x_test.yaml:4:5: unknown key "expects" in a test: did you mean expect?`},
		{"nothing expected", "flow: welcome\ntests:\n  - name: a\n    expect: {}\n", "x_test.yaml:4:13: expect expects nothing"},
		{"an event without a kind", "flow: welcome\ntests:\n  - name: a\n    events: [{at: 1h}]\n    expect: {runs: 0}\n", "x_test.yaml:4:14: this must say exactly one of metric, join"},
		{"two kinds at once", "flow: welcome\ntests:\n  - name: a\n    events: [{metric: A, join: B}]\n    expect: {runs: 0}\n", "x_test.yaml:4:14: this must say exactly one of"},
		{"history that lies ahead", "flow: welcome\ntests:\n  - name: a\n    given: {events: [{metric: A, at: 1h}]}\n    expect: {runs: 0}\n", "x_test.yaml:4:22: this is history"},
		{"an event before the beginning", "flow: welcome\ntests:\n  - name: a\n    events: [{metric: A, at: -1h}]\n    expect: {runs: 0}\n", "this happens before the test begins"},
		{"a bad address", "flow: welcome\ntests:\n  - name: a\n    given: {email: nobody}\n    expect: {runs: 0}\n", "x_test.yaml:4:20: email must be an email address"},
		{"an unknown place", "flow: welcome\ntests:\n  - name: a\n    given: {location: {planet: Mars}}\n    expect: {runs: 0}\n", `x_test.yaml:4:24: unknown key "planet" in location`},
		{"a bad time", "flow: welcome\ntests:\n  - name: a\n    at: soon\n    expect: {runs: 0}\n", `x_test.yaml:4:9: at must be a time or a duration of at most 20 years, not "soon"`},
		{"too long", "flow: welcome\ntests:\n  - name: a\n    until: 900d\n    expect: {runs: 0}\n", "until must be at most 800 days"},
		{"a status that is none", "flow: welcome\ntests:\n  - name: a\n    expect: {status: finished}\n", "status must begin with one of"},
		{"a name twice", "flow: welcome\ntests:\n  - {name: a, expect: {runs: 0}}\n  - {name: a, expect: {runs: 0}}\n", `a test is called "a" already`},
		{"no tests", "flow: welcome\n", "a file of tests needs tests"},
		{"an item twice", "flow: welcome\ncatalog: [{id: a}, {id: a}]\ntests: []\n", "an item's id must be there, once"},
		{"a word for a flag", "flow: welcome\naccount: {tracking: {auto_add_parameters: yes please}}\ntests: []\n", "x_test.yaml:2:43: auto_add_parameters must be true or false"},
		{"an unknown setting of links", "flow: welcome\naccount: {tracking: {utm_content: {}}}\ntests: []\n", `unknown key "utm_content" in tracking`},
		{"a parameter of campaigns", "flow: welcome\naccount: {tracking: {utm_id: {flow: {type: dynamic, value: campaign_id}}}}\ntests: []\n", `value must be email_subject, flow_id, flow_name`},
		{"a parameter without a value", "flow: welcome\naccount: {tracking: {custom_parameters: [{name: a, flow: {type: static}}]}}\ntests: []\n", "flow needs value"},
		{"anchors", "flow: &a welcome\ntests: []\n", "YAML anchors"},
		{"a list", "- flow: welcome\n", "a file of tests must be a mapping, not a list"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, problems := simulate.ReadFile("x_test.yaml", []byte(test.yaml))
			if problems.Err() == nil || !strings.Contains(problems.Error(), test.want) {
				t.Errorf("got %v, want %q in it", problems, test.want)
			}
		})
	}
}

func TestAFailureSaysWhereAndWhatCameInstead(t *testing.T) {
	t.Parallel()
	d, _ := shipped(t)
	file, problems := simulate.ReadFile("cart_test.yaml", []byte(`flow: abandoned-cart
tests:
  - name: wrong in every way
    given: {email: ada@example.com, first_name: Ada, lists: [VIP]}
    events: [{metric: Added to Cart, properties: {ProductName: Mug}}]
    expect:
      messages: [{step: email-x, to: bo@example.com, at: 2h, subject: Hello, contains: [Mug, Teapot], lacks: Mug}, {at: 3h}]
      outcomes: {if-1: then, email-cart-reminder-us: done, wait-1: none}
      status: exited
      runs: 2
      properties: {vip: true}
      lists: [Newsletter]
      tracked: [Reminded]
  - name: right
    given: {email: ada@example.com, first_name: Ada, lists: [VIP]}
    events: [{metric: Added to Cart, properties: {ProductName: Mug}}]
    expect: {runs: 1, lists: [VIP], tracked: [], properties: {vip: null}}
  - name: the same event twice in a second
    events: [{metric: Added to Cart}, {metric: Added to Cart}]
    expect: {runs: 1}
`))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	verdicts, err := file.Test(t.Context(), scratch(t, testkit.DatabaseURL(t)), simulate.Options{Definitions: d, Settings: standard}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range verdicts {
		for _, f := range v.Failures {
			line, _, _ := strings.Cut(f.String(), "\n")
			got = append(got, line)
		}
	}
	want := []string{
		`cart_test.yaml:7:25: expected step "email-x", got "email-cart-reminder-world"`,
		`cart_test.yaml:7:38: expected to "bo@example.com", got "ada@example.com"`,
		`cart_test.yaml:7:71: expected subject "Hello", got "Ada, your basket is waiting"`,
		`cart_test.yaml:7:58: expected the message at 2h, it was sent at 1h (2026-03-02T11:00:00Z)`,
		`cart_test.yaml:7:94: the message does not contain "Teapot"; its text is:`,
		`cart_test.yaml:7:110: the message contains "Mug"`,
		`cart_test.yaml:7:116: this message was not sent; sent were:`,
		`cart_test.yaml:8:24: expected if-1: "then", got "else"`,
		`cart_test.yaml:8:54: expected email-cart-reminder-us: "done", but the step was not reached; reached were: ` +
			`email-cart-reminder-world (done), if-1 (else), wait-1 (done)`,
		`cart_test.yaml:8:68: expected wait-1: "none", got "done"`,
		`cart_test.yaml:9:15: expected status "exited", got "done"`,
		`cart_test.yaml:10:13: expected the person to have entered 2 times, it was 1`,
		`cart_test.yaml:11:25: expected property vip: true, got missing`,
		`cart_test.yaml:12:14: expected lists [Newsletter], got [VIP]`,
		`cart_test.yaml:13:16: expected tracked events [Reminded], got []`,
		`cart_test.yaml:18:11: the test cannot be played: at 2026-03-02T10:00:00Z: the event Added to Cart repeats one of the same ` +
			`person in the same second: give it another time or a unique_id`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTestsOfAFlowThatIsNotThereSaySo(t *testing.T) {
	t.Parallel()
	d, _ := shipped(t)
	file, _ := simulate.ReadFile("x_test.yaml", []byte("flow: nowhere\ntests: [{name: a, expect: {runs: 0}}]\n"))
	_, err := file.Test(t.Context(), nil, simulate.Options{Definitions: d, Settings: standard}, nil)
	if err == nil || !strings.Contains(err.Error(), "x_test.yaml:1:7: there is no flow nowhere") {
		t.Error(err)
	}
}

func FuzzReadFile(f *testing.F) {
	f.Add([]byte("flow: welcome\ntests: [{name: a, given: {email: a@b.de, events: [{metric: A, at: -3d}]}, expect: {messages: [{contains: x}]}}]\n"))
	f.Add([]byte("flow: x\naccount: {timezone: Mars}\nfeeds: {a: {b: 1}}\ncatalog: [{id: 1, price: 2}]\ntests: []\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, problems := simulate.ReadFile("x_test.yaml", data)
		if file == nil || problems == nil && file.Flow == "" {
			t.Fatal("neither tests nor problems")
		}
	})
}
