package api_test

import (
	"strings"
	"testing"
)

func customMetric(metric, name string) string {
	return `{"data":{"type":"custom-metric","attributes":{"name":"` + name + `","definition":{"aggregation_method":"count","metric_groups":[{"metric_id":"` + metric + `"}]}}}}`
}

func TestCustomMetricsAreMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.happened("Placed Order", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{}`)
	s.happened("Paid", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{}`)
	order, paid := s.metricNamed("Placed Order"), s.metricNamed("Paid")
	definition := `{"aggregation_method":"value","metric_groups":[{"metric_id":"` + order + `","metric_filters":[
		{"property":"$value","filter":{"type":"numeric","operator":"greater-than-or-equal","value":99.90}},
		{"property":"SKU","filter":{"type":"string","operator":"in","value":["a","b"]}},
		{"property":"Note","filter":{"type":"string","operator":"regex","value":"^A.*"}},
		{"property":"Gift","filter":{"type":"boolean","operator":"equals","value":false}},
		{"property":"Items","filter":{"type":"list","operator":"not-contains-ends-with","value":7}},
		{"property":"Items","filter":{"type":"list","operator":"contains-substring","value":null}},
		{"property":"Code","filter":{"type":"existence","operator":"is-set"}}],"value_property":"Total"},
		{"metric_id":"` + paid + `","metric_filters":null,"value_property":null},{"metric_id":"` + order + `"}]}`
	doc := s.expect(201, "POST", "/api/custom-metrics", `{"data":{"type":"custom-metric","attributes":{"name":"Big orders","definition":`+definition+`}}}`)
	id := doc["data"].(map[string]any)["id"].(string)
	path := "/api/custom-metrics/" + id
	get := func(p string, has ...string) exchange {
		return exchange{request: request{method: "GET", path: p}, status: 200, has: has}
	}
	both := `"data":[{"type":"metric","id":"` + order + `"},{"type":"metric","id":"` + paid + `"}]`
	s.run(t, map[string]exchange{
		"one": get(path, `"name":"Big orders"`, `"aggregation_method":"value"`, `"value":99.90`, `"value":["a","b"]`, `"value_property":"Total"`, `"metric_filters":null`,
			`"created":"2026-11-24T10:00:00+00:00"`, both),
		"all":          get("/api/custom-metrics", `"id":"`+id+`"`, both),
		"with metrics": get(path+"?include=metrics&fields[metric]=name", `"included":[`, `"attributes":{"name":"Paid"}`, `"attributes":{"name":"Placed Order"}`),
		"its metrics":  get(path+"/metrics", `"name":"Placed Order"`, `"name":"Paid"`),
		"their ids":    get(path+"/relationships/metrics", both),
		"none":         {request: request{method: "GET", path: "/api/custom-metrics/none"}, status: 404},
		"no filter": {request: request{method: "GET", path: `/api/custom-metrics?filter=equals(id,"x")`}, status: 400,
			has: []string{`"parameter":"filter"`, "is not a parameter of this operation"}, lacks: []string{"filter, page"}},
		"none's": {request: request{method: "GET", path: "/api/custom-metrics/none/metrics"}, status: 404},
		"the same name": {request: request{method: "POST", path: "/api/custom-metrics", body: customMetric(paid, "Big orders")}, status: 400,
			has: []string{`"pointer":"/data/attributes/name"`, "already"}},
	})
	bare := *s
	bare.spec = nil // which says that attributes that are left out are required
	bare.run(t, map[string]exchange{"one part": func() exchange {
		e := get(path+"?fields[custom-metric]=definition.aggregation_method", `"attributes":{"definition":{"aggregation_method":"value"}}`)
		e.lacks = []string{"metric_groups", "Big orders"}
		return e
	}()})

	other := s.expect(201, "POST", "/api/custom-metrics", customMetric(paid, "Other"))["data"].(map[string]any)["id"].(string)
	patch := func(attributes string) string {
		return `{"data":{"type":"custom-metric","id":"` + other + `","attributes":` + attributes + `}}`
	}
	change := func(attributes string, status int, has ...string) exchange {
		return exchange{request: request{method: "PATCH", path: "/api/custom-metrics/" + other, body: patch(attributes)}, status: status, has: has}
	}
	s.run(t, map[string]exchange{
		"nothing":        change(`{"name":null,"definition":null}`, 200, `"name":"Other"`, `"metric_id":"`+paid+`"`),
		"a taken name":   change(`{"name":"Big orders"}`, 400, "already"),
		"no metric":      change(`{"definition":{"aggregation_method":"count","metric_groups":[{"metric_id":"none"}]}}`, 400, `/metric_groups/0/metric_id`),
		"another id":     {request: request{method: "PATCH", path: path, body: patch(`{}`)}, status: 400, has: []string{`"pointer":"/data/id"`}},
		"none to change": {request: request{method: "PATCH", path: "/api/custom-metrics/none", body: strings.Replace(patch(`{}`), other, "none", 1)}, status: 404},
		"none to delete": {request: request{method: "DELETE", path: "/api/custom-metrics/none"}, status: 404},
	})
	s.expect(200, "PATCH", "/api/custom-metrics/"+other, patch(`{"name":"Renamed","definition":{"aggregation_method":"value","metric_groups":[{"metric_id":"`+order+`"}]}}`))
	s.run(t, map[string]exchange{"changed": get("/api/custom-metrics/"+other, `"name":"Renamed"`, `"aggregation_method":"value"`, `"metric_id":"`+order+`"`)})
	s.expect(204, "DELETE", "/api/custom-metrics/"+other, "")
	s.expect(404, "GET", "/api/custom-metrics/"+other, "")
	if n := s.count("select count(*) from custom_metric"); n != 1 {
		t.Errorf("%d custom metrics", n)
	}
}

