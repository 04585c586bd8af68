package expression_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/legato-flow/legato/expression"
)

func TestPeopleAreToldApartByWhereTheyAre(t *testing.T) {
	t.Parallel()
	person := map[string]any{
		"location": map[string]any{"country": " germany"}, "us": "US", "uk": "United Kingdom", "n": 7.0,
		"phone_number": "+14155550123", "german": "+4930123456", "local": "030 123456", "tags": []any{"a", "shop-b", 1.0},
	}
	h := newHistory(t)
	for source, want := range map[string]any{
		`in_region(person.location.country, "european_union")`: true,
		`in_region(person.us, "european_union")`:               false,
		`in_region(person.us, "united_states")`:                true,
		`in_region(person.uk, "european_union") == false`:      true,
		`in_region(person.missing, "european_union")`:          nil,
		`in_region(person.n, "european_union") == false`:       false,
		`phone_country(person.phone_number)`:                   "US",
		`phone_country(person.german) in ["DE", "AT"]`:         true,
		`phone_country(person.local) not in ["DE"]`:            false,
		`phone_country(person.local)`:                          nil,
		`has_any(person.tags, ["x", 1])`:                       true,
		`has_all(person.tags, ["a", "x"]) == false`:            true,
		`has_all(person.us, ["a"]) == false`:                   false,
		`has_part(person.tags, "hop")`:                         true,
		`anniversary_ago("1990-05-10", "0d")`:                  true,
		`anniversary_ago("1990-05-03", "7d")`:                  true,
		`anniversary_ago("1990-05-02", "7d")`:                  false,
		`anniversary_ago("1990-05-11", "300d")`:                false,
		`sample(100)`:                                          true,
		`sample(0)`:                                            false,
	} {
		if got := answer(t, h.db, source, expression.Subject{Profile: "ada", Now: now, Person: person})[0]; got != want {
			t.Errorf("%s is %v, want %v", source, got, want)
		}
	}
	for source, want := range map[string]string{
		`sample(101)`:               "the percentage of sample must be written out, from 0 to 100",
		`sample(person.n)`:          "the percentage of sample must be written out, from 0 to 100",
		`in_region(person.us, "x")`: `"x" is no region; known are european_union and united_states`,
		`sent("fax")`:               `"fax" is no channel; known are email, sms and push`,
		`has_any(person.tags, "a")`: `the items must be written out as a list: has_any(list, ["a", "b"])`,
		`entered_flow("7d", 1)`:     `entered_flow takes one argument or none, got 2: entered_flow(window?)`,
		`did("x", after("7d"))`:     `after needs a date, like after("2026-05-10"); for a duration use last`,
		`any(events("Rare"), in_region(.a, "united_states"))`: "in_region is not available inside a condition over events",
	} {
		if _, err := expression.Compile(source, expression.Person); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	if _, err := expression.Compile("sample(5)", expression.Trigger); err == nil {
		t.Error("a trigger filter can draw a sample")
	}
}

func TestASampleIsAsLargeAsItSaysAndStaysTheSameInARun(t *testing.T) {
	t.Parallel()
	x, err := expression.Compile("sample(30)", expression.Person)
	if err != nil {
		t.Fatal(err)
	}
	other, err := expression.Compile(`sample(30, "again")`, expression.Person)
	if err != nil {
		t.Fatal(err)
	}
	in, both := 0, 0
	for i := range 10_000 {
		input := expression.Input{Person: map[string]any{"id": fmt.Sprint(i)}, Flow: map[string]any{"id": "f"}, Start: now}
		first, err := x.True(input)
		if err != nil {
			t.Fatal(err)
		}
		input.Now = now.Add(time.Hour)
		if again, _ := x.True(input); again != first {
			t.Fatal("another moment of the run draws again")
		}
		if first {
			in++
			if drawn, _ := other.True(input); drawn {
				both++
			}
		}
	}
	if in < 2800 || in > 3200 || both < in*2/10 || both > in*4/10 {
		t.Errorf("%d of 10000 are in a sample of 30%%, %d of them in another one", in, both)
	}
}

func TestMembershipKnowsWhen(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.person("ada", "ada@example.org")
	h.exec("insert into list (id, name) values ('L1', 'News')")
	h.exec("insert into list_member values ('L1', 'ada', $1)", ago(10*day))
	h.exec("insert into plan (hash, flow_id, body) values ('h', 'f', '{}')")
	h.exec("insert into cohort (id, flow_id, hash, size) values ('c', 'f', 'h', 1)")
	for i, at := range []time.Time{ago(20 * day), now} {
		h.exec("insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, entered_at) values ($1, 'f', 'h', 'ada', $1, 'c', $2)", fmt.Sprint(i), at)
	}
	for i, status := range []string{"sent", "failed"} {
		h.exec("insert into message (send_key, message_id, profile_id, channel, address, status, owner, sent_at) values ($1, $1, 'ada', $2, 'a', $3, 'o', $4)",
			fmt.Sprint(i), []string{"email", "sms"}[i], status, ago(2*day))
	}
	subject := expression.Subject{Profile: "ada", Start: now, Now: now, Flow: map[string]any{"id": "f"}}
	for source, want := range map[string]any{
		`in_list("News")`:                    true,
		`in_list("L1", last("30d"))`:         true,
		`in_list("L1", last("10d"))`:         false,
		`in_list("L1", before("10d"))`:       true,
		`in_list("L1", after("2026-04-01"))`: true,
		`sent("email")`:                      true,
		`sent("email", last("3d"))`:          true,
		`sent("email", last("1d"))`:          false,
		`sent("sms")`:                        false,
		`entered_flow()`:                     true,
		`entered_flow(last("30d"))`:          true,
		`entered_flow(last("19d"))`:          false,
		`not entered_flow() or sent("push")`: false,
		`did("Rare", after("2026-05-01"))`:   false,
	} {
		if got := answer(t, h.db, source, subject)[0]; got != want {
			t.Errorf("%s is %v, want %v", source, got, want)
		}
	}
	subject.Flow = map[string]any{"id": "g"}
	if got := answer(t, h.db, "entered_flow()", subject)[0]; got != false {
		t.Error("another flow's runs count")
	}
}
