package expression

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)

// sample is read as JSON, as callers do.
const sample = `{
	"person": {
		"first_name": "Ada", "city": "boston", "age": 31, "age_text": "31", "zero": 0, "empty": "", "vip": true, "old": false,
		"null": null, "sizes": ["XL", "M"], "none": [], "mixed": [1, "a", null, true],
		"Favorite Color": "red", "location": {"country": "United States", "zip": "02108"},
		"orders": [{"sku": "A", "price": 19.99, "quantity": 3}, {"sku": "B", "price": 5}, {"price": "5"}, 7],
		"birthday": "1990-02-28", "leap": "2000-02-29", "us_date": "05/12/2026", "signup": "2026-05-01T08:00:00+03:00",
		"created": "2026-05-01T08:00:00Z", "unix": 1778414400
	},
	"event": {"value": 25, "Items": [{"id": "x1"}], "time": "2026-05-10T11:00:00Z", "currency": "EUR", "id": "e1"},
	"flow": {"step": "s1"}
}`

func sampleInput(t testing.TB) Input {
	t.Helper()
	var in Input
	if err := json.Unmarshal([]byte(sample), &in); err != nil {
		t.Fatal(err)
	}
	in.Now = noon
	return in
}

func TestConditions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		group, source string
		want          bool
	}{
		// Comparisons with something missing are false, whatever the operator.
		{"missing", `person.nope == "x"`, false},
		{"missing", `person.nope != "x"`, false},
		{"missing", `person.nope < 1`, false},
		{"missing", `person.nope >= 1`, false},
		{"missing", `person.nope == person.nope`, false},
		{"missing", `person.null == person.null`, false},
		{"missing", `person.null != 1`, false},
		{"missing", `person.nope in ["x"]`, false},
		{"missing", `person.nope not in ["x"]`, false},
		{"missing", `"x" in person.nope`, false},
		{"missing", `"x" not in person.nope`, false},
		{"missing", `person.nope contains "x"`, false},
		{"missing", `person.nope not contains "x"`, false},
		{"missing", `person.nope startsWith "x"`, false},
		{"missing", `person.nope not startsWith "x"`, false},
		{"missing", `person.nope not endsWith "x"`, false},
		{"missing", `person.nope not matches "x"`, false},
		{"missing", `not (person.nope == "x")`, true},
		{"missing", `not (person.nope contains "x")`, true},
		{"missing", `person.nope`, false},
		{"missing", `not person.nope`, true},
		{"missing", `person.nope and true`, false},
		{"missing", `person.nope or true`, true},
		{"missing", `person.nope ? false : true`, true},
		{"missing", `person.a.b.c[3].d == 1`, false},
		{"missing", `person.age.b == 1`, false},
		{"missing", `person.first_name[0] == "A"`, false},
		{"missing", `person.sizes.x == "A"`, false},
		{"missing", `person.sizes[7] == "A"`, false},
		{"missing", `person.nope + 1 > 0`, false},
		{"missing", `person.age / person.zero > 0`, false},
		{"missing", `person.age % 0 == 0`, false},
		{"missing", `len(person.nope) == 0`, false},
		{"missing", `count(person.nope) == 0`, true},
		{"missing", `any(person.nope, .x == 1)`, false},
		{"missing", `all(person.nope, .x == 1)`, true},
		{"missing", `none(person.age, .x == 1)`, true},
		{"missing", `sum(person.nope) == 0`, true},
		{"missing", `is_set(max(person.nope))`, false},
		{"missing", `lower(person.nope) == ""`, false},

		{"is_set", `is_set(person.city)`, true},
		{"is_set", `is_set(person.nope)`, false},
		{"is_set", `is_set(person.null)`, false},
		{"is_set", `is_set(person.empty)`, true},
		{"is_set", `is_set(person.zero)`, true},
		{"is_set", `is_set(person.old)`, true},
		{"is_set", `not is_set(person.location.city)`, true},

		// Kinds that do not meet are not comparable, also for !=.
		{"kinds", `person.age_text > 30`, false},
		{"kinds", `person.age_text == 31`, false},
		{"kinds", `person.age_text != 30`, false},
		{"kinds", `number(person.age_text) > 30`, true},
		{"kinds", `person.age > 30`, true},
		{"kinds", `person.age == 31.0`, true},
		{"kinds", `person.age != 30`, true},
		{"kinds", `person.vip == true`, true},
		{"kinds", `person.vip != false`, true},
		{"kinds", `person.vip > person.old`, false},
		{"kinds", `person.sizes == ["XL", "M"]`, true},
		{"kinds", `person.sizes != ["XL"]`, true},
		{"kinds", `person.sizes == "XL"`, false},
		{"kinds", `person.sizes != "XL"`, false},
		{"kinds", `person.first_name`, false},
		{"kinds", `person.age`, false},
		{"kinds", `person.location == person.location`, true},

		{"text", `person.city == "Boston"`, false},
		{"text", `person.city != "Boston"`, true},
		{"text", `upper(person.city) == "BOSTON"`, true},
		{"text", `person.city in ["boston", "berlin"]`, true},
		{"text", `person.city not in ["Boston", "berlin"]`, true},
		{"text", `person.city contains "ost"`, true},
		{"text", `person.city not contains "ost"`, false},
		{"text", `person.city startsWith "bo"`, true},
		{"text", `person.city endsWith "ton"`, true},
		{"text", `person.city matches "^b.s"`, true},
		{"text", `person.city not matches "^x"`, true},
		{"text", `person.age contains "3"`, false},
		{"text", `person["Favorite Color"] == "red"`, true},
		{"text", `person.first_name + "!" == "Ada!"`, true},
		{"text", `person.first_name < "Bob"`, true},
		{"text", `trim("  a ") == "a"`, true},

		{"lists", `person.sizes contains "XL"`, true},
		{"lists", `person.sizes contains "X"`, false},
		{"lists", `person.sizes not contains "X"`, true},
		{"lists", `"M" in person.sizes`, true},
		{"lists", `any(person.sizes, # contains "X")`, true},
		{"lists", `len(person.none) == 0`, true},
		{"lists", `person.sizes[-1] == "M"`, true},
		{"lists", `person.mixed contains 1`, true},
		{"lists", `person.mixed contains "1"`, false},
		{"lists", `count(person.orders) == 4`, true},
		{"lists", `count(person.orders, .price > 4) == 2`, true},
		{"lists", `sum(person.orders, .price) == 24.99`, true},
		{"lists", `sum(person.orders, .price * .quantity) == 59.97`, true},
		{"lists", `sum(filter(person.orders, .sku == "A"), .price) == 19.99`, true},
		{"lists", `max(map(person.orders, .price)) == 19.99`, true},
		{"lists", `find(person.orders, .sku == "B").price == 5`, true},
		{"lists", `person.orders | any(.sku == "B")`, true},
		{"lists", `any(person.orders, any(person.sizes, # == "M"))`, true},
		{"lists", `join(person.sizes, "/") == "XL/M"`, true},

		{"numbers", `0.1 + 0.2 == 0.3`, true},
		{"numbers", `19.99 * 3 == 59.97`, true},
		{"numbers", `round(2.345, 2) == 2.35`, true},
		{"numbers", `round(-2.5) == -3`, true},
		{"numbers", `-person.age == -31`, true},
		{"numbers", `18 <= person.age < 65`, true},
		{"numbers", `person.age - 1 == 30 and person.age % 2 == 1`, true},

		{"event", `event.value >= 20`, true},
		{"event", `event["$value"] == 25`, true},
		{"event", `event.Items[0].id == "x1"`, true},
		{"event", `event.time > "2026-05-10"`, true},
		{"event", `now - event.time <= "1h"`, true},
		{"event", `now - event.time < "60m"`, false},
		{"event", `flow.step == "s1"`, true},

		{"dates", `person.birthday < "2000-01-01"`, true},
		{"dates", `person.us_date > now`, true},
		{"dates", `person.us_date == now`, false},
		{"dates", `person.signup < person.created`, true}, // as text; see the next
		{"dates", `date(person.signup) < person.created`, true},
		{"dates", `person.created < now - "9d"`, true},
		{"dates", `person.created < now - "10d"`, false},
		{"dates", `person.city < now`, false},
		{"dates", `date(person.unix) == now`, true},
		{"dates", `date(person.city) == now`, false},
		{"dates", `today() == "2026-05-10"`, true},
		{"dates", `days_until(today()) == 0`, true},
		{"dates", `days_until(person.us_date) == 2`, true},
		{"dates", `days_until(person.created) == -9`, true},
		{"dates", `anniversary_in("1990-05-10", "0d")`, true},
		{"dates", `anniversary_in("1990-05-17", "7d")`, true},
		{"dates", `anniversary_in("1990-05-18", "1w")`, false},
		{"dates", `anniversary_in("1990-05-09", "30d")`, false},
		{"dates", `anniversary_in(person.nope, "7d")`, false},
		{"dates", `month(person.birthday) == 2 and year(person.birthday) == 1990 and day(person.birthday) == 28`, true},
		{"dates", `date("2026-05-10") < now`, true},
		{"dates", `person.us_date - "3d" < now`, true},

		{"logic", `let c = person.city; c == "boston" or c == "berlin"`, true},
		{"logic", `if person.age > 30 { true } else { false }`, true},
		{"logic", `(person.nope ?? "x") == "x"`, true},
		{"logic", `not (person.age > 40) and !person.old`, true},
		{"logic", `person.location?.country == "United States" // a comment`, true},
	}
	for _, c := range cases {
		t.Run(c.group+" "+c.source, func(t *testing.T) {
			t.Parallel()
			x, err := Compile(c.source, Person)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := x.True(sampleInput(t)); got != c.want || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	cases := []struct {
		source string
		want   any
	}{
		{`person.age + 1`, 32.0},
		{`1`, 1.0},
		{`person.nope + 1`, nil},
		{`"Hi " + person.first_name`, "Hi Ada"},
		{`"Hi " + person.nope`, nil},
		{`person.age > 30 ? "old" : "young"`, "old"},
		{`person.sizes`, []any{"XL", "M"}},
		{`map(person.orders, .sku)`, []any{"A", "B", nil, nil}},
		{`filter(person.sizes, # == "M")`, []any{"M"}},
		{`now - "1d"`, noon.Add(-24 * time.Hour)},
		{`now - person.created`, 9*24*time.Hour + 4*time.Hour},
		{`mean(person.mixed)`, 1.0},
		{`string(person.age)`, "31"},
		{`string(0.1 + 0.2)`, "0.3"},
		{`number("1e999")`, nil},
		{`1e300 * 1e300`, nil},
		{`7 / 2`, 3.5},
		{`floor(-1.5)`, -2.0},
		{`is_set(person.nope)`, false},
	}
	for _, c := range cases {
		t.Run(c.source, func(t *testing.T) {
			t.Parallel()
			x, err := Compile(c.source, Person)
			if err != nil {
				t.Fatal(err)
			}
			got, err := x.Eval(sampleInput(t))
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestInputMayHoldGoValues(t *testing.T) {
	t.Parallel()
	type name string
	in := Input{Now: noon, Event: map[string]any{
		"n": 3, "big": int64(7), "json": json.Number("1.50"), "tags": []string{"a", "b"}, "m": map[string]int{"x": 1},
		"at": noon, "nan": math.NaN(), "name": name("x"), "ch": make(chan int), "nilp": (*int)(nil), "zero": time.Time{},
	}}
	for source, want := range map[string]bool{
		`event.n == 3 and event.big == 7 and event.json == 1.5`: true,
		`"b" in event.tags and event.m.x == 1`:                  true,
		`event.at == now and event.name == "x"`:                 true,
		`is_set(event.nan)`:                                     false,
		`is_set(event.ch)`:                                      false,
		`is_set(event.nilp)`:                                    false,
		`is_set(event.zero)`:                                    false,
	} {
		x, err := Compile(source, Trigger)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := x.True(in); got != want || err != nil {
			t.Errorf("%s: got %v, %v", source, got, err)
		}
	}
}

func TestEvalIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	x, err := Compile(`any(person.orders, .sku matches "^B$") and person.city != "x"`, Person)
	if err != nil {
		t.Fatal(err)
	}
	in := sampleInput(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if ok, err := x.True(in); !ok || err != nil {
					t.Errorf("got %v, %v", ok, err)
				}
				if c := x.Explain(in); len(c) != 2 || !c[0].Holds {
					t.Errorf("got %v", c)
				}
			}
		})
	}
	wg.Wait()
}

func TestEvalIsBounded(t *testing.T) {
	t.Parallel()
	items := make([]any, 4000)
	for i := range items {
		items[i] = strings.Repeat("x", 100)
	}
	in := Input{Now: noon, Person: map[string]any{"items": items, "text": strings.Repeat("x", 90_000)}}
	for _, source := range []string{
		`any(person.items, any(person.items, any(person.items, # == "y")))`,
		`count(person.items, person.items contains "y" and person.items contains "z")  > 0`,
		`count(person.items, count(person.items, person.text contains "y") > 0) > 0`,
		`any(person.items, any(person.items, person.items == person.items and false))`,
		`len(map(person.items, map(person.items, #))) > 0`,
	} {
		x, err := Compile(source, Person)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := x.Eval(in); err == nil {
			t.Errorf("%s: no error", source)
		}
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("%s: took %s", source, d)
		}
	}
	x, err := Compile(`person.text + person.text`, Person)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := x.Eval(in); v != nil || err != nil {
		t.Errorf("a text over the limit: got %T, %v", v, err)
	}
}

func TestEvalNeedsWhatTheExpressionNeeds(t *testing.T) {
	t.Parallel()
	x, _ := Compile(`did("A")`, Person)
	if _, err := x.Eval(Input{Now: noon}); err == nil || !strings.Contains(err.Error(), "has 1 queries, got 0 answers") {
		t.Errorf("got %v", err)
	}
	if _, err := x.Eval(Input{Now: noon, Answers: []any{"yes"}}); err == nil {
		t.Error("an answer of the wrong kind is accepted")
	}
	x, _ = Compile(`days_until("2026-01-01") > 3`, Person)
	if _, err := x.Eval(Input{}); err == nil || !strings.Contains(err.Error(), "Input.Now is not set") {
		t.Errorf("got %v", err)
	}
	x, _ = Compile(`len("abc")`, Person)
	if _, err := x.True(Input{}); err == nil || !strings.Contains(err.Error(), "gives a number, expected true or false") {
		t.Errorf("got %v", err)
	}
	if x.Condition() {
		t.Error("a number counts as a condition")
	}
}
