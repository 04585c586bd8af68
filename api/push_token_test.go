package api_test

import (
	"strings"
	"testing"
)

// pushToken is the body that registers a device for a profile.
func pushToken(attributes, profile string) string {
	return `{"data":{"type":"push-token","attributes":{` + attributes + `,"profile":{"data":{"type":"profile","attributes":` + profile + `}}}}}`
}

func TestDevicesAreRegisteredReadMovedAndDeleted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, bob := s.create(t, `{"email":"ada@example.com"}`), s.create(t, `{"email":"bob@example.com"}`)
	const device = `"token":"abc:DEF_1-2","platform":"ios","vendor":"apns"`
	s.expect(202, "POST", "/api/push-tokens/", pushToken(device+`,"background":null,"device_metadata":{"os_name":"ios","app_name":"Shop","device_id":null}`, `{"email":"Ada@example.com","first_name":"Ada"}`))
	s.expect(202, "POST", "/api/push-tokens", pushToken(`"token":"second","platform":"android","vendor":"fcm","enablement_status":"DENIED","background":"RESTRICTED"`, `{"external_id":"new"}`))
	tokens := s.expect(200, "GET", `/api/push-tokens?filter=equals(profile.id,%22`+ada+`%22)`, "")["data"].([]any)
	if len(tokens) != 1 {
		t.Fatalf("%d tokens", len(tokens))
	}
	id := tokens[0].(map[string]any)["id"].(string)
	s.run(t, map[string]exchange{
		"one":                   {request: request{method: "GET", path: "/api/push-tokens/" + id}, status: 200, has: []string{`"token":"abc:DEF_1-2"`, `"enablement_status":"AUTHORIZED"`, `"background":"AVAILABLE"`, `"metadata":{"app_name":"Shop","os_name":"ios"}`, `"id":"` + ada + `"`}},
		"one by the token":      {request: request{method: "GET", path: "/api/push-tokens/abc:DEF_1-2?fields[push-token]=platform,metadata.app_name"}, status: 200, has: []string{`"attributes":{"metadata":{"app_name":"Shop"},"platform":"ios"}`}},
		"with its profile":      {request: request{method: "GET", path: "/api/push-tokens/" + id + "?include=profile&fields[profile]=first_name"}, status: 200, has: []string{`"attributes":{"first_name":"Ada"}`}},
		"none":                  {request: request{method: "GET", path: "/api/push-tokens/none"}, status: 404},
		"its profile":           {request: request{method: "GET", path: "/api/push-tokens/" + id + "/profile?additional-fields[profile]=subscriptions"}, status: 200, has: []string{`"email":"ada@example.com"`, `"subscriptions"`}},
		"its profile's id":      {request: request{method: "GET", path: "/api/push-tokens/" + id + "/relationships/profile"}, status: 200, has: []string{`"data":{"type":"profile","id":"` + ada + `"}`}},
		"the profile of none":   {request: request{method: "GET", path: "/api/push-tokens/none/profile"}, status: 404},
		"of a profile":          {request: request{method: "GET", path: "/api/profiles/" + ada + "/push-tokens"}, status: 200, has: []string{`"token":"abc:DEF_1-2"`}, lacks: []string{"second"}},
		"ids of a profile":      {request: request{method: "GET", path: "/api/profiles/" + ada + "/relationships/push-tokens"}, status: 200, has: []string{`"data":[{"type":"push-token","id":"` + id + `"}]`}},
		"of a profile without":  {request: request{method: "GET", path: "/api/profiles/" + bob + "/push-tokens"}, status: 200, has: []string{`"data":[]`}},
		"of nobody":             {request: request{method: "GET", path: "/api/profiles/nobody/push-tokens"}, status: 404},
		"included":              {request: request{method: "GET", path: "/api/profiles/" + ada + "?include=push-tokens"}, status: 200, has: []string{`"included":[{"type":"push-token"`, `"data":[{"type":"push-token","id":"` + id + `"}]`}},
		"included in a listing": {request: request{method: "GET", path: "/api/profiles?include=push-tokens,conversations&fields[push-token]=token"}, status: 200, has: []string{`{"token":"second"}`, `"conversations":{"data":[]`}},
		"by status":             {request: request{method: "GET", path: `/api/push-tokens?filter=equals(enablement_status,"DENIED"),equals(platform,"android")`}, status: 200, has: []string{`"token":"second"`}, lacks: []string{"abc"}},
		"by id":                 {request: request{method: "GET", path: `/api/push-tokens?filter=equals(id,"` + id + `")`}, status: 200, has: []string{"abc"}, lacks: []string{"second"}},
		"everything that is wrong": {request: request{method: "POST", path: "/api/push-tokens", body: pushToken(`"token":"a b","platform":"web","vendor":"x","enablement_status":"YES","background":7,"device_metadata":{"os_name":"dos","color":"red"}`, `{"first_name":"x"}`)}, status: 400,
			has: []string{`/data/attributes/token"`, `/data/attributes/platform"`, `/data/attributes/vendor"`, `/data/attributes/enablement_status"`, `/data/attributes/background"`, `/data/attributes/device_metadata/os_name"`, `/data/attributes/device_metadata/color"`}},
		"nobody's":          {request: request{method: "POST", path: "/api/push-tokens", body: pushToken(device, `{"first_name":"x"}`)}, status: 400, has: []string{`"pointer":"/data/attributes/profile/data/attributes"`}},
		"an unknown id's":   {request: request{method: "POST", path: "/api/push-tokens", body: strings.Replace(pushToken(device, `{}`), `"type":"profile"`, `"type":"profile","id":"none"`, 1)}, status: 404, has: []string{`"pointer":"/data/attributes/profile/data/id"`}},
		"nothing is needed": {request: request{method: "POST", path: "/api/push-tokens", body: `{"data":{"type":"push-token","attributes":{}}}`}, status: 400, has: []string{`/token"`, `/platform"`, `/vendor"`, `/profile"`}},
		"a long token":      {request: request{method: "POST", path: "/api/push-tokens", body: pushToken(`"token":"`+strings.Repeat("x", 2001)+`","platform":"ios","vendor":"apns"`, `{"email":"ada@example.com"}`)}, status: 400, has: []string{"2000"}},
	})
	// The device is Bob's from now on, who signed in on it, and keeps what was known of it.
	s.expect(202, "POST", "/api/push-tokens", pushToken(device+`,"enablement_status":"PROVISIONAL","device_metadata":{"app_version":"2"}`, `{"email":"bob@example.com"}`))
	s.run(t, map[string]exchange{
		"moved": {request: request{method: "GET", path: "/api/push-tokens/" + id}, status: 200, has: []string{`"PROVISIONAL"`, `"app_version":"2"`, `"app_name":"Shop"`, `"id":"` + bob + `"`}},
	})
	s.expect(204, "DELETE", "/api/push-tokens/"+id, "")
	s.expect(404, "DELETE", "/api/push-tokens/"+id, "")
	s.walkTokens(t)
}

