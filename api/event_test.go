package api_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestAnEventIsAcceptedAndReadBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.expect(202, "POST", "/api/events/", `{"data":{"type":"event","attributes":{
		"metric":{"data":{"type":"metric","attributes":{"name":"Placed Order","service":"my-shop"}}},
		"profile":{"data":{"type":"profile","id":null,"attributes":{"email":"a@b.c","first_name":"Ada","_kx":null,"phone_number":null,
			"location":{"city":"Ulm","latitude":48.4,"longitude":"9.99"},"properties":{"vip":true,"$last_name":"L"},"meta":{"patch_properties":{"append":{"tags":["x"]}}}}}},
		"properties":{"OrderId":"1234","Items":[{"SKU":"A","n":1.10}],"$extra":{"html":"<b>"}},
		"value":29.98,"value_currency":"usd","time":"2026-11-08T01:00:00.9+01:00","unique_id":"1234","backfill":null}}}`)

	list := s.expect(200, "GET", "/api/events?include=profile,metric&fields[profile]=email,location.city,properties&fields[metric]=name,integration", "")
	data := list["data"].([]any)
	if len(data) != 1 {
		t.Fatalf("%d events", len(data))
	}
	id := data[0].(map[string]any)["id"].(string)
	s.run(t, map[string]exchange{
		"one": {request: request{method: "GET", path: "/api/events/" + id}, status: 200,
			has:   []string{`"timestamp":1794096000`, `"datetime":"2026-11-08T00:00:00+00:00"`, `"$value":29.98`, `"$value_currency":"USD"`, `"$event_id":"1234"`, `"n":1.10`, `"uuid":"` + id + `"`, `"self":"http://legato.test/api/events/` + id + `"`},
			lacks: []string{"included"}},
		"sparse":                {request: request{method: "GET", path: "/api/events/" + id + "?fields[event]=datetime"}, status: 200, has: []string{`"attributes":{"datetime":"2026-11-08T00:00:00+00:00"}`}, lacks: []string{"event_properties"}},
		"with what it is about": {request: request{method: "GET", path: "/api/events/" + id + "?include=profile"}, status: 200, has: []string{`"included":[{"type":"profile"`, `"first_name":"Ada"`, `"last_name":"L"`, `"city":"Ulm"`, `"latitude":48.4`, `"longitude":"9.99"`, `"tags":["x"]`, `"vip":true`, `"last_event_date":"2026-11-08T00:00:00+00:00"`}, lacks: []string{"$last_name"}},
		"its profile":           {request: request{method: "GET", path: "/api/events/" + id + "/profile?fields[profile]=email"}, status: 200, has: []string{`"attributes":{"email":"a@b.c"}`}},
		"its metric":            {request: request{method: "GET", path: "/api/events/" + id + "/metric"}, status: 200, has: []string{`"name":"Placed Order"`, `"name":"my-shop"`}},
		"its profile's id":      {request: request{method: "GET", path: "/api/events/" + id + "/relationships/profile"}, status: 200, has: []string{`"data":{"type":"profile","id":"`}, lacks: []string{"email"}},
		"its metric's id":       {request: request{method: "GET", path: "/api/events/" + id + "/relationships/metric"}, status: 200, has: []string{`"data":{"type":"metric","id":"`}},
		"none":                  {request: request{method: "GET", path: "/api/events/01989aaa-0000-7000-8000-000000000000"}, status: 404, has: []string{`"code":"not_found"`}},
		"no uuid":               {request: request{method: "GET", path: "/api/events/x"}, status: 404},
		"not included":          {request: request{method: "GET", path: "/api/events?include=attributions"}, status: 400, has: []string{`"parameter":"include"`}},
	})
	included := fmt.Sprint(list["included"])
	for _, text := range []string{"email:a@b.c", "location:map[city:Ulm]", "name:Placed Order"} {
		if !strings.Contains(included, text) {
			t.Errorf("no %s in %s", text, included)
		}
	}
	if strings.Contains(included, "Ada") {
		t.Errorf("a field that was not asked for: %s", included)
	}
}

