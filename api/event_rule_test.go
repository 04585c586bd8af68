package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// stored is what the one event that a test has sent has become.
type stored struct {
	Time       time.Time `db:"time"`
	UniqueID   string    `db:"unique_id"`
	Value      *string   `db:"value"`
	Currency   *string   `db:"currency"`
	Properties string    `db:"properties"`
	Backfill   bool      `db:"backfill"`
}

func (e stored) String() string {
	text := func(s *string) string {
		if s == nil {
			return "none"
		}
		return *s
	}
	return fmt.Sprintf("%s %s %s %s %s %t", e.Time.UTC().Format(time.RFC3339), e.UniqueID, text(e.Value), text(e.Currency), e.Properties, e.Backfill)
}

// The rules of the payload of an event, one by one (reference §1.5). Those that refuse are in
// TestBadEventsAreRefusedWithTheirPlace.
func TestTheRulesOfAnEventsPayloadHold(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	send := func(properties, rest string) string {
		return strings.Replace(event("M", `{"email":"a@example.com"}`, rest), `"properties":{}`, `"properties":`+properties, 1)
	}
	for name, test := range map[string]struct{ body, want string }{
		"the time of receipt":            {send(`{}`, ""), "2026-11-24T10:00:00Z 1795514400 none none {} false"},
		"null is absent":                 {send(`{}`, `"time":null,"value":null,"value_currency":null,"unique_id":null,"backfill":null`), "2026-11-24T10:00:00Z 1795514400 none none {} false"},
		"seconds are whole":              {send(`{}`, `"time":"2026-11-08T00:00:00.999999+02:00"`), "2026-11-07T22:00:00Z 1794088800 none none {} false"},
		"1990 is the earliest":           {send(`{}`, `"time":"1990-01-01T00:00:00Z"`), "1990-01-01T00:00:00Z 631152000 none none {} false"},
		"a year ahead is the latest":     {send(`{}`, `"time":"2027-11-24T10:00:00Z"`), "2027-11-24T10:00:00Z 1827050400 none none {} false"},
		"a unique id":                    {send(`{}`, `"unique_id":"Order 7"`), "2026-11-24T10:00:00Z Order 7 none none {} false"},
		"a value with its digits":        {send(`{}`, `"value":29.980,"value_currency":"usd"`), "2026-11-24T10:00:00Z 1795514400 29.980 USD {} false"},
		"a value below zero":             {send(`{}`, `"value":-1e2`), "2026-11-24T10:00:00Z 1795514400 -100 none {} false"},
		"no value is not zero":           {send(`{}`, `"value":0`), "2026-11-24T10:00:00Z 1795514400 0 none {} false"},
		"a backfill":                     {send(`{}`, `"backfill":true`), "2026-11-24T10:00:00Z 1795514400 none none {} true"},
		"special names":                  {send(`{"$value":7.5,"$value_currency":"eur","$event_id":"e1","a":1}`, ""), `2026-11-24T10:00:00Z e1 7.5 EUR {"a": 1} false`},
		"special names beside the same":  {send(`{"$value":7.5,"$value_currency":"eur","$event_id":"e1"}`, `"value":1,"value_currency":"USD","unique_id":"u1"`), `2026-11-24T10:00:00Z u1 1 USD {"$value": 7.5, "$event_id": "e1", "$value_currency": "eur"} false`},
		"special names of another kind":  {send(`{"$value":"7.5","$value_currency":"euro","$event_id":7}`, ""), `2026-11-24T10:00:00Z 1795514400 none none {"$value": "7.5", "$event_id": 7, "$value_currency": "euro"} false`},
		"$extra is a property":           {send(`{"$extra":{"html":"<b>","deep":[{"a":[{}]}]}}`, ""), `2026-11-24T10:00:00Z 1795514400 none none {"$extra": {"deep": [{"a": [{}]}], "html": "<b>"}} false`},
		"names differ by case and space": {send(`{"a":1,"A":2," a":3}`, ""), `2026-11-24T10:00:00Z 1795514400 none none {"A": 2, "a": 1, " a": 3} false`},
		"what looks like another type":   {send(`{"n":"12","t":"true","d":"2026-02-30","x":"NaN","i":"Infinity","e":""}`, ""), `2026-11-24T10:00:00Z 1795514400 none none {"d": "2026-02-30", "e": "", "i": "Infinity", "n": "12", "t": "true", "x": "NaN"} false`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := s.store.DB.Exec("truncate event, event_key"); err != nil {
				t.Fatal(err)
			}
			s.expect(202, "POST", "/api/events", test.body)
			var got stored
			if err := s.store.DB.Get(&got, "select time, unique_id, value::text, currency, properties::text, backfill from event"); err != nil {
				t.Fatal(err)
			}
			if got.String() != test.want {
				t.Errorf("stored\n%s, want\n%s", got, test.want)
			}
		})
	}
}