func TestWrongCustomMetricsGetPointers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.happened("M", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{}`)
	id := s.metricNamed("M")
	wrong := func(attributes string, pointers ...string) exchange {
		e := exchange{request: request{method: "POST", path: "/api/custom-metrics", body: `{"data":{"type":"custom-metric","attributes":` + attributes + `}}`}, status: 400}
		for _, p := range pointers {
			e.has = append(e.has, `"pointer":"/data/attributes/`+p+`"`)
		}
		return e
	}
	filters := func(filters string, pointers ...string) exchange {
		for i := range pointers {
			pointers[i] = "definition/metric_groups/0/metric_filters" + pointers[i]
		}
		return wrong(`{"name":"x","definition":{"aggregation_method":"count","metric_groups":[{"metric_id":"`+id+`","metric_filters":[`+filters+`]}]}}`, pointers...)
	}
	filter := func(filter string, pointers ...string) exchange {
		for i := range pointers {
			pointers[i] = "/0/filter/" + pointers[i]
		}
		return filters(`{"property":"p","filter":{`+filter+`}}`, pointers...)
	}
	group := `{"metric_id":"` + id + `"}`
	s.run(t, map[string]exchange{
		"nothing":           wrong(`{}`, "name", "definition"),
		"blank":             wrong(`{"name":" ","definition":{}}`, "name", "definition/aggregation_method", "definition/metric_groups"),
		"a long name":       wrong(`{"name":"`+strings.Repeat("x", 256)+`","definition":null}`, "name"),
		"no groups":         wrong(`{"name":"x","definition":{"aggregation_method":"mean","metric_groups":[]}}`, "definition/aggregation_method", "definition/metric_groups"),
		"too many groups":   wrong(`{"name":"x","definition":{"aggregation_method":"count","metric_groups":[`+group+strings.Repeat(","+group, 20)+`]}}`, "definition/metric_groups"),
		"odd groups":        wrong(`{"name":"x","definition":{"aggregation_method":"count","metric_groups":[1,{},{"metric_id":7,"extra":1,"value_property":""}]}}`, "definition/metric_groups/0", "definition/metric_groups/1/metric_id", "definition/metric_groups/2/metric_id", "definition/metric_groups/2/extra", "definition/metric_groups/2/value_property"),
		"no metric":         wrong(`{"name":"x","definition":{"aggregation_method":"count","metric_groups":[`+group+`,{"metric_id":"none"}]}}`, "definition/metric_groups/1/metric_id"),
		"no filter":         filters(`{"property":"p"},{"filter":{"type":"existence","operator":"is-set"}}`, "/0/filter", "/1/property"),
		"too many filters":  filters(strings.TrimSuffix(strings.Repeat(`{"property":"p","filter":{"type":"existence","operator":"is-set"}},`, 11), ","), ""),
		"unknown type":      filter(`"type":"date","operator":"before","date":"2026-01-01"`, "type"),
		"unknown operator":  filter(`"type":"numeric","operator":"between","value":1`, "operator"),
		"no value":          filter(`"type":"numeric","operator":"equals"`, "value"),
		"null number":       filter(`"type":"numeric","operator":"equals","value":null`, "value"),
		"text as number":    filter(`"type":"numeric","operator":"equals","value":"1"`, "value"),
		"a huge number":     filter(`"type":"numeric","operator":"equals","value":1e999`, "value"),
		"a value too many":  filter(`"type":"existence","operator":"is-set","value":1`, "value"),
		"no text":           filter(`"type":"string","operator":"equals","value":1`, "value"),
		"no pattern":        filter(`"type":"string","operator":"regex","value":"("`, "value"),
		"none of these":     filter(`"type":"string","operator":"in","value":[]`, "value"),
		"not a flag":        filter(`"type":"boolean","operator":"equals","value":"true"`, "value"),
		"half an item":      filter(`"type":"list","operator":"contains","value":1.5`, "value"),
		"a number as parts": filter(`"type":"list","operator":"contains-substring","value":1`, "value"),
		"a long text":       filter(`"type":"list","operator":"contains","value":"`+strings.Repeat("x", 1001)+`"`, "value"),
	})
	if n := s.count("select count(*) from custom_metric"); n != 0 {
		t.Errorf("%d custom metrics", n)
	}
}
