package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCompileErrorsSayWhatAndWhere(t *testing.T) {
	t.Parallel()
	cases := []struct {
		source string
		scope  Scope
		want   string // part of the message
		at     string // the text that is pointed at
	}{
		{`persn.city == "x"`, Person, "unknown name persn; did you mean person?", "persn"},
		{`birthday == "x"`, Person, "a property is written person.birthday", "birthday"},
		{`value > 20`, Trigger, "a property is written event.value", "value"},
		{`"ä" == "ö" or persn.x`, Person, "did you mean person?", "persn"},
		{`dayz_until(now) > 3`, Person, "unknown function dayz_until; did you mean days_until(d)?", "dayz_until"},
		{`sortBy(person.x, .y)`, Person, "unknown function sortBy", "sortBy"},
		{`now() > person.x`, Person, "now is a name", "now"},
		{`did == true`, Person, "did is a function: did(metric, window?)", "did"},
		{`person.vip == true`, Trigger, eventOnly, "person"},
		{`event.x == flow.y`, Trigger, eventOnly, "flow"},
		{`did("Placed Order")`, Trigger, eventOnly, "did"},
		{`count(events("Placed Order")) > 1`, Trigger, eventOnly, "events"},
		{`in_list("x")`, Trigger, eventOnly, "in_list"},
		{`person.x == nil`, Person, "use is_set(x)", "nil"},
		{`nil`, Person, "use is_set(x)", "nil"},
		{`count(events("A"), .x != nil) > 1`, Person, "use is_set(x)", "nil"},
		{`in_segment("VIP")`, Person, "segments are not available yet", "in_segment"},
		{`can_receive("sms")`, Person, `can_receive("sms") is not available yet`, `"sms"`},
		{`not person.city == "x"`, Person, "write not (a == b)", "not"},
		{`!count(events("A")) > 1`, Person, "write not (a > b)", "!"},
		{`count(events("A"), not .x == 1) > 1`, Person, "write not (a == b)", "not"},
		{`person.city = "x"`, Person, "a comparison is written ==", "="},
		{`person.city ==`, Person, "the expression ends too early", ""},
		{`1 > "a"`, Person, "compares a number with text, which is always false", ">"},
		{`count(events("A")) == "3"`, Person, "compares a number with text", "=="},
		{`now > "soon"`, Person, `"soon" is not a date like 2026-05-10`, `"soon"`},
		{`date("31.12.2026") > now`, Person, "is not a date", `"31.12.2026"`},
		{`anniversary_in(person.birthday, "12h")`, Person, "whole days", `"12h"`},
		{`anniversary_in(person.birthday, 7)`, Person, "duration in quotes", "7"},
		{`now - 30`, Person, `now - "30d"`, "-"},
		{`person.city matches person.x`, Person, "written out in quotes", "x"},
		{`person.city matches "["`, Person, "not a regular expression", `"["`},
		{`events("A")`, Person, "wrap them", "events"},
		{`map(events("A"), .x)`, Person, "wrap it in count", "map"},
		{`sum(events("A"))`, Person, "sum(events(…), .value)", "sum"},
		{`count(events(person.metric)) > 1`, Person, "the metric's name must be written out in quotes", "metric"},
		{`did("A", "30d")`, Person, `a window is last("30d")`, `"30d"`},
		{`did("A", last("soon"))`, Person, "neither a duration like 30d nor a date", `"soon"`},
		{`did("A", last("2026-01-01"))`, Person, "for a date use since", `"2026-01-01"`},
		{`did("A", since("7d"))`, Person, "for a duration use last", `"7d"`},
		{`did("A", since(person.x))`, Person, "the ends of a window are written out", "x"},
		{`did("A", between("2026-02-01", "2026-01-01"))`, Person, "between is empty", "between"},
		{`did("A", between("7d", "30d"))`, Person, "between is empty", "between"},
		{`did("A", between("2026-01-01", "7d"))`, Person, "two dates or two durations", "between"},
		{`last("30d")`, Person, "last is a window", "last"},
		{`since_start`, Person, "since_start is a window", "since_start"},
		{`did("A", since_start())`, Person, "without parentheses", "since_start"},
		{`any(person.x, did("A"))`, Person, "cannot be used inside a condition over a list", "did"},
		{`any(events("A"), did("B"))`, Person, "cannot be asked inside a condition over events", "did"},
		{`any(events("A"), .delivered > "2026-01-01")`, Person, "dates inside the properties of past events", ">"},
		{`any(events("A"), .delivered < now)`, Person, "dates inside the properties of past events", "<"},
		{`any(events("A"), lower(.x) == "a")`, Person, "lower is not available inside a condition over events", "lower"},
		{`any(events("A"), .x matches "\\bfoo")`, Person, `\b is not available in a pattern`, `"\\bfoo"`},
		{`any(events("A"), .[person.x] == 1)`, Person, "", ""},
		{`any(events("A"), # == 1)`, Person, "# is a whole event", "#"},
		{`any(events("A"), .time == event.time)`, Person, "use a window", "time"},
		{`any(events("A"), .id == person)`, Person, "name a property, like person.name", "person"},
		{`any(events("A"), .value % 2 == 0)`, Person, "% is not available", "%"},
		{`person.foo()`, Person, "a property has no methods", "foo"},
		{`person.x[1:2]`, Person, "use a single index", "["},
		{`{"a": 1}`, Person, "is not supported", "{"},
		{`1; 2`, Person, "joined", ""},
		{`person.age in 1..5`, Person, "use x >= 1 and x <= 5", ".."},
		{`is_set()`, Person, "is_set takes one argument, got 0: is_set(x)", "is_set"},
		{`lower(5)`, Person, "lower needs text, got a number", "lower"},
		{`len(5)`, Person, "needs a list", "5"},
		{`"a" and true`, Person, "needs a condition on both sides, the left is text", "and"},
		{`let person = 1; person`, Person, "the name is taken", "person"},
		{`# == 1`, Person, "", ""},
		{`$env.person`, Person, "unknown name $env", "$env"},
		{`person.x == "\u0000"`, Person, "zero byte", `"\u0000"`},
		{"", Person, "the expression is empty", ""},
		{"  \n", Person, "the expression is empty", ""},
		{strings.Repeat("x", MaxSource+1), Person, "at most 10000 are accepted", ""},
		{strings.Repeat("1+", 4000) + "1", Person, "too large", ""},
	}
	for _, c := range cases {
		t.Run(clip(c.source), func(t *testing.T) {
			t.Parallel()
			_, err := Compile(c.source, c.scope)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if c.want == "joined" {
				c.want = "join conditions with and / or"
			}
			if !strings.Contains(e.Message, c.want) {
				t.Errorf("message %q, want %q", e.Message, c.want)
			}
			if strings.Contains(e.Message, "\n") || strings.Contains(e.Message, mark) {
				t.Errorf("the message shows our insides: %q", e.Message)
			}
			if e.Offset < 0 || e.Length < 0 || e.Offset+e.Length > len(c.source) && c.source != "" && len(c.source) <= MaxSource {
				t.Fatalf("points outside of the source: %d+%d", e.Offset, e.Length)
			}
			if at := c.source[min(e.Offset, len(c.source)):min(e.Offset+e.Length, len(c.source))]; c.at != "" && at != c.at {
				t.Errorf("points at %q, want %q", at, c.at)
			}
		})
	}
}

