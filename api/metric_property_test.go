package api_test

import (
	"strings"
	"testing"
)

func TestThePropertiesOfAMetricCanBeRead(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for i, properties := range []string{
		`{"Categories":["Kitchen"],"Price":12.5,"Size":"12","Vip":true,"Day":"2026-05-10","Box":{"a":1},"a/b \" é":"x"}`,
		`{"Categories":[],"Price":13,"Size":"XL","Vip":false,"Day":"05/10/2026"}`,
		`{"Price":"on demand"}`,
	} {
		body := strings.Replace(withProperties(properties), `"properties"`, `"unique_id":"`+string(rune('a'+i))+`","value":59,"value_currency":"EUR","properties"`, 1)
		s.expect(202, "POST", "/api/events", body)
	}
	s.expect(202, "POST", "/api/events", event("Other", `{"email":"a@example.com","properties":{"points":1}}`, ""))
	if err := s.store.WritePropertyTypes(t.Context()); err != nil {
		t.Fatal(err)
	}
	metric, other := "", ""
	for _, m := range s.expect(200, "GET", "/api/metrics", "")["data"].([]any) {
		m := m.(map[string]any)
		if m["attributes"].(map[string]any)["name"] == "M" {
			metric = m["id"].(string)
		} else {
			other = m["id"].(string)
		}
	}
	list := s.expect(200, "GET", "/api/metrics/"+metric+"/metric-properties", "")
	var inferred []string
	ids := map[string]string{}
	for _, p := range list["data"].([]any) {
		p := p.(map[string]any)
		attributes := p["attributes"].(map[string]any)
		name := attributes["property"].(string)
		inferred = append(inferred, name+" "+attributes["inferred_type"].(string)+" "+attributes["label"].(string))
		ids[name] = p["id"].(string)
	}
	want := `$value Number Value, $value_currency Text Value Currency, Box Object Box, Categories List Categories, Day Date Day, Price Number Price, Size Text Size, Vip Boolean Vip, a/b " é Text a/b " é`
	if got := strings.Join(inferred, ", "); got != want {
		t.Errorf("inferred\n%s, want\n%s", got, want)
	}
	of := func(id, rest string) request {
		return request{method: "GET", path: "/api/metric-properties/" + id + rest}
	}
	s.run(t, map[string]exchange{
		"samples":           {request: of(ids["Price"], "?additional-fields[metric-property]=sample_values"), status: 200, has: []string{`"sample_values":[12.5,13,"on demand"]`, `"inferred_type":"Number"`}},
		"samples of a list": {request: of(ids["Categories"], "?additional-fields[metric-property]=sample_values"), status: 200, has: []string{`"sample_values":[]`}},
		"samples of all": {request: request{method: "GET", path: "/api/metrics/" + metric + "/metric-properties?additional-fields[metric-property]=sample_values&fields[metric-property]=property,label,inferred_type,sample_values"}, status: 200,
			has: []string{`"property":"Day","sample_values":["2026-05-10","05/10/2026"]}`}},
		"no samples":        {request: of(ids["Size"], ""), status: 200, has: []string{`"id":"` + ids["Size"] + `"`}, lacks: []string{"sample_values", "included"}},
		"with its metric":   {request: of(ids["Size"], "?include=metric&fields[metric]=name"), status: 200, has: []string{`"included":[{"type":"metric","id":"` + metric + `","attributes":{"name":"M"}`}},
		"its metric":        {request: of(ids["Size"], "/metric"), status: 200, has: []string{`"type":"metric"`, `"name":"M"`}},
		"its metric's id":   {request: of(ids["Size"], "/relationships/metric"), status: 200, has: []string{`"data":{"type":"metric","id":"` + metric + `"}`}, lacks: []string{"attributes"}},
		"ids":               {request: request{method: "GET", path: "/api/metrics/" + metric + "/relationships/metric-properties"}, status: 200, has: []string{`{"type":"metric-property","id":"` + ids["Size"] + `"}`}, lacks: []string{"attributes"}},
		"without any":       {request: request{method: "GET", path: "/api/metrics/" + other + "/metric-properties"}, status: 200, has: []string{`"data":[]`}},
		"an unknown metric": {request: request{method: "GET", path: "/api/metrics/none/metric-properties"}, status: 404},
		"an unknown one":    {request: of("925e385b52fb405715f3616c337cc65c", ""), status: 404, has: []string{"metric-property"}},
		"an unknown field":  {request: of(ids["Size"], "?additional-fields[metric-property]=values"), status: 400, has: []string{"sample_values"}},
	})
	var profileProperty string
	if err := s.store.DB.Get(&profileProperty, "select md5(metric_id || '/' || name) from property_type where metric_id = '' and name = 'points'"); err != nil {
		t.Fatal(err)
	}
	s.run(t, map[string]exchange{"of profiles": {request: of(profileProperty, ""), status: 404}})
}
