package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// question is a body of metric-aggregates; a %s in attributes is the metric.
func question(metric, attributes string) string {
	return `{"data":{"type":"metric-aggregate","attributes":` + strings.ReplaceAll(attributes, "%s", metric) + `}}`
}

// happened stores an event of a metric.
func (s *server) happened(metric, email, time, rest string) {
	s.t.Helper()
	s.expect(202, "POST", "/api/events", `{"data":{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"`+metric+`"}}},
		"profile":{"data":{"type":"profile","attributes":{"email":"`+email+`"}}},"time":"`+time+`",`+rest+`}}}`)
}

func (s *server) metricNamed(name string) string {
	s.t.Helper()
	var id string
	if err := s.store.DB.Get(&id, "select id from metric where name = $1", name); err != nil {
		s.t.Fatal(err)
	}
	return id
}

func TestEventsAreAggregatedByTheClocksOfAZone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	// In New York 8 March 2026 has 23 hours, from 05:00Z to 04:00Z.
	s.happened("Received Email", "a@example.com", "2026-03-08T04:59:59Z", `"properties":{"Subject":"Hi"},"value":1`)
	s.happened("Received Email", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{"Subject":"Hi","$flow":"f1"},"value":10.50,"value_currency":"USD"`)
	s.happened("Received Email", "a@example.com", "2026-03-09T03:59:59Z", `"properties":{"Subject":"Ho, ho","Bot Click":true},"value":0.25,"value_currency":"EUR"`)
	s.happened("Received Email", "b@example.com", "2026-03-08T12:00:00Z", `"properties":{"Subject":"Ho, ho"}`)
	s.happened("Received Email", "b@example.com", "2026-03-09T04:00:00Z", `"properties":{}`)
	s.happened("Clicked Email", "b@example.com", "2026-03-08T12:00:00Z", `"properties":{}`)
	id := s.metricNamed("Received Email")

	const zone = `"timezone":"America/New_York","filter":["greater-or-equal(datetime,2026-03-07T00:00:00)","less-than(datetime,2026-03-10T00:00:00)"`
	ask := func(attributes string) request {
		return request{method: "POST", path: "/api/metric-aggregates/", body: question(id, attributes)}
	}
	dates := `"dates":["2026-03-07T00:00:00-05:00","2026-03-08T00:00:00-05:00","2026-03-09T00:00:00-04:00"]`
	s.run(t, map[string]exchange{
		"by day": {request: ask(`{"metric_id":"%s","measurements":["count","unique","sum_value"],` + zone + `]}`), status: 200, has: []string{
			`"type":"metric-aggregate"`, dates, `"data":[{"dimensions":[],"measurements":{"count":[1,3,1],"sum_value":[1,10.75,0],"unique":[1,2,1]}}]`}, lacks: []string{"next"}},
		"nulls are defaults": {request: ask(`{"metric_id":"%s","measurements":["count"],"interval":null,"by":null,"page_size":null,"sort":null,"return_fields":null,"page_cursor":null,` + zone + `]}`), status: 200, has: []string{`"count":[1,3,1]`}},
		"by hour of UTC": {request: ask(`{"metric_id":"%s","measurements":["count"],"interval":"hour","filter":["greater-or-equal(datetime,2026-03-08T04:30:00Z),less-than(datetime,2026-03-08T06:00:00Z)"]}`), status: 200,
			has: []string{`"dates":["2026-03-08T04:00:00+00:00","2026-03-08T05:00:00+00:00"]`, `"count":[1,1]`}},
		"by week":  {request: ask(`{"metric_id":"%s","measurements":["count"],"interval":"week",` + zone + `]}`), status: 200, has: []string{`"2026-03-02T00:00:00-05:00","2026-03-09T00:00:00-04:00"`, `"count":[4,1]`}},
		"by month": {request: ask(`{"metric_id":"%s","measurements":["count"],"interval":"month",` + zone + `]}`), status: 200, has: []string{`["2026-03-01T00:00:00-05:00"]`, `"count":[5]`}},
		"by a property": {request: ask(`{"metric_id":"%s","measurements":["count"],"by":["Subject"],` + zone + `]}`), status: 200, has: []string{
			`{"dimensions":[""],"measurements":{"count":[0,0,1]}},{"dimensions":["Hi"],"measurements":{"count":[1,1,0]}},{"dimensions":["Ho, ho"],"measurements":{"count":[0,2,0]}}`}},
		"sorted by count": {request: ask(`{"metric_id":"%s","measurements":["count"],"by":["$flow"],"sort":"-count",` + zone + `]}`), status: 200, has: []string{
			`[{"dimensions":[""],"measurements":{"count":[1,2,1]}},{"dimensions":["f1"]`}},
		"by two": {request: ask(`{"metric_id":"%s","measurements":["sum_value"],"by":["$value_currency","Subject"],"sort":"-$value_currency",` + zone + `]}`), status: 200, has: []string{
			`[{"dimensions":["USD","Hi"],"measurements":{"sum_value":[0,10.50,0]}},{"dimensions":["EUR","Ho, ho"]`}},
		"filtered":         {request: ask(`{"metric_id":"%s","measurements":["count"],` + zone + `,"equals(Subject,\"Ho, ho\")","equals(Bot Click,true)"]}`), status: 200, has: []string{`"count":[0,1,0]`}},
		"filtered by many": {request: ask(`{"metric_id":"%s","measurements":["count"],` + zone + `,"any($value_currency,['USD','EUR'])"]}`), status: 200, has: []string{`"count":[0,2,0]`}},
		"nothing found":    {request: ask(`{"metric_id":"%s","measurements":["count"],` + zone + `,"equals(URL,\"x' or 1=1 --\")"]}`), status: 200, has: []string{`[{"dimensions":[],"measurements":{"count":[0,0,0]}}]`}},
		"no group found":   {request: ask(`{"metric_id":"%s","measurements":["count"],"by":["URL"],` + zone + `,"contains(Subject,\"zzz\")"]}`), status: 200, has: []string{`"data":[]`, dates}},
	})
	for name, path := range map[string]string{"fields": "?fields[metric-aggregate]=dates", "return_fields": ""} {
		attributes := `{"metric_id":"%s","measurements":["count"],"return_fields":["dates"],` + zone + `]}`
		bare := newServer(t)
		bare.store, bare.handler, bare.spec = s.store, s.handler, nil // which says that both are required
		w := bare.do(request{method: "POST", path: "/api/metric-aggregates" + path, body: question(id, attributes)})
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"attributes":{"dates":[`) || strings.Contains(w.Body.String(), "count") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestAggregatesComeInPages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for i := range 7 {
		s.happened("Clicked Email", "a@example.com", fmt.Sprintf("2026-03-08T05:00:%02dZ", i), fmt.Sprintf(`"properties":{"URL":"u%d"},"value":%d`, i, i/2))
	}
	id := s.metricNamed("Clicked Email")
	for _, sort := range []string{"URL", "-URL", "count", "-sum_value", ""} {
		ask := func(cursor string) string {
			return question(id, `{"metric_id":"%s","measurements":["sum_value"],"by":["URL"],"page_size":2,"sort":`+orNull(sort)+cursor+`,
				"filter":["greater-or-equal(datetime,2026-03-08)","less-than(datetime,2026-03-09)"]}`)
		}
		seen := map[string]bool{}
		path, body := "/api/metric-aggregates", ask("")
		for pages := 1; ; pages++ {
			var doc struct {
				Data struct {
					Attributes struct {
						Data []struct{ Dimensions []string }
					}
				}
				Links struct{ Next string }
			}
			w := s.do(request{method: "POST", path: path, body: body})
			if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			for _, row := range doc.Data.Attributes.Data {
				if u := row.Dimensions[0]; seen[u] {
					t.Errorf("%s: %s comes twice", sort, u)
				} else {
					seen[u] = true
				}
			}
			if doc.Links.Next == "" {
				if pages != 4 || len(seen) != 7 {
					t.Errorf("%s: %d pages with %d groups", sort, pages, len(seen))
				}
				break
			}
			next, err := url.Parse(doc.Links.Next)
			if err != nil {
				t.Fatal(err)
			}
			cursor := next.Query().Get("page_cursor")
			if pages%2 == 0 { // one way and the other
				path, body = next.RequestURI(), ask("")
			} else {
				path, body = "/api/metric-aggregates", ask(`,"page_cursor":"`+cursor+`"`)
			}
			if w := s.do(request{method: "POST", path: path, body: strings.Replace(body, "2026-03-09", "2026-03-10", 1)}); w.Code != 400 || !strings.Contains(w.Body.String(), "page_cursor") {
				t.Errorf("another question's cursor: %d %s", w.Code, w.Body)
			}
		}
	}
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return `"` + s + `"`
}

