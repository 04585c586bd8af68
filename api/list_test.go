package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestListsAreCreatedReadAndJoined(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	list := func(attributes string) string { return `{"data":{"type":"list","attributes":` + attributes + `}}` }
	id := s.expect(201, "POST", "/api/lists", list(`{"name":"Newsletter"}`))["data"].(map[string]any)["id"].(string)
	for i := range 11 {
		s.expect(201, "POST", "/api/lists", list(fmt.Sprintf(`{"name":"L%d","opt_in_process":"double_opt_in"}`, i)))
	}
	ada, bob := s.create(t, `{"email":"ada@example.com"}`), s.create(t, `{"email":"bob@example.com"}`)
	members := func(ids ...string) string {
		for i := range ids {
			ids[i] = `{"type":"profile","id":"` + ids[i] + `"}`
		}
		return `{"data":[` + strings.Join(ids, ",") + `]}`
	}
	path := "/api/lists/" + id + "/relationships/profiles/"
	s.expect(204, "POST", path, members(ada, bob))
	s.expect(204, "POST", path, members(ada))
	s.run(t, map[string]exchange{
		"one":                {request: request{method: "GET", path: "/api/lists/" + id}, status: 200, has: []string{`"name":"Newsletter"`, `"opt_in_process":"single_opt_in"`}, lacks: []string{"profile_count"}},
		"its size":           {request: request{method: "GET", path: "/api/lists/" + id + "?additional-fields[list]=profile_count"}, status: 200, has: []string{`"profile_count":2`}},
		"size of all":        {request: request{method: "GET", path: "/api/lists?additional-fields[list]=profile_count"}, status: 400},
		"by name":            {request: request{method: "GET", path: `/api/lists?filter=equals(name,"L3")`}, status: 200, has: []string{`"name":"L3"`, `"opt_in_process":"double_opt_in"`}, lacks: []string{"L4", "next"}},
		"ten at most":        {request: request{method: "GET", path: "/api/lists?page[size]=11"}, status: 400},
		"none":               {request: request{method: "GET", path: "/api/lists/none"}, status: 404},
		"no name":            {request: request{method: "POST", path: "/api/lists", body: list(`{}`)}, status: 400, has: []string{`"pointer":"/data/attributes/name"`}},
		"unknown process":    {request: request{method: "POST", path: "/api/lists", body: list(`{"name":"x","opt_in_process":"none"}`)}, status: 400, has: []string{`"pointer":"/data/attributes/opt_in_process"`}},
		"join no list":       {request: request{method: "POST", path: "/api/lists/none/relationships/profiles", body: members(ada)}, status: 404},
		"nobody joins":       {request: request{method: "POST", path: path, body: members("nobody")}, status: 404, has: []string{"nobody"}},
		"not profiles":       {request: request{method: "POST", path: path, body: `{"data":[{"type":"list","id":"x"},{"type":"profile"},7]}`}, status: 400, has: []string{`/data/0/type`, `/data/1/id`, `"/data/2"`}},
		"one instead of all": {request: request{method: "POST", path: path, body: `{"data":{"type":"profile","id":"x"}}`}, status: 400, has: []string{"array"}},
		"too many":           {request: request{method: "POST", path: path, body: members(strings.Split(strings.Repeat("x ", 1000)+"x", " ")...)}, status: 400, has: []string{"1000"}},
	})
	s.walk(t, "/api/lists?sort=name&page[size]=5", 12, func() { s.expect(201, "POST", "/api/lists", list(`{"name":"Z"}`)) }, true)
	s.expect(204, "DELETE", path, members(ada, "nobody"))
	if n := s.count("select count(*) from list_member where list_id = $1", id); n != 1 {
		t.Errorf("%d members", n)
	}
}

func TestMetricsAreMadeByTheirEvents(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	body := event("Placed Order", `{"email":"a@example.com"}`, "")
	s.expect(202, "POST", "/api/events", body)
	s.expect(202, "POST", "/api/events", strings.Replace(body, `"name":"Placed Order"`, `"name":"Placed Order","service":"shop"`, 1))
	data := s.expect(200, "GET", "/api/metrics/?fields[metric]=name", "")["data"].([]any)
	if len(data) != 2 {
		t.Fatalf("%d metrics", len(data))
	}
	id := data[0].(map[string]any)["id"].(string)
	s.run(t, map[string]exchange{
		"one":         {request: request{method: "GET", path: "/api/metrics/" + id}, status: 200, has: []string{`"name":"Placed Order"`}},
		"by service":  {request: request{method: "GET", path: `/api/metrics?filter=equals(integration.name,"shop")`}, status: 200, has: []string{`"name":"shop"`}, lacks: []string{`"name":"api"`}},
		"none":        {request: request{method: "GET", path: "/api/metrics/none"}, status: 404},
		"page size":   {request: request{method: "GET", path: "/api/metrics?page[size]=10"}, status: 400},
		"no such way": {request: request{method: "GET", path: "/api/metrics?sort=name"}, status: 400},
	})
}