func TestEveryFunctionIsDescribedAndUsable(t *testing.T) {
	t.Parallel()
	examples := map[string]string{
		"join": `join(person.x, ",")`, "anniversary_in": `anniversary_in(person.x, "7d")`,
		"any": `any(person.x, .y == 1)`, "all": `all(person.x, .y == 1)`, "none": `none(person.x, .y == 1)`,
		"filter": `filter(person.x, .y == 1)`, "map": `map(person.x, .y)`, "find": `find(person.x, .y == 1)`,
		"events": `len(events("A"))`, "did": `did("A")`, "first_at": `first_at("A")`, "last_at": `last_at("A")`,
		"last": `did("A", last("30d"))`, "since": `did("A", since("2026-01-01"))`, "before": `did("A", before("7d"))`,
		"between": `did("A", between("2026-01-01", "2026-02-01"))`, "since_start": `did("A", since_start)`,
		"after": `did("A", after("2026-01-01"))`, "anniversary_ago": `anniversary_ago(person.x, "7d")`,
		"has_any": `has_any(person.x, ["a"])`, "has_all": `has_all(person.x, ["a"])`, "has_part": `has_part(person.x, "a")`,
		"in_region": `in_region(person.x, "united_states")`, "sample": `sample(50)`, "sent": `sent("email")`, "entered_flow": `entered_flow()`,
		"in_list": `in_list("Newsletter")`, "today": `today()`, "can_receive": `can_receive("email")`,
	}
	for _, f := range Functions {
		source, ok := examples[f.Name]
		if !ok {
			source = f.Name + "(person.x)"
		}
		if _, err := Compile(source, Person); err != nil {
			t.Errorf("%s: %v", source, err)
		}
		if f.Meaning == "" || f.Group == "" || !strings.HasPrefix(f.Signature, f.Name) {
			t.Errorf("%s is not described: %+v", f.Name, f)
		}
	}
}

