package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/legato-flow/legato/api"
)

// hook is a body for the operations on one webhook.
func hook(id, attributes string, topics ...string) string {
	data := make([]string, len(topics))
	for i, topic := range topics {
		data[i] = `{"type":"webhook-topic","id":"` + topic + `"}`
	}
	body := `{"data":{"type":"webhook","attributes":{` + attributes + `}`
	if id != "" {
		body += `,"id":"` + id + `"`
	}
	if topics != nil {
		body += `,"relationships":{"webhook-topics":{"data":[` + strings.Join(data, ",") + `]}}`
	}
	return body + "}}"
}

const goodHook = `"name":"the warehouse","endpoint_url":"https://shop.example/hook?token=hidden","secret_key":"0123456789abcdef"`

func TestWebhooksAreMadeReadChangedAndRemoved(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.expect(202, "POST", "/api/events", event("Placed Order", `{"email":"a@example.com"}`, ""))
	post := func(body string) request { return request{method: "POST", path: "/api/webhooks", body: body} }
	wrong := func(body string, pointers ...string) exchange {
		e := exchange{request: post(body), status: 400}
		for _, p := range pointers {
			e.has = append(e.has, `"pointer":"/data`+p+`"`)
		}
		return e
	}
	const topic = "event:api.placed_order"
	at := func(address string) string {
		return strings.Replace(goodHook, "https://shop.example/hook?token=hidden", address, 1)
	}
	s.run(t, map[string]exchange{
		"nothing":            wrong(`{"data":{"type":"webhook"}}`, "/attributes", "/relationships"),
		"no attributes":      wrong(hook("", "", topic), "/attributes/name", "/attributes/endpoint_url", "/attributes/secret_key"),
		"no topics":          wrong(hook("", goodHook, []string{}...), "/relationships/webhook-topics/data"),
		"no relationships":   wrong(hook("", goodHook), "/relationships"),
		"an empty list":      wrong(strings.Replace(hook("", goodHook, "x"), `{"type":"webhook-topic","id":"x"}`, "", 1), "/relationships/webhook-topics/data"),
		"an unknown topic":   wrong(hook("", goodHook, topic, "event:api.nothing"), "/relationships/webhook-topics/data/1/id"),
		"a short secret":     wrong(hook("", strings.Replace(goodHook, "0123456789abcdef", "short", 1), topic), "/attributes/secret_key"),
		"http":               wrong(hook("", at("http://shop.example"), topic), "/attributes/endpoint_url"),
		"http to this host":  wrong(hook("", at("http://127.0.0.1/"), topic), "/attributes/endpoint_url"),
		"no host":            wrong(hook("", at("https:///x"), topic), "/attributes/endpoint_url"),
		"another scheme":     wrong(hook("", at("file:///etc/passwd"), topic), "/attributes/endpoint_url"),
		"a password":         wrong(hook("", at("https://a:b@shop.example"), topic), "/attributes/endpoint_url"),
		"an unknown member":  wrong(hook("", goodHook+`,"color":"red"`, topic), "/attributes/color"),
		"none with this id":  {request: request{method: "GET", path: "/api/webhooks/nothing"}, status: 404},
		"changing nothing":   {request: request{method: "PATCH", path: "/api/webhooks/nothing", body: hook("nothing", "")}, status: 404},
		"removing nothing":   {request: request{method: "DELETE", path: "/api/webhooks/nothing"}, status: 404},
		"topics":             {request: request{method: "GET", path: "/api/webhook-topics"}, status: 200, has: []string{`{"type":"webhook-topic","id":"event:klaviyo.received_email","links"`, `"id":"event:api.placed_order"`}, lacks: []string{`"attributes"`}},
		"a topic":            {request: request{method: "GET", path: "/api/webhook-topics/" + topic}, status: 200, has: []string{`"id":"` + topic + `"`}},
		"none of that topic": {request: request{method: "GET", path: "/api/webhook-topics/event:api.nothing"}, status: 404},
	})
	if n := s.count("select count(*) from webhook"); n != 0 {
		t.Fatalf("%d webhooks of refused requests", n)
	}
	s.run(t, map[string]exchange{
		"a long description": wrong(hook("", goodHook+`,"description":"`+strings.Repeat("x", 1001)+`"`, topic), "/attributes/description"),
		"described":          {request: request{method: "POST", path: "/api/webhooks", body: hook("", goodHook+`,"description":"of orders"`, topic)}, status: 201, has: []string{`"description":"of orders"`}},
	})
	if _, err := s.store.DB.Exec("delete from webhook"); err != nil {
		t.Fatal(err)
	}
	made := s.expect(201, "POST", "/api/webhooks", hook("", goodHook, topic, "event:klaviyo.received_email", topic))
	id := made["data"].(map[string]any)["id"].(string)
	patch := func(attributes string, topics ...string) request {
		return request{method: "PATCH", path: "/api/webhooks/" + id, body: hook(id, attributes, topics...)}
	}
	secrets := []string{"hidden", "0123456789abcdef", "secret_key"}
	topics := `"webhook-topics":{"data":[{"type":"webhook-topic","id":"event:api.placed_order"},{"type":"webhook-topic","id":"event:klaviyo.received_email"}]}`
	s.run(t, map[string]exchange{
		"one":          {request: request{method: "GET", path: "/api/webhooks/" + id}, status: 200, has: []string{`"name":"the warehouse"`, `"endpoint_url":"https://shop.example/..."`, `"enabled":true`, `"description":null`, topics}, lacks: append(secrets, "included")},
		"all":          {request: request{method: "GET", path: "/api/webhooks?include=webhook-topics"}, status: 200, has: []string{topics, `"included":[{"type":"webhook-topic","id":"event:api.placed_order"`}, lacks: secrets},
		"sparse":       {request: request{method: "GET", path: "/api/webhooks/" + id + "?fields[webhook]=name"}, status: 200, has: []string{`"attributes":{"name":"the warehouse"}`}},
		"no inclusion": {request: request{method: "POST", path: "/api/webhooks?include=webhook-topics", body: hook("", goodHook, topic)}, status: 400},
		"another's id": {request: request{method: "PATCH", path: "/api/webhooks/" + id, body: hook("other", "")}, status: 400, has: []string{`"pointer":"/data/id"`}},
		"a bad change": {request: patch(`"endpoint_url":"http://x.example","name":""`), status: 400, has: []string{"/attributes/endpoint_url", "/attributes/name"}},
		"a wrong flag": {request: patch(`"enabled":"no"`), status: 400, has: []string{"/attributes/enabled"}},
	})
	for i, step := range []struct {
		request
		has string
	}{
		{patch(`"name":"the store","description":"what we sell","enabled":false,"endpoint_url":null,"secret_key":null`), `"description":"what we sell","enabled":false,"endpoint_url":"https://shop.example/..."`},
		{patch(`"enabled":true,"description":null,"endpoint_url":"https://hooks.example"`), `"description":null,"enabled":true,"endpoint_url":"https://hooks.example","name":"the store"`},
		{patch(`"enabled":null`, topic), `"webhook-topics":{"data":[{"type":"webhook-topic","id":"event:api.placed_order"}]}`},
	} {
		w := s.do(step.request)
		if body := compact(w.Body.Bytes()); w.Code != 200 || !strings.Contains(body, step.has) {
			t.Fatalf("step %d: %d %s", i, w.Code, body)
		}
	}
	if n := s.count("select count(*) from webhook where secret_key = '0123456789abcdef' and enabled"); n != 1 {
		t.Error("the secret or the switch has changed")
	}
	if w := s.do(request{method: "DELETE", path: "/api/webhooks/" + id}); w.Code != 204 || w.Body.Len() > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := s.count("select count(*) from webhook") + s.count("select count(*) from webhook_topic"); n != 0 {
		t.Error("it is still there")
	}
}

func TestThereAreOnlySoManyWebhooks(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *api.Options) { o.Loopback = true })
	const topic = "event:klaviyo.received_email"
	for i := range 20 {
		s.expect(201, "POST", "/api/webhooks", hook("", strings.Replace(goodHook, "https://shop.example/hook?token=hidden", fmt.Sprintf("http://127.0.0.1:%d", 8000+i), 1), topic))
	}
	s.run(t, map[string]exchange{
		"one more":                 {request: request{method: "POST", path: "/api/webhooks", body: hook("", goodHook, topic)}, status: 409},
		"http to another":          {request: request{method: "POST", path: "/api/webhooks", body: hook("", strings.Replace(goodHook, "https", "http", 1), topic)}, status: 400},
		"http to a name like ours": {request: request{method: "POST", path: "/api/webhooks", body: hook("", strings.Replace(goodHook, "https://shop.example", "http://localhost.shop.example", 1), topic)}, status: 400},
		"all of them":              {request: request{method: "GET", path: "/api/webhooks"}, status: 200, has: []string{"127.0.0.1:8019"}, lacks: []string{`"next"`}},
	})
}