// walkTokens pages through many devices while others come.
func (s *server) walkTokens(t *testing.T) {
	for _, token := range []string{"a", "b", "c", "d"} {
		s.expect(202, "POST", "/api/push-tokens", pushToken(`"token":"`+token+`","platform":"ios","vendor":"apns"`, `{"external_id":"new"}`))
	}
	s.walk(t, "/api/push-tokens?page[size]=2", 5, func() {
		s.expect(202, "POST", "/api/push-tokens", pushToken(`"token":"late","platform":"ios","vendor":"apns"`, `{"external_id":"new"}`))
		if _, err := s.store.DB.Exec("update push_token set created_at = created_at + interval '1 hour' where token = 'late'"); err != nil {
			t.Fatal(err)
		}
	}, false)
}

func TestAProfileLeadsToItsListsAndToNoSegments(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, bob := s.create(t, `{"email":"ada@example.com"}`), s.create(t, `{"email":"bob@example.com"}`)
	list := s.expect(201, "POST", "/api/lists", `{"data":{"type":"list","attributes":{"name":"Newsletter"}}}`)["data"].(map[string]any)["id"].(string)
	s.expect(204, "POST", "/api/lists/"+list+"/relationships/profiles", `{"data":[{"type":"profile","id":"`+ada+`"}]}`)
	get := func(path string) request { return request{method: "GET", path: "/api/profiles/" + path} }
	s.run(t, map[string]exchange{
		"lists":                  {request: get(ada + "/lists?fields[list]=name"), status: 200, has: []string{`"id":"` + list + `","attributes":{"name":"Newsletter"}`}},
		"list ids":               {request: get(ada + "/relationships/lists"), status: 200, has: []string{`"data":[{"type":"list","id":"` + list + `"}]`}},
		"no lists":               {request: get(bob + "/lists"), status: 200, has: []string{`"data":[]`}},
		"lists of nobody":        {request: get("nobody/lists"), status: 404, has: []string{`"code":"not_found"`}},
		"a filter":               {request: get(ada + `/lists?filter=equals(name,"x")`), status: 400},
		"included":               {request: get(ada + "?include=lists,segments,conversations,push-tokens"), status: 200, has: []string{`"name":"Newsletter"`, `"lists":{"data":[{"type":"list"`, `"segments":{"data":[]`, `"push-tokens":{"data":[]`}},
		"not included":           {request: get(ada), status: 200, has: []string{`"lists":{"links"`}, lacks: []string{`"included"`, `"data":[`}},
		"segments":               {request: get(ada + "/segments?fields[segment]=name"), status: 200, has: []string{`"data":[]`}},
		"segment ids":            {request: get(ada + "/relationships/segments"), status: 200, has: []string{`"data":[]`}},
		"conversations":          {request: get(ada + "/conversations"), status: 200, has: []string{`"data":[]`}},
		"conversation ids":       {request: get(ada + "/relationships/conversations"), status: 200, has: []string{`"data":[]`}},
		"conversation":           {request: get(ada + "/conversation"), status: 200, has: []string{`"data":null`}},
		"conversation's id":      {request: get(ada + "/relationships/conversation"), status: 200, has: []string{`"data":null`}},
		"segments of nobody":     {request: get("nobody/segments"), status: 404},
		"included in a listing":  {request: request{method: "GET", path: "/api/profiles?include=lists"}, status: 400, has: []string{`"parameter":"include"`}},
		"conversation of nobody": {request: get("nobody/conversation"), status: 404},
	})
}