func TestAnEventMayBeAsLargeAsTheLimits(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	profile := event("M", `{"email":"a@example.com","properties":{"x":""}}`, "")
	i := strings.Index(profile, `"profile":{"data":`) + len(`"profile":{"data":`)
	size := strings.Index(profile[i:], `},"properties":{}`) // of the profile's resource object
	for name, body := range map[string]string{
		"400 properties":         withProperties(`{` + many(400) + `}`),
		"100 KB of text":         withProperties(`{"a":"` + strings.Repeat("x", 100<<10) + `"}`),
		"4000 elements":          withProperties(`{"a":[` + strings.Repeat("1,", 3999) + `1]}`),
		"ten levels":             withProperties(`{"a":` + strings.Repeat("[", 9) + strings.Repeat("]", 9) + `}`),
		"a name of 255":          withProperties(`{"` + strings.Repeat("é", 255) + `":1}`),
		"a metric's name":        event(strings.Repeat("é", 127), `{"email":"a@example.com"}`, ""),
		"100 KB of a profile":    strings.Replace(profile, `"x":""`, `"x":"`+strings.Repeat("y", 100<<10-size)+`"`, 1),
		"a unique id of 255":     event("M", `{"email":"a@example.com"}`, `"unique_id":"`+strings.Repeat("é", 255)+`"`),
		"5 MB":                   withProperties(`{"a":1}`) + strings.Repeat(" ", 5<<20-len(withProperties(`{"a":1}`))),
		"5 MB of many sentences": withProperties(`{"a":[` + strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("x", 1300)+`",`, 3900), ",") + `]}`),
	} {
		t.Run(name, func(t *testing.T) {
			if w := s.do(request{method: "POST", path: "/api/events", body: body}); w.Code != 202 {
				t.Errorf("%d %.400s", w.Code, w.Body)
			}
		})
	}
}

func TestAnEventUpdatesItsProfileAsItIsTaken(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.expect(202, "POST", "/api/events", event("M", `{"email":"a@example.com","first_name":"Ada","properties":{"a":{"x":1},"b":1,"tags":"one","gone":1}}`, `"unique_id":"1"`))
	s.expect(202, "POST", "/api/events", event("M", `{"email":"A@example.com","first_name":null,"last_name":"L","properties":{"a":{"y":2}},
		"meta":{"patch_properties":{"append":{"tags":["two"]},"unset":"gone"}}}`, `"unique_id":"2"`))
	// A repeat stores no event; what it says of the person holds all the same.
	s.expect(202, "POST", "/api/events", event("M", `{"email":"a@example.com","title":"Dr"}`, `"unique_id":"2"`))
	s.run(t, map[string]exchange{"the profile": {request: request{method: "GET", path: `/api/profiles?filter=equals(email,"a@example.com")`}, status: 200,
		has: []string{`"first_name":null`, `"last_name":"L"`, `"title":"Dr"`, `"a":{"y":2}`, `"b":1`, `"tags":["one","two"]`}, lacks: []string{"gone"}}})
	if n := s.count("select count(*) from event"); n != 2 {
		t.Errorf("%d events", n)
	}
}

func TestAMonthWithoutAPartitionTakesEvents(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, day := range []string{"1990-01-31", "1999-12-31T23:59:59Z", "2000-01-01", "2027-11-01", "2026-11-30T23:59:59-01:00"} {
		s.expect(202, "POST", "/api/events", event("M", `{"email":"a@example.com"}`, `"time":"`+day+`"`))
	}
	var months string
	if err := s.store.DB.Get(&months, "select string_agg(distinct tableoid::regclass::text, ' ' order by tableoid::regclass::text) from event"); err != nil {
		t.Fatal(err)
	}
	if want := "event_199001 event_199912 event_200001 event_202612 event_202711"; months != want {
		t.Errorf("in %s, want %s", months, want)
	}
	list := s.expect(200, "GET", "/api/events?sort=datetime&fields[event]=datetime", "")["data"].([]any)
	if len(list) != 5 {
		t.Errorf("%d events are read back", len(list))
	}
}

func TestMetricsAreAsManyAsAreAllowed(t *testing.T) {
	t.Parallel()
	s := newClientServer(t)
	s.ingester.LimitMetrics(3)
	ada, eve := `{"email":"ada@example.com"}`, `{"email":"eve@example.com"}`
	many := func(metrics ...string) request {
		events := make([]string, len(metrics))
		for i, m := range metrics {
			events[i] = of(m, "")
		}
		return request{method: "POST", path: bulkEvents, body: groups(group(`"attributes":`+eve, "", events...))}
	}
	post := func(body string) request { return request{method: "POST", path: "/api/events", body: body} }
	const name = `/metric/data/attributes/name"`
	const inBulk = `"pointer":"/data/attributes/events-bulk-create/data/0/attributes/events/data/`
	for _, step := range []struct {
		request
		status int
		has    string
	}{
		{post(event("A", ada, "")), 202, ""},
		{many("A", "B", "C", "D"), 400, inBulk + `3/attributes` + name},
		{many("B", "C", "A"), 202, ""},
		{post(event("D", `{"email":"new@example.com"}`, "")), 400, `"pointer":"/data/attributes` + name},
		{post(strings.Replace(event("A", ada, ""), `"name":"A"`, `"name":"A","service":"shop"`, 1)), 400, `"pointer":"/data/attributes` + name},
		{visit("events", event("D", ada, "")), 400, `"pointer":"/data/attributes` + name},
		{visit("event-bulk-create", bulk(ada, "A", "D")), 400, `"pointer":"/data/attributes/events/data/1/attributes` + name},
		{post(event("C", ada, "")), 202, ""},
	} {
		if w := s.do(step.request); w.Code != step.status || !strings.Contains(compact(w.Body.Bytes()), step.has) {
			t.Errorf("%.200s: %d, want %d with %s\n%s", step.body, w.Code, step.status, step.has, w.Body)
		}
	}
	if err := s.ingester.Unsubscribe(t.Context(), s.create(t, `{"email":"bob@example.com"}`), "email"); err != nil {
		t.Errorf("a metric of the server's own: %v", err)
	}
	if n := s.count("select count(*) from metric where service <> 'legato'"); n != 3 {
		t.Errorf("%d metrics", n)
	}
	if n := s.count("select count(*) from profile where email = 'new@example.com'"); n != 0 {
		t.Error("a refused event was half written")
	}
}