func TestAnExpressionTellsWhatItMentions(t *testing.T) {
	t.Parallel()
	x, err := Compile(`person.location.country == "US" and event["$value"] > 3 and person["Favorite Color"] == "red"
		and did("B", last("1d")) and did("A") and did("A") and count(events("A"), .sku == event.SKU) > 1 and flow.x == 1`, Person)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := x.Properties(), []string{"event.$value", "event.SKU", "person.Favorite Color", "person.location"}; !slices.Equal(got, want) {
		t.Errorf("properties %q, want %q", got, want)
	}
	if got, want := x.Metrics(), []string{"A", "B"}; !slices.Equal(got, want) {
		t.Errorf("metrics %q, want %q", got, want)
	}
	var sources []string
	for _, q := range x.Queries() {
		sources = append(sources, q.Source)
	}
	if want := []string{`did("B", last("1d"))`, `did("A")`, `count(events("A"), .sku == event.SKU)`}; !slices.Equal(sources, want) {
		t.Errorf("queries %q, want %q", sources, want)
	}
}

func TestTooManyQuestionsAreRefused(t *testing.T) {
	t.Parallel()
	var parts []string
	for i := range MaxQueries + 1 {
		parts = append(parts, fmt.Sprintf(`did("M%d")`, i))
	}
	if _, err := Compile(strings.Join(parts[:MaxQueries], " or "), Person); err != nil {
		t.Error(err)
	}
	if _, err := Compile(strings.Join(parts, " or "), Person); err == nil || !strings.Contains(err.Error(), "at most 50") {
		t.Errorf("got %v", err)
	}
}

func TestExplainGivesEveryClauseWithWhatItSaw(t *testing.T) {
	t.Parallel()
	x, err := Compile(`(person.city == "boston" or (person.zip == ")")) and did("A", since_start) and not (person.a and person.vip)
		and 18 <= person.age < 65`, Person)
	if err != nil {
		t.Fatal(err)
	}
	in := sampleInput(t)
	in.Answers = []any{false}
	var got []string
	for _, c := range x.Explain(in) {
		got = append(got, fmt.Sprintf("%s → %v %v %v %s", c.Source, c.Value, c.Holds, c.Inputs, c.Error))
	}
	want := []string{
		`person.city == "boston" → true true [{person.city boston}] `,
		`(person.zip == ")") → false false [{person.zip <nil>}] `,
		`did("A", since_start) → false false [{did("A", since_start) false}] `,
		`not (person.a and person.vip) → true true [{person.a <nil>} {person.vip true}] `,
		`18 <= person.age < 65 → true true [{person.age 31}] `,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	single, err := Compile(` did("A") `, Person)
	if err != nil {
		t.Fatal(err)
	}
	if got := single.Explain(Input{Now: noon}); len(got) != 1 || got[0].Error == "" || got[0].Source != `did("A")` {
		t.Errorf("without answers: %+v", got)
	}
}

func FuzzCompile(f *testing.F) {
	for _, source := range []string{
		`person.city == "Boston" and not did("Placed Order", since_start)`, `sum(events("Placed Order", last("90d")), .value) > 500`,
		`count(events("V"), .Brand == "Acme" and .value > 10 or any(.items, .sku in ["a", 1])) > 1`, `let x = person.a ?? 1; x > 2 ? "a" : "b"`,
		`event["$value"] matches "^[a-z]+$" and event.x[0]?.y not contains "é"`, `{#.x}`, `a | b(c)`, `1..2`, `"\u{1F600}" + 'x'`, `not not !true`,
		`any(person.x, any(.y, # == 1))`, `if a {1} else {2}`, `now - "30d" < date("2026-01-01")`, "a // b\n", `/*`, `b"x"`, `1 < 2 < 3`, `::now()`, `#acc`,
		`count(events("A", between("30d", "7d")), .a.b["c"][-1] / 2 > -1)`, `can_receive("email") and in_list("x")`,
	} {
		f.Add(source)
	}
	in := sampleInput(f)
	f.Fuzz(func(t *testing.T, source string) {
		for _, scope := range []Scope{Trigger, Person} {
			x, err := Compile(source, scope)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || e.Message == "" || e.Offset < 0 || e.Length < 0 || len(source) <= MaxSource && e.Offset+e.Length > len(source) {
					t.Fatalf("%q: %#v", source, err)
				}
				if strings.HasPrefix(e.Message, "the expression cannot be compiled") || strings.HasPrefix(e.Message, "assembling") {
					t.Fatalf("%q reached the compiler: %s", source, e.Message)
				}
				continue
			}
			in := in
			for _, q := range x.Queries() {
				in.Answers = append(in.Answers, map[kind]any{boolean: true, number: 2.0, instant: noon}[q.gives])
				if n := strings.Count(q.sql.text, "?"); n != len(q.sql.args) {
					t.Fatalf("%q: %d places, %d parameters", source, n, len(q.sql.args))
				}
			}
			if _, err := x.Eval(in); err != nil && !errors.Is(err, errWork) && !strings.Contains(err.Error(), "memory budget") {
				t.Fatalf("%q: %v", source, err)
			}
			x.Explain(in)
		}
	})
}