func TestBadEventsAreRefusedWithTheirPlace(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	good := `{"email":"a@example.com"}`
	in := func(body string, has ...string) exchange {
		return exchange{request: request{method: "POST", path: "/api/events", body: body}, status: 400, has: has}
	}
	at := func(pointer string) string { return `"source":{"pointer":"` + pointer + `"}` }
	const attributes = "/data/attributes"
	const subject = attributes + "/profile/data/attributes"
	long := strings.Repeat("x", 300)
	tests := map[string]exchange{
		"empty":                  in(" ", `"code":"malformed"`),
		"cut off":                in("{\n  \"data\": {", "cut off"),
		"a comma too many":       in("{\n \"data\": {},\n}", `line 3, column 1`),
		"more after it":          in(event("M", good, "")+"x", "goes on after"),
		"a name twice":           in(`{"data":{"type":"event","type":"event"}}`, "duplicate", `"pointer":"/data/type"`),
		"not UTF-8":              in("{\"data\":\"\xff\"}", "UTF-8"),
		"half a surrogate pair":  in(`{"data":"\ud800"}`, "malformed"),
		"NaN":                    in(event("M", good, `"value":NaN`), "malformed"),
		"NUL":                    in(event("M", `{"email":"a@example.com","properties":{"a":{"b":["\u0000"]}}}`, ""), "NUL", at(subject+"/properties/a/b/0")),
		"NUL in a name":          in(event("M", `{"email":"a@example.com","properties":{"a\u0000":1}}`, ""), "NUL"),
		"an array":               in(`[]`, "Expected an object, found an array"),
		"no data":                in(`{}`, at("/data")),
		"another type":           in(`{"data":{"type":"profile","attributes":{}}}`, at("/data/type"), at(attributes+"/properties"), at(attributes+"/metric"), at(attributes+"/profile")),
		"unknown members":        in(event("M", good, `"valeu":1`), at(attributes+"/valeu"), "known are"),
		"no metric name":         in(strings.Replace(event("M", good, ""), `"name":"M"`, ``, 1), at(attributes+"/metric/data/attributes/name")),
		"a blank metric name":    in(event(" ", good, ""), at(attributes+"/metric/data/attributes/name")),
		"a long metric name":     in(event(long, good, ""), at(attributes+"/metric/data/attributes/name"), "127"),
		"no identifier":          in(event("M", `{"first_name":"Ada"}`, ""), at(subject), "identifiers"),
		"null identifiers":       in(event("M", `{"email":null}`, ""), at(subject), "identifiers"),
		"only an exchange id":    in(event("M", `{"_kx":"abc"}`, ""), at(subject), "identifiers"),
		"a bad email":            in(event("M", `{"email":"ada"}`, ""), at(subject+"/email")),
		"an empty email":         in(event("M", `{"email":""}`, ""), at(subject+"/email")),
		"an email of numbers":    in(event("M", `{"email":12}`, ""), at(subject+"/email"), "must be a string, not a number"),
		"a bad phone number":     in(event("M", `{"phone_number":"555-1234"}`, ""), at(subject+"/phone_number"), "E.164"),
		"a long external id":     in(event("M", `{"external_id":"`+long+`"}`, ""), at(subject+"/external_id")),
		"a bad special property": in(event("M", `{"email":"a@example.com","properties":{"$phone_number":"12","$latitude":true}}`, ""), at(subject+"/properties/$phone_number"), at(subject+"/properties/$latitude")),
		"a bad place":            in(event("M", `{"email":"a@example.com","location":{"zip":1,"planet":"x"}}`, ""), at(subject+"/location/zip"), at(subject+"/location/planet")),
		"a time without a date":  in(event("M", good, `"time":"10:00"`), at(attributes+"/time"), "ISO 8601"),
		"a Unix time":            in(event("M", good, `"time":1700000000`), at(attributes+"/time"), "must be a string"),
		"a time long ago":        in(event("M", good, `"time":"1989-12-31T23:59:59Z"`), at(attributes+"/time"), "1990"),
		"a time far ahead":       in(event("M", good, `"time":"2027-11-24T10:00:01Z"`), at(attributes+"/time")),
		"a value in quotes":      in(event("M", good, `"value":"29.98"`), at(attributes+"/value"), "must be a number"),
		"a value out of range":   in(event("M", good, `"value":1e999`), at(attributes+"/value")),
		"a bad currency":         in(event("M", good, `"value_currency":"euro"`), at(attributes+"/value_currency")),
		"a number as unique id":  in(event("M", good, `"unique_id":7`), at(attributes+"/unique_id")),
		"a long unique id":       in(event("M", good, `"unique_id":"`+long+`"`), at(attributes+"/unique_id")),
		"backfill in quotes":     in(event("M", good, `"backfill":"true"`), at(attributes+"/backfill")),
		"properties as an array": in(strings.Replace(event("M", good, ""), `"properties":{}`, `"properties":[]`, 1), at(attributes+"/properties")),
		"null properties":        in(strings.Replace(event("M", good, ""), `"properties":{}`, `"properties":null`, 1), at(attributes+"/properties")),
		"a huge number":          in(withProperties(`{"a":{"b":1e400}}`), at(attributes+"/properties/a/b")),
		"a tiny number":          in(withProperties(`{"a":1e-20000}`), at(attributes+"/properties/a")),
		"a long name":            in(withProperties(`{"`+long+`":1}`), at(attributes+"/properties"), "name"),
		"a long string":          in(withProperties(`{"a":"`+strings.Repeat("x", 101<<10)+`"}`), at(attributes+"/properties/a")),
		"deep nesting":           in(withProperties(`{"a":`+strings.Repeat("[", 11)+strings.Repeat("]", 11)+`}`), at(attributes+"/properties/a"), "deep"),
		"a long array":           in(withProperties(`{"a":[`+strings.Repeat("1,", 4000)+`1]}`), at(attributes+"/properties/a"), "4000"),
		"very deep nesting":      in(strings.Repeat("[", 100000), "malformed"),
		"too many properties":    in(withProperties(`{`+many(401)+`}`), at(attributes+"/properties"), "400"),
		"a large profile":        in(event("M", `{"email":"a@example.com","properties":{"a":"`+strings.Repeat("x", 60<<10)+`","b":"`+strings.Repeat("x", 60<<10)+`"}}`, ""), at(attributes+"/profile/data"), "102400"),
		"secondary addresses":    in(event("M", `{"email":"a@example.com","meta":{"patch_identifiers":{"append":{"email":"b"}}}}`, ""), at(subject+"/meta/patch_identifiers/append/email"), "email"),
		"a bad patch":            in(event("M", `{"email":"a@example.com","meta":{"patch_properties":{"append":{"a":{"b":1}},"unset":[1]}}}`, ""), at(subject+"/meta/patch_properties/append/a"), at(subject+"/meta/patch_properties/unset/0")),
		"an unknown parameter":   {request: request{method: "POST", path: "/api/events?dry_run=1", body: event("M", good, "")}, status: 400, has: []string{`"parameter":"dry_run"`}},
		"an unknown profile":     {request: request{method: "POST", path: "/api/events", body: strings.Replace(event("M", "{}", ""), `"type":"profile",`, `"type":"profile","id":"01HZZZZZZZZZZZZZZZZZZZZZZZ",`, 1)}, status: 404, has: []string{at(attributes + "/profile/data/id")}},
		"too large":              {request: request{method: "POST", path: "/api/events", body: event("M", good, "") + strings.Repeat(" ", 5<<20)}, status: 413, has: []string{`"code":"payload_too_large"`}},
		"a form":                 {request: request{method: "POST", path: "/api/events", body: "a=b", headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, status: 415},
		"no content type":        {request: request{method: "POST", path: "/api/events", body: "{}", headers: map[string]string{"Content-Type": "-"}}, status: 415},
		"Latin-1":                {request: request{method: "POST", path: "/api/events", body: "{}", headers: map[string]string{"Content-Type": "application/json; charset=latin1"}}, status: 415},
		"brotli":                 {request: request{method: "POST", path: "/api/events", body: "{}", headers: map[string]string{"Content-Encoding": "br"}}, status: 415},
		"not gzip":               {request: request{method: "POST", path: "/api/events", body: "{}", headers: map[string]string{"Content-Encoding": "gzip"}}, status: 400},
		"a bomb":                 {request: request{method: "POST", path: "/api/events", body: zip(strings.Repeat(" ", 100<<20)), headers: map[string]string{"Content-Encoding": "gzip"}}, status: 413},
		"a cut off archive":      {request: request{method: "POST", path: "/api/events", body: zip(event("M", good, ""))[:60], headers: map[string]string{"Content-Encoding": "gzip"}}, status: 400},
	}
	s.run(t, tests)
	for _, table := range []string{"event", "profile", "outbox"} {
		if n := s.count("select count(*) from " + table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
}

func withProperties(properties string) string {
	return strings.Replace(event("M", `{"email":"a@example.com"}`, ""), `"properties":{}`, `"properties":`+properties, 1)
}

func many(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"p%d":1`, i)
	}
	return strings.Join(all, ",")
}

func zip(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func TestUnusualEventsAreAccepted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	in := func(body string, headers map[string]string) exchange {
		return exchange{request: request{method: "POST", path: "/api/events", body: body, headers: headers}, status: 202, lacks: []string{"a"}}
	}
	good := `{"email":"a@example.com"}`
	s.run(t, map[string]exchange{
		"JSON:API's type":     in(event("A", good, ""), map[string]string{"Content-Type": "application/vnd.api+json"}),
		"a charset":           in(event("B", good, ""), map[string]string{"Content-Type": "application/json; charset=UTF-8"}),
		"gzip":                in(zip(event("C", good, "")), map[string]string{"Content-Encoding": "gzip"}),
		"no revision":         in(event("D", good, ""), map[string]string{"revision": "-"}),
		"a beta revision":     in(event("E", good, ""), map[string]string{"revision": "2026-07-15.pre"}),
		"an escaped escape":   in(event("F", `{"email":"a@example.com","properties":{"a":"\\u0000"}}`, ""), nil),
		"an exchange id more": in(event("G", `{"email":"a@example.com","_kx":"abc"}`, ""), nil),
		"every digit":         in(strings.Replace(withProperties(`{"n":123456789012345678901234567890.5,"e":1e300,"neg":-0.0}`), `"M"`, `"H"`, 1), nil),
		"unicode names":       in(withProperties(`{"größe ✓":"é\ud83d\ude00","":1}`), nil),
	})
	if n := s.count("select count(*) from event"); n != 9 {
		t.Errorf("%d events", n)
	}
	if n := s.count(`select count(*) from event where properties->>'n' = '123456789012345678901234567890.5'`); n != 1 {
		t.Error("digits are lost")
	}
	if n := s.count(`select count(*) from profile where properties->>'a' = E'\\u0000'`); n != 1 {
		t.Error("the escaped escape is lost")
	}
}

func TestOneEventPostedByManyAtOnceIsStoredOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if w := s.do(request{method: "POST", path: "/api/events", body: event("Placed Order", `{"email":"a@example.com"}`, `"unique_id":"1"`)}); w.Code != http.StatusAccepted {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	if n := s.count("select count(*) from event"); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestEventsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for i := range 7 {
		s.expect(202, "POST", "/api/events", event([]string{"A", "B"}[i%2], fmt.Sprintf(`{"email":"p%d@example.com"}`, i%3), fmt.Sprintf(`"time":"2026-11-0%dT00:00:00Z"`, i/2+1)))
	}
	var a, p0 string
	if err := s.store.DB.QueryRow("select id from metric where name = 'A'").Scan(&a); err != nil {
		t.Fatal(err)
	}
	if err := s.store.DB.QueryRow("select id from profile where email = 'p0@example.com'").Scan(&p0); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]int{
		"": 7, `equals(metric_id,"` + a + `")`: 4, `equals(profile_id,'` + p0 + `')`: 3, `equals(metric_id,"` + a + `"),equals(profile_id,"` + p0 + `")`: 2,
		`and(equals(metric_id,"` + a + `"),has(profile))`: 4, `greater-than(datetime,2026-11-03T00:00:00Z)`: 1, `greater-or-equal(datetime,2026-11-03T01:00:00+01:00)`: 3,
		`less-than(timestamp,1793664000)`: 4, `less-or-equal(datetime,2026-11-02)`: 4, `equals(metric_id,"x' or 1=1 --")`: 0,
	} {
		path := "/api/events"
		if filter != "" {
			path += "?filter=" + strings.NewReplacer(" ", "%20", `"`, "%22").Replace(filter)
		}
		if got := len(s.expect(200, "GET", path, "")["data"].([]any)); got != want {
			t.Errorf("%s: %d events, want %d", filter, got, want)
		}
	}
	for _, sort := range []string{"datetime", "-datetime", "timestamp", ""} {
		s.walk(t, "/api/events?page[size]=2"+map[bool]string{true: "", false: "&sort=" + sort}[sort == ""], 7, func() {
			s.expect(202, "POST", "/api/events", event("Later", `{"email":"z@example.com"}`, `"time":"2027-01-01T00:00:00Z","backfill":true`))
		}, sort == "datetime" || sort == "timestamp")
		if _, err := s.store.DB.Exec("delete from event using metric m where m.id = metric_id and m.name = 'Later'"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.store.DB.Exec("delete from event_key"); err != nil {
			t.Fatal(err)
		}
	}
	s.run(t, map[string]exchange{
		"unknown field":    {request: request{method: "GET", path: `/api/events?filter=equals(name,"x")`}, status: 400, has: []string{`"parameter":"filter"`, "metric_id"}},
		"unknown operator": {request: request{method: "GET", path: `/api/events?filter=contains(metric_id,"x")`}, status: 400, has: []string{`"parameter":"filter"`, "takes equals"}},
		"bad time":         {request: request{method: "GET", path: `/api/events?filter=less-than(datetime,now)`}, status: 400, has: []string{"ISO 8601"}},
		"no quotes":        {request: request{method: "GET", path: `/api/events?filter=equals(metric_id,x)`}, status: 400, has: []string{"quotes"}},
		"or":               {request: request{method: "GET", path: `/api/events?filter=or(has(metric),has(profile))`}, status: 400, has: []string{"not supported"}},
		"NUL":              {request: request{method: "GET", path: `/api/events?filter=equals(metric_id,"%00")`}, status: 400},
		"not UTF-8":        {request: request{method: "GET", path: `/api/events?filter=equals(metric_id,"%ff")`}, status: 400},
		"unknown sort":     {request: request{method: "GET", path: "/api/events?sort=value"}, status: 400, has: []string{`"parameter":"sort"`}},
		"page too large":   {request: request{method: "GET", path: "/api/events?page[size]=1001"}, status: 400, has: []string{`"parameter":"page[size]"`, "1 to 1000"}},
		"page of nothing":  {request: request{method: "GET", path: "/api/events?page[size]=0"}, status: 400},
		"bad cursor":       {request: request{method: "GET", path: "/api/events?page[cursor]=abc"}, status: 400, has: []string{`"parameter":"page[cursor]"`}},
		"forged cursor":    {request: request{method: "GET", path: "/api/events?page[cursor]=eyJzIjoiLWRhdGV0aW1lIiwidiI6Im5vdyIsImkiOiJ4In0"}, status: 400, has: []string{`"parameter":"page[cursor]"`}},
		"unknown field set": {request: request{method: "GET", path: "/api/events?fields[event]=value&fields[list]=name"}, status: 400,
			has: []string{`"parameter":"fields[event]"`, `"parameter":"fields[list]"`}},
		"given twice": {request: request{method: "GET", path: "/api/events?sort=datetime&sort=timestamp"}, status: 400, has: []string{"more than once"}},
		"bad escape":  {request: request{method: "GET", path: "/api/events?filter=%zz"}, status: 400},
	})
}

// walk follows next to the end and prev back, and expects each row once; insert adds a row in the middle of it.
func (s *server) walk(t *testing.T, path string, rows int, insert func(), seesInserted bool) {
	t.Helper()
	follow := func(link string, doc map[string]any) (ids []string, last map[string]any) {
		for range 20 {
			for _, x := range doc["data"].([]any) {
				ids = append(ids, x.(map[string]any)["id"].(string))
			}
			next, ok := doc["links"].(map[string]any)[link].(string)
			if !ok {
				return ids, doc
			}
			if insert != nil {
				insert()
				insert = nil
			}
			doc = s.expect(200, "GET", strings.TrimPrefix(next, "http://legato.test"), "")
		}
		t.Fatalf("%s does not end", path)
		return nil, nil
	}
	first := s.expect(200, "GET", path, "")
	if _, ok := first["links"].(map[string]any)["prev"]; ok {
		t.Errorf("%s: the first page has a page before it", path)
	}
	forward, last := follow("next", first)
	want := rows
	if seesInserted {
		want++
	}
	seen := map[string]bool{}
	for _, id := range forward {
		seen[id] = true
	}
	if len(forward) != want || len(seen) != want {
		t.Errorf("%s: %d rows, %d of them different, want %d", path, len(forward), len(seen), want)
	}
	backward, _ := follow("prev", last)
	seen = map[string]bool{}
	for _, id := range backward {
		seen[id] = true
	}
	if len(seen) != rows+1 || len(backward) != rows+1 { // from the end back to the beginning, the inserted one is met
		t.Errorf("%s backwards: %d rows, %d of them different, want %d", path, len(backward), len(seen), rows+1)
	}
}

func TestEventsAreTurnedAwayWhileTheServerCannotTakeThem(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.ingester.Close()
	answer := s.do(request{method: "POST", path: "/api/events", body: "a body that is not read"})
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
		t.Errorf("%d, Retry-After %q", answer.Code, answer.Header().Get("Retry-After"))
	}
}
