package api_test

import (
	"testing"

	"github.com/legato-flow/legato/api"
)

func TestRolesAreMappedToMetrics(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	get := func(path string, has ...string) exchange {
		return exchange{request: request{method: "GET", path: path}, status: 200, has: has}
	}
	s.run(t, map[string]exchange{
		"nothing yet":       get("/api/mapped-metrics/revenue", `"type":"mapped-metric"`, `"updated":"`),
		"no metric":         get("/api/mapped-metrics/revenue/metric", `{"data":null,`),
		"no custom metric":  get("/api/mapped-metrics/revenue/custom-metric", `{"data":null,`),
		"no metric's id":    get("/api/mapped-metrics/revenue/relationships/metric", `{"data":null,`),
		"unknown role":      {request: request{method: "GET", path: "/api/mapped-metrics/profit"}, status: 404},
		"unknown role's":    {request: request{method: "GET", path: "/api/mapped-metrics/profit/metric"}, status: 404},
		"none are included": get("/api/mapped-metrics?include=metric,custom-metric", `"id":"added_to_cart"`),
	})
	if n := len(s.expect(200, "GET", "/api/mapped-metrics", "")["data"].([]any)); n != 7 {
		t.Errorf("%d roles", n)
	}
	// The usual name is enough, and the oldest metric that has it.
	s.happened("Placed Order", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{}`)
	s.happened("Paid", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{}`)
	order, paid := s.metricNamed("Placed Order"), s.metricNamed("Paid")
	custom := s.expect(201, "POST", "/api/custom-metrics", customMetric(order, "Big orders"))["data"].(map[string]any)["id"].(string)
	s.run(t, map[string]exchange{
		"the usual": get("/api/mapped-metrics/revenue?include=metric", `"data":{"type":"metric","id":"`+order+`"}`, `"included":[{"type":"metric"`),
		"others":    {request: request{method: "GET", path: "/api/mapped-metrics/viewed_product"}, status: 200, lacks: []string{order}},
	})

	path := "/api/mapped-metrics/revenue"
	body := func(relationships string) string {
		return `{"data":{"type":"mapped-metric","id":"revenue","relationships":{` + relationships + `}}}`
	}
	toMetric := func(id string) string { return `"metric":{"data":{"type":"metric","id":"` + id + `"}}` }
	toCustom := func(id string) string { return `"custom-metric":{"data":{"type":"custom-metric","id":"` + id + `"}}` }
	mapped := func(metric, custom string) {
		t.Helper()
		for kind, id := range map[string]string{"metric": metric, "custom-metric": custom} {
			var got string
			if data, _ := s.expect(200, "GET", path+"/relationships/"+kind, "")["data"].(map[string]any); data != nil {
				got = data["id"].(string)
			}
			if got != id {
				t.Errorf("the %s is %q, not %q", kind, got, id)
			}
		}
	}
	s.expect(200, "PATCH", path, body(toMetric(paid)))
	mapped(paid, "")
	s.expect(200, "PATCH", path, body(toCustom(custom)))
	mapped("", custom)
	s.run(t, map[string]exchange{
		"included":       get(path+"?include=custom-metric", `"included":[{"type":"custom-metric"`, `"name":"Big orders"`),
		"whole":          get(path+"/custom-metric", `"name":"Big orders"`),
		"in use":         {request: request{method: "DELETE", path: "/api/custom-metrics/" + custom}, status: 409, has: []string{"mapped"}},
		"both":           {request: request{method: "PATCH", path: path, body: body(toMetric(paid) + "," + toCustom(custom))}, status: 400, has: []string{`"pointer":"/data/relationships"`}},
		"neither":        {request: request{method: "PATCH", path: path, body: body(``)}, status: 400, has: []string{`"pointer":"/data/relationships"`}},
		"no metric":      {request: request{method: "PATCH", path: path, body: body(toMetric("none"))}, status: 400, has: []string{`"pointer":"/data/relationships/metric/data/id"`}},
		"no custom":      {request: request{method: "PATCH", path: path, body: body(toCustom(paid))}, status: 400, has: []string{`"pointer":"/data/relationships/custom-metric/data/id"`}},
		"another type":   {request: request{method: "PATCH", path: path, body: body(`"metric":{"data":{"type":"flow","id":"x"}}`)}, status: 400, has: []string{`"pointer":"/data/relationships/metric/data/type"`}},
		"no id":          {request: request{method: "PATCH", path: path, body: body(`"metric":{"data":{"type":"metric"}}`)}, status: 400, has: []string{`"pointer":"/data/relationships/metric/data/id"`}},
		"no data":        {request: request{method: "PATCH", path: path, body: body(`"metric":{}`)}, status: 400, has: []string{`"pointer":"/data/relationships/metric/data"`}},
		"another role":   {request: request{method: "PATCH", path: "/api/mapped-metrics/ordered_product", body: body(toMetric(paid))}, status: 400, has: []string{`"pointer":"/data/id"`}},
		"attributes":     {request: request{method: "PATCH", path: path, body: `{"data":{"type":"mapped-metric","id":"revenue","attributes":{}}}`}, status: 400},
		"no filters yet": {request: request{method: "GET", path: `/api/mapped-metrics?filter=equals(id,"revenue")`}, status: 400},
	})
	mapped("", custom)
	s.expect(200, "PATCH", path, body(`"custom-metric":{"data":{"type":"custom-metric","id":null}}`))
	mapped("", "") // and not the usual one again
	s.expect(204, "DELETE", "/api/custom-metrics/"+custom, "")
	s.expect(200, "PATCH", path, body(toMetric(order)))
	s.expect(200, "PATCH", path, body(`"metric":{"data":null}`))
	mapped("", "")
}

