package expression_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/expression"
	"github.com/legato-flow/legato/internal/testkit"
)

var now = time.Date(2026, 5, 10, 12, 0, 0, 0, time.UTC)

// history writes people and events straight into the tables.
type history struct {
	t  testing.TB
	db *sqlx.DB
	n  int
}

func newHistory(t testing.TB) *history {
	h := &history{t: t, db: testkit.Store(t).DB}
	for i, name := range []string{"Placed Order", "Viewed Product", "Rare"} {
		h.exec("insert into metric (id, name) values ($1, $2)", fmt.Sprintf("M%d", i), name)
	}
	// Two metrics may share a name.
	h.exec("insert into metric (id, name, service) values ('M9', 'Placed Order', 'shop')")
	return h
}

func (h *history) exec(sql string, args ...any) {
	h.t.Helper()
	if _, err := h.db.Exec(sql, args...); err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
}

func (h *history) person(id string, email any) {
	h.t.Helper()
	h.exec("insert into profile (id, email) values ($1, $2)", id, email)
}

func (h *history) event(profile, metric string, at time.Time, value any, properties any) {
	h.t.Helper()
	data, err := json.Marshal(properties)
	if err != nil {
		h.t.Fatal(err)
	}
	h.n++
	h.exec("select ensure_event_partition($1)", at)
	h.exec("insert into event (id, profile_id, metric_id, time, recorded_at, unique_id, value, properties) values (gen_random_uuid(), $1, $2, $3, $3, $4, $5, $6)",
		profile, metric, at, fmt.Sprint(h.n), value, data)
}

func ago(d time.Duration) time.Time { return now.Add(-d) }

const day = 24 * time.Hour

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}

func answer(t tester, db *sqlx.DB, source string, subjects ...expression.Subject) []any {
	t.Helper()
	x, err := expression.Compile(source, expression.Person)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	answers, err := expression.Answer(t.Context(), db, x.Queries(), subjects)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	out := make([]any, len(subjects))
	for i, s := range subjects {
		out[i], err = x.Eval(expression.Input{Person: s.Person, Event: s.Event, Flow: s.Flow, Now: s.Now, Start: s.Start, Answers: answers[i]})
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
	}
	return out
}