func TestWrongQuestionsGetPointers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.happened("M", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{}`)
	id := s.metricNamed("M")
	custom := s.expect(201, "POST", "/api/custom-metrics", customMetric(id, "C"))["data"].(map[string]any)["id"].(string)
	const day = `"filter":["greater-or-equal(datetime,2026-03-08)","less-than(datetime,2026-03-09)"]`
	wrong := func(attributes string, status int, has ...string) exchange {
		return exchange{request: request{method: "POST", path: "/api/metric-aggregates", body: question(id, attributes)}, status: status, has: has}
	}
	pointer := func(p string) string { return `"pointer":"/data/attributes/` + p + `"` }
	asked := func(rest string) string {
		return `{"metric_id":"%s","measurements":["count"],` + day + `,` + rest + `}`
	}
	times := func(filters string) string {
		return `{"metric_id":"%s","measurements":["count"],"filter":[` + filters + `]}`
	}
	s.run(t, map[string]exchange{
		"nothing":              wrong(`{}`, 400, pointer("metric_id"), pointer("measurements"), pointer("filter")),
		"no metric":            wrong(`{"metric_id":"none","measurements":["count"],`+day+`}`, 404, pointer("metric_id")),
		"a custom metric":      wrong(`{"metric_id":"`+custom+`","measurements":["count"],`+day+`}`, 400, pointer("metric_id"), "custom metric"),
		"unknown member":       wrong(asked(`"limit":1`), 400, pointer("limit")),
		"no measurement":       wrong(`{"metric_id":"%s","measurements":[],`+day+`}`, 400, pointer("measurements")),
		"unknown measurement":  wrong(`{"metric_id":"%s","measurements":["count","mean","count"],`+day+`}`, 400, pointer("measurements/1"), pointer("measurements/2"), "sum_value"),
		"unknown interval":     wrong(asked(`"interval":"year"`), 400, pointer("interval"), "hour"),
		"unknown zone":         wrong(asked(`"timezone":"Mars/Olympus"`), 400, pointer("timezone"), "IANA"),
		"the machine's zone":   wrong(asked(`"timezone":"Local"`), 400, pointer("timezone")),
		"a path as zone":       wrong(asked(`"timezone":"../../etc/passwd"`), 400, pointer("timezone")),
		"unknown dimension":    wrong(asked(`"by":["$flow","Colour"]`), 400, pointer("by/1"), "Subject"),
		"attribution":          wrong(asked(`"by":["$attributed_flow"]`), 400, pointer("by/0"), "not attributed"),
		"attribution, filters": wrong(times(`"greater-or-equal(datetime,2026-03-08)","less-than(datetime,2026-03-09)","equals($attributed_flow,\"f\")"`), 400, pointer("filter/2"), "not attributed"),
		"too many dimensions":  wrong(asked(`"by":["URL","List","Method","Subject","$flow","form_id"]`), 400, pointer("by")),
		"sort by another":      wrong(asked(`"by":["URL"],"sort":"-$flow"`), 400, pointer("sort")),
		"no page":              wrong(asked(`"page_size":0`), 400, pointer("page_size")),
		"half a page":          wrong(asked(`"page_size":1.5`), 400, pointer("page_size")),
		"a vast page":          wrong(asked(`"page_size":1e9`), 400, pointer("page_size")),
		"no cursor":            wrong(asked(`"page_cursor":"'; drop table event; --"`), 400, pointer("page_cursor")),
		"unknown field":        wrong(asked(`"return_fields":["rows"]`), 400, pointer("return_fields/0")),
		"filter is a string":   wrong(`{"metric_id":"%s","measurements":["count"],"filter":"x"}`, 400, pointer("filter")),
		"no end":               wrong(times(`"greater-or-equal(datetime,2026-03-08)"`), 400, pointer("filter"), "less-than"),
		"ends before":          wrong(times(`"greater-or-equal(datetime,2026-03-08)","less-than(datetime,2026-03-08)"`), 400, pointer("filter")),
		"more than a year":     wrong(times(`"greater-or-equal(datetime,2026-03-08)","less-than(datetime,2027-03-08T00:00:01)"`), 400, pointer("filter"), "one year"),
		"a year":               wrong(times(`"greater-or-equal(datetime,2026-03-08)","less-than(datetime,2027-03-08)"`), 200),
		"ends twice":           wrong(times(`"greater-or-equal(datetime,2026-03-08)","less-than(datetime,2026-03-09)","less-than(datetime,2026-03-10)"`), 400, pointer("filter/2"), "twice"),
		"greater than":         wrong(times(`"greater-than(datetime,2026-03-08)","less-than(datetime,2026-03-09)"`), 400, pointer("filter/0"), "greater-or-equal"),
		"no date":              wrong(times(`"greater-or-equal(datetime,yesterday)","less-than(datetime,[2026-03-09])"`), 400, pointer("filter/0"), pointer("filter/1")),
		"a long time ago":      wrong(times(`"greater-or-equal(datetime,0001-01-01)","less-than(datetime,0001-01-02)"`), 400, pointer("filter/0"), "1970"),
		"not a filter":         wrong(times(`7,"equals(","or(equals(URL,\"a\"),equals(URL,\"b\"))","has(URL)"`), 400, pointer("filter/0"), pointer("filter/1"), pointer("filter/2"), pointer("filter/3")),
		"another type":         {request: request{method: "POST", path: "/api/metric-aggregates", body: `{"data":{"type":"metric","attributes":{}}}`}, status: 400, has: []string{`"pointer":"/data/type"`}},
		"unknown parameter":    {request: request{method: "POST", path: "/api/metric-aggregates?sort=count", body: question(id, asked(`"by":null`))}, status: 400, has: []string{`"parameter":"sort"`}},
	})
}