func TestMetricsNameTheFlowsThatTheyTrigger(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.happened("Placed Order", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{}`)
	s.happened("Paid", "a@example.com", "2026-03-08T05:00:00Z", `"properties":{}`)
	id := s.metricNamed("Paid")
	flow := s.expect(201, "POST", "/api/flows", `{"data":{"type":"flow","attributes":{"name":"Thanks","definition":{"triggers":[{"type":"metric","id":"`+id+`"}],
		"entry_action_id":"a","actions":[{"temporary_id":"a","type":"time-delay","links":{"next":null},"data":{"unit":"days","value":1}}]}}}}`)["data"].(map[string]any)["id"].(string)
	s.run(t, map[string]exchange{
		"one": {request: request{method: "GET", path: "/api/metrics/" + id + "?include=flow-triggers&fields[flow]=name"}, status: 200,
			has: []string{`"flow-triggers":{"data":[{"type":"flow","id":"` + flow + `"}]`, `"included":[{"type":"flow"`, `"attributes":{"name":"Thanks"}`}},
		"all":     {request: request{method: "GET", path: "/api/metrics?include=flow-triggers"}, status: 200, has: []string{`"flow-triggers":{"data":[],`, `"id":"` + flow + `"`}},
		"unasked": {request: request{method: "GET", path: "/api/metrics/" + id}, status: 200, has: []string{`/relationships/flow-triggers"`}, lacks: []string{flow}},
		"category": {request: request{method: "GET", path: `/api/metrics?filter=equals(integration.category,"api")&fields[metric]=name`}, status: 200,
			has: []string{"Paid", "Placed Order"}},
		"of events": {request: request{method: "GET", path: "/api/events?include=metric"}, status: 200, has: []string{"Paid"}},
	})
}

func TestMetricsNeedTheirScopes(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *api.Options) { o.Keys = nil })
	for name, scope := range map[string]string{"pk_read": "metrics:read", "pk_write": "metrics:write"} {
		if err := s.store.CreateKey(t.Context(), name, name, scope); err != nil {
			t.Fatal(err)
		}
	}
	with := func(key, method, path, body string, status int) exchange {
		return exchange{request: request{method: method, path: path, body: body, headers: map[string]string{"Authorization": "Klaviyo-API-Key " + key}}, status: status}
	}
	s.run(t, map[string]exchange{
		"reading":            with("pk_read", "GET", "/api/mapped-metrics?include=metric,custom-metric", "", 200),
		"reading custom":     with("pk_read", "GET", "/api/custom-metrics?include=metrics", "", 200),
		"flows too":          with("pk_read", "GET", "/api/metrics?include=flow-triggers", "", 403),
		"counting":           with("pk_read", "POST", "/api/metric-aggregates", "{}", 400),
		"writing":            with("pk_read", "POST", "/api/custom-metrics", "{}", 403),
		"changing":           with("pk_read", "PATCH", "/api/mapped-metrics/revenue", "{}", 403),
		"deleting":           with("pk_read", "DELETE", "/api/custom-metrics/x", "", 403),
		"writing only":       with("pk_write", "DELETE", "/api/custom-metrics/x", "", 404),
		"writing not read":   with("pk_write", "GET", "/api/custom-metrics", "", 403),
		"writing not counts": with("pk_write", "POST", "/api/metric-aggregates", "{}", 403),
	})
}