func TestHistoryIsAnsweredByTheDatabase(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.person("ada", "ada@example.org")
	h.person("bob", nil)
	h.event("ada", "M0", ago(100*day), 100, map[string]any{"Brand": "Acme", "Items": []any{map[string]any{"SKU": "A", "Price": 10}, map[string]any{"SKU": "B", "Price": 5.5}}, "Tags": []string{"x", "y"}})
	h.event("ada", "M9", ago(10*day), 60.5, map[string]any{"Brand": "Acme", "$value": 7})
	h.event("ada", "M0", ago(7*day), nil, map[string]any{"Brand": nil, "value": 3})
	h.event("ada", "M0", ago(2*time.Hour), "0.1", map[string]any{"Brand": "acme", "Tags": []string{}})
	h.event("ada", "M0", now.Add(day), 1000, map[string]any{"Brand": "Acme"}) // still to come
	h.event("ada", "M1", now, 1, map[string]any{})
	h.event("bob", "M0", ago(day), 1, map[string]any{"Brand": "Other"})

	ada := expression.Subject{Profile: "ada", Start: ago(2 * time.Hour), Now: now,
		Event: map[string]any{"SKU": "B", "Brand": "Acme"}, Person: map[string]any{"limit": 50.0}}
	for source, want := range map[string]any{
		`count(events("Placed Order"))`:                                                4.0,
		`len(events("Placed Order"))`:                                                  4.0,
		`count(events("No Such Metric")) == 0`:                                         true,
		`did("Placed Order")`:                                                          true,
		`did("Rare")`:                                                                  false,
		`did("placed order")`:                                                          false,
		`did("Viewed Product", last("1s"))`:                                            true, // at this very moment
		`did("Placed Order", since_start)`:                                             false,
		`count(events("Placed Order", last("7d")))`:                                    1.0, // exactly 7 days ago is out
		`count(events("Placed Order", before("7d")))`:                                  3.0,
		`count(events("Placed Order", before("2026-04-30")))`:                          1.0,
		`count(events("Placed Order", since("2026-04-30")))`:                           3.0,
		`count(events("Placed Order", since(date("2026-04-30T12:00:01Z"))))`:           2.0,
		`count(events("Placed Order", between("2026-04-01", "2026-05-03")))`:           2.0, // the whole last day
		`count(events("Placed Order", between("2026-04-01", "2026-05-03T11:59:59Z")))`: 1.0,
		`count(events("Placed Order", between("10d", "7d")))`:                          1.0, // with its start, without its end
		`count(events("Placed Order", between("2026-01-01", now)))`:                    4.0,
		`sum(events("Placed Order"), .value)`:                                          163.6,
		`sum(events("Placed Order"), .nope)`:                                           0.0,
		`sum(events("Placed Order"), .value * 2)`:                                      327.2,
		`sum(events("Rare"), .value)`:                                                  0.0,
		`max(map(events("Placed Order"), .value))`:                                     100.0,
		`min(map(filter(events("Placed Order"), .value > 3), .value))`:                 60.5,
		`mean(map(events("Placed Order", before("7d")), .value))`:                      54.5,
		`max(map(events("Rare"), .value))`:                                             nil,
		`max(map(events("Rare"), .value)) < 5`:                                         false,
		`sum(map(filter(events("Placed Order"), .Brand == "Acme"), .value))`:           160.5,
		`count(events("Placed Order"), .Brand == "Acme")`:                              2.0,
		`count(events("Placed Order"), .Brand != "Acme")`:                              1.0,
		`count(events("Placed Order"), not (.Brand == "Acme"))`:                        2.0,
		`count(events("Placed Order"), not is_set(.Brand))`:                            1.0,
		`count(events("Placed Order"), .value > 10)`:                                   2.0,
		`count(events("Placed Order"), .value == 3)`:                                   1.0, // the property, where the column is not set
		`count(events("Placed Order"), #["$value"] == 7)`:                              1.0,
		`count(events("Placed Order"), #["$value"] == 100)`:                            1.0,
		`any(events("Placed Order"), .Brand == "acme")`:                                true,
		`none(events("Placed Order"), .Brand == "Umbrella")`:                           true,
		`all(events("Placed Order"), .Brand == "Acme")`:                                false,
		`all(events("Rare"), .Brand == "Acme")`:                                        true,
		`any(events("Placed Order"), any(.Items, .SKU == "B" and .Price < 6))`:         true,
		`any(events("Placed Order"), sum(.Items, .Price) == 15.5)`:                     true,
		`count(events("Placed Order"), .Tags contains "x")`:                            1.0,
		`count(events("Placed Order"), len(.Tags) == 0)`:                               1.0,
		`count(events("Placed Order"), .time > now - "8d")`:                            2.0,
		`count(events("Placed Order"), .time < "2026-05-01")`:                          2.0,
		`count(events("Placed Order"), .Brand matches "^(?i:ACME)$")`:                  3.0,
		`count(events("Placed Order"), .metric == "Placed Order")`:                     4.0,
		`first_at("Placed Order")`:                                                     ago(100 * day),
		`last_at("Placed Order")`:                                                      ago(2 * time.Hour),
		`last_at("Placed Order", before("30d")) < now - "99d"`:                         true,
		`last_at("Rare")`:       nil,
		`last_at("Rare") < now`: false,
		`any(events("Placed Order"), any(.Items, .SKU == event.SKU))`:                                    true,
		`count(events("Placed Order"), .Brand == event.Brand and .value > person.limit)`:                 2.0,
		`count(events("Placed Order"), .Brand == event.nope)`:                                            0.0,
		`did("Placed Order", last("30d")) and not did("Rare") and sum(events("Placed Order"), .value)>1`: true,
	} {
		if got := answer(t, h.db, source, ada)[0]; got != want {
			t.Errorf("%s: got %v (%T), want %v", source, got, got, want)
		}
	}
}

func TestABatchIsAnsweredInOrderForEachPersonsOwnTimes(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	var subjects []expression.Subject
	var want []any
	for i := range 50 {
		id := fmt.Sprintf("p%02d", 49-i)
		h.person(id, nil)
		for j := range i % 4 {
			h.event(id, "M0", ago(time.Duration(j+1)*day), 1, map[string]any{})
		}
		// Starts between the events: those strictly after it count.
		start := ago(time.Duration(2) * day)
		if i%2 == 0 {
			start = start.Add(-time.Microsecond)
		}
		n := min(i%4, 1)
		if i%2 == 0 {
			n = min(i%4, 2)
		}
		subjects = append(subjects, expression.Subject{Profile: id, Start: start.Add(900 * time.Nanosecond), Now: now})
		want = append(want, float64(n))
	}
	subjects = append(subjects, expression.Subject{Profile: "nobody", Now: now}, subjects[1])
	want = append(want, 0.0, want[1])
	got := answer(t, h.db, `count(events("Placed Order", since_start))`, subjects...)
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	later := expression.Subject{Profile: subjects[3].Profile, Now: ago(36 * time.Hour)}
	if got := answer(t, h.db, `count(events("Placed Order"))`, later); got[0] != 1.0 && got[0] != 2.0 {
		t.Errorf("in the past: got %v", got)
	}
}

