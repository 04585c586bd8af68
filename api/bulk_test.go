package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/ingest"
)

// group is an element of a request's groups of events: the profile's attributes, the events, and the rest.
func group(profile, rest string, events ...string) string {
	return `{"type":"event-bulk-create","attributes":{` + rest + `"profile":{"data":{"type":"profile",` + profile + `}},"events":{"data":[` + strings.Join(events, ",") + `]}}}`
}

// of is an event of a group: its metric and the rest of its attributes.
func of(metric, rest string) string {
	return `{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"` + metric + `"}}},"properties":{}` + rest + `}}`
}

func groups(all ...string) string {
	return `{"data":{"type":"event-bulk-create-job","attributes":{"events-bulk-create":{"data":[` + strings.Join(all, ",") + `]}}}}`
}

const bulkEvents = "/api/event-bulk-create-jobs"

// flow makes a live flow with one trigger.
func (s *server) flow(id, kind, key string) {
	s.t.Helper()
	for _, q := range []string{
		"insert into plan (hash, flow_id, body) values ('" + id + "', '" + id + "', '{}')",
		"insert into flow (id, name, status, hash) values ('" + id + "', '" + id + "', 'live', '" + id + "')",
		"insert into flow_trigger values ('" + id + "', '" + kind + "', '" + key + "')",
	} {
		if _, err := s.store.DB.Exec(q); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestEventsOfManyPeopleAreTakenInTogether(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.flow("cart", "metric", "Added to Cart")
	body := groups(
		group(`"attributes":{"email":"ada@example.com","first_name":"Ada","properties":{"size":"M"}}`, "",
			of("Added to Cart", `,"unique_id":"1","value":12.5,"value_currency":"EUR"`),
			of("Added to Cart", `,"unique_id":"2","time":"2026-10-01T09:00:00.9+02:00"`),
			of("Placed Order", `,"unique_id":"1"`)),
		group(`"attributes":{"email":"Ada@Example.com","last_name":"Lovelace"},"id":null`, "", of("Added to Cart", `,"unique_id":"3","backfill":true`)),
		group(`"attributes":{"email":"grace@example.com"}`, `"backfill":true,`, of("Added to Cart", `,"unique_id":"1"`)),
		group(`"attributes":{"email":"lin@example.com"}`, "", of("Added to Cart", ""), of("Added to Cart", "")))
	for range 2 { // a sender that did not get the answer sends it again
		s.expect(202, "POST", bulkEvents, body)
		if n := s.count("select count(*) from event"); n != 6 {
			t.Errorf("%d events, of which the last two are one", n)
		}
		if n := s.count("select count(*) from outbox"); n != 3 {
			t.Errorf("%d entries: Ada's two and Lin's one, and none of a backfill", n)
		}
		if n := s.count("select count(*) from profile"); n != 3 {
			t.Errorf("%d profiles", n)
		}
	}
	if n := s.count("select count(*) from profile where first_name = 'Ada' and last_name = 'Lovelace' and email = 'ada@example.com' and properties ->> 'size' = 'M'"); n != 1 {
		t.Error("what the groups say about Ada is not in her profile")
	}
	if n := s.count("select count(*) from event where value = 12.5 and currency = 'EUR' and time = '2026-11-24T10:00:00Z'"); n != 1 {
		t.Error("value, currency and the time of receipt are not kept")
	}
	if n := s.count("select count(*) from event where time = '2026-10-01T07:00:00Z'"); n != 1 {
		t.Error("the time is not in whole seconds of UTC")
	}
}

func TestOneBadEventKeepsAllOfARequestOut(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	good := group(`"attributes":{"email":"ada@example.com"}`, "", of("Viewed", `,"unique_id":"1"`))
	many := func(n int) string {
		all := make([]string, n)
		for i := range all {
			all[i] = of("Viewed", fmt.Sprintf(`,"unique_id":"%d"`, i))
		}
		return strings.Join(all, ",")
	}
	post := func(body string) request { return request{method: "POST", path: bulkEvents, body: body} }
	first := `"/data/attributes/events-bulk-create/data/`
	s.run(t, map[string]exchange{
		"a unique id twice": {request: post(groups(good, group(`"attributes":{"email":"ADA@example.com"}`, "", of("Seen", ""), of("Viewed", `,"unique_id":"1"`)))),
			status: 400, has: []string{first + `1/attributes/events/data/1/attributes/unique_id"`}},
		"an unknown profile": {request: post(groups(good, group(`"id":"01HV0000000000000000000000","attributes":{}`, "", of("Viewed", "")))),
			status: 404, has: []string{first + `1/attributes/profile/data/id"`}},
		"nobody": {request: post(groups(good, group(`"attributes":{"first_name":"Ada"}`, "", of("Viewed", "")))),
			status: 400, has: []string{first + `1/attributes/profile/data/attributes"`}},
		"several mistakes": {request: post(groups(group(`"attributes":{"email":"no"}`, "", of("", ""), of("Viewed", `,"value":"1"`)), good)), status: 400,
			has: []string{first + `0/attributes/profile/data/attributes/email"`, first + `0/attributes/events/data/0/attributes/metric/data/attributes/name"`, first + `0/attributes/events/data/1/attributes/value"`}},
		"NUL":             {request: post(groups(good, group(`"attributes":{"email":"a@example.com"}`, "", of("View\\u0000ed", "")))), status: 400, has: []string{first + `1/attributes/events/data/0/attributes/metric/data/attributes/name"`}},
		"too many":        {request: post(groups(group(`"attributes":{"email":"a@example.com"}`, "", many(600)), group(`"attributes":{"email":"a@example.com"}`, "", many(401)))), status: 400, has: []string{"At most 1000 events"}},
		"too many of one": {request: post(groups(group(`"attributes":{"email":"a@example.com"}`, "", many(1001)))), status: 400, has: []string{"At most 1000"}},
		"none":            {request: post(groups()), status: 400, has: []string{`"/data/attributes/events-bulk-create/data"`}},
		"no events":       {request: post(groups(group(`"attributes":{"email":"a@example.com"}`, ""))), status: 400, has: []string{first + `0/attributes/events/data"`}},
		"another type":    {request: post(strings.Replace(groups(good), "event-bulk-create-job", "event", 1)), status: 400, has: []string{`"/data/type"`}},
		"6 MB":            {request: post(groups(group(`"attributes":{"email":"a@example.com","properties":{"x":"`+strings.Repeat("x", 6<<20)+`"}}`, "", of("Viewed", "")))), status: 413},
		"no object":       {request: post(`{"data":{"type":"event-bulk-create-job","attributes":{"events-bulk-create":[]}}}`), status: 400, has: []string{"Expected an object"}},
		"a number":        {request: post(groups("7")), status: 400, has: []string{first + `0"`}},
		"relationships":   {request: post(strings.Replace(groups(good), `"attributes"`, `"relationships":{},"attributes"`, 1)), status: 400, has: []string{`"/data/relationships"`}},
	})
	for _, table := range []string{"event", "profile", "metric", "event_key"} {
		if n := s.count("select count(*) from " + table); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
}

func TestTheLargestRequestIsTakenIn(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var all []string
	for i := range 50 {
		var events []string
		for j := range 20 {
			events = append(events, of(fmt.Sprintf("Metric %d", j%7), fmt.Sprintf(`,"unique_id":"%d"`, j)+`,"time":"2026-`+fmt.Sprintf("%02d", j%11+1)+`-03T10:00:00Z"`))
		}
		all = append(all, group(fmt.Sprintf(`"attributes":{"email":"p%d@example.com","properties":{"text":"%s"}}`, i, strings.Repeat("x", 90_000)), "", events...))
	}
	body := groups(all...)
	if len(body) < 4_500_000 || len(body) > 5<<20 {
		t.Fatalf("the body has %d bytes", len(body))
	}
	s.expect(202, "POST", bulkEvents, body)
	if n := s.count("select count(*) from event"); n != 1000 {
		t.Errorf("%d events", n)
	}
}

func TestRequestsWithTheSamePeopleDoNotGetInEachOthersWay(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var wg sync.WaitGroup
	for sender := range 8 {
		wg.Go(func() {
			for round := range 3 {
				var all []string
				for i := range 30 {
					i = (i*7 + sender*11) % 30 // each in an order of its own
					all = append(all, group(fmt.Sprintf(`"attributes":{"email":"p%d@example.com","properties":{"by%d":%d}}`, i, sender, round), "",
						of("Viewed", fmt.Sprintf(`,"unique_id":"%d/%d"`, sender, round))))
				}
				if w := s.do(request{method: "POST", path: bulkEvents, body: groups(all...)}); w.Code != 202 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
	wg.Wait()
	if n := s.count("select count(*) from event"); n != 8*3*30 {
		t.Errorf("%d events", n)
	}
	if n := s.count("select count(*) from profile where properties = '{\"by0\":2,\"by1\":2,\"by2\":2,\"by3\":2,\"by4\":2,\"by5\":2,\"by6\":2,\"by7\":2}'"); n != 30 {
		t.Errorf("%d of 30 profiles have what all said last", n)
	}
}

func TestNothingMoreIsTakenInWhenTheServerStops(t *testing.T) {
	t.Parallel()
	var stopped *ingest.Ingester
	s := newServer(t, func(o *api.Options) { stopped = o.Ingester })
	stopped.Close()
	w := s.do(request{method: "POST", path: bulkEvents, body: groups(group(`"attributes":{"email":"a@example.com"}`, "", of("Viewed", "")))})
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