func TestMembershipAndConsent(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.person("ada", "ada@example.org")
	h.person("bob", nil)
	h.person("cy", "cy@example.org")
	h.person("dee", "")
	h.exec("insert into list (id, name) values ('L1', 'Newsletter'), ('L2', 'VIP')")
	h.exec("insert into list_member (list_id, profile_id) values ('L1', 'ada'), ('L2', 'bob')")
	h.exec("insert into suppression (profile_id, channel, reason) values ('cy', 'email', 'HARD_BOUNCE'), ('ada', 'sms', 'UNSUBSCRIBE')")
	var subjects []expression.Subject
	for _, id := range []string{"ada", "bob", "cy", "dee", "nobody"} {
		subjects = append(subjects, expression.Subject{Profile: id, Now: now})
	}
	for source, want := range map[string][]any{
		`can_receive("email")`:  {true, false, false, false, false},
		`in_list("Newsletter")`: {true, false, false, false, false},
		`in_list("L2")`:         {false, true, false, false, false},
		`in_list("nope")`:       {false, false, false, false, false},
		`in_list("L1") and not in_list("VIP") and can_receive("email")`: {true, false, false, false, false},
	} {
		if got := answer(t, h.db, source, subjects...); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", source, got, want)
		}
	}
}

func TestQueriesOfSeveralExpressionsAreAnsweredTogether(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.person("ada", nil)
	h.event("ada", "M0", ago(day), 5, map[string]any{"x": "?'\";--"})
	var queries []expression.Query
	for _, source := range []string{`did("Placed Order")`, `count(events("Placed Order"), .x == "?'\";--") > 0`, `did("Placed Order") or did("'; drop table event; --")`} {
		x, err := expression.Compile(source, expression.Person)
		if err != nil {
			t.Fatal(err)
		}
		queries = append(queries, x.Queries()...)
	}
	got, err := expression.Answer(t.Context(), h.db, queries, []expression.Subject{{Profile: "ada", Now: now}})
	if want := []any{true, 1.0, true, false}; err != nil || !slices.Equal(got[0], want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if got, err := expression.Answer(t.Context(), h.db, nil, make([]expression.Subject, 3)); err != nil || len(got) != 3 || len(got[0]) != 0 {
		t.Errorf("no queries: %v, %v", got, err)
	}
	if got, err := expression.Answer(t.Context(), h.db, queries, nil); err != nil || len(got) != 0 {
		t.Errorf("no people: %v, %v", got, err)
	}
}

func TestAnswerRefusesWhatItCannotAsk(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	x, err := expression.Compile(`any(events("Rare"), .x == event.x)`, expression.Person)
	if err != nil {
		t.Fatal(err)
	}
	for want, subjects := range map[string][]expression.Subject{
		"Now is not set": {{Profile: "ada"}},
		"compares with event.x, but Person, Event": {{Profile: "ada", Now: now}},
		"at most 10000": make([]expression.Subject, expression.MaxSubjects+1),
	} {
		if _, err := expression.Answer(t.Context(), h.db, x.Queries(), subjects); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestHostileEventsDoNotBreakABatch(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	h.person("ada", nil)
	h.exec("select ensure_event_partition($1)", now)
	h.exec(`insert into event (id, profile_id, metric_id, time, unique_id, value, properties)
		values (gen_random_uuid(), 'ada', 'M0', $1, 'a', 'NaN', '{"x": 1e100000, "y": -1e-10000, "z": "9999999999999999999999", "d": {"a": [[[]]]}}')`, ago(day))
	h.event("ada", "M0", ago(2*day), 1e300, map[string]any{"x": 1e300, "y": math.MaxFloat64, "z": strings.Repeat("é", 50_000)})
	ada := expression.Subject{Profile: "ada", Now: now, Event: map[string]any{"x": "a\x00b", "f": math.Inf(1), "c": make(chan int), "d": []any{math.NaN()}}}
	for source, want := range map[string]any{
		`sum(events("Placed Order"), .x * .x * .x * .x)`:                     nil, // beyond float64
		`sum(events("Placed Order"), .y)`:                                    0.0,
		`count(events("Placed Order"), .x > 1)`:                              2.0,
		`count(events("Placed Order"), .x / .nope > 1 or .x / 0 > 1)`:        0.0,
		`count(events("Placed Order"), .z matches "(é+)+x")`:                 0.0,
		`count(events("Placed Order"), .d.a[0][0] == [] or .value > 1)`:      nil,
		`count(events("Placed Order"), .value > 1)`:                          1.0,
		`count(events("Placed Order"), .x == event.x or .x == event.f)`:      0.0,
		`count(events("Placed Order"), .x == event.c or .x == event.d)`:      0.0,
		`count(events("Placed Order"), len(.z) == 22 or any(.d, true))`:      1.0,
		`count(events("Placed Order"), .z endsWith "9" and .d contains "a")`: 0.0,
	} {
		if want == nil && strings.Contains(source, "[]") {
			if _, err := expression.Compile(source, expression.Person); err == nil {
				t.Errorf("%s is accepted", source)
			}
			continue
		}
		if got := answer(t, h.db, source, ada)[0]; got != want {
			t.Errorf("%s: got %v, want %v", source, got, want)
		}
	}
}
