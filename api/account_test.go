package api_test

import (
	"strings"
	"testing"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/store"
)

func TestTheAccountIsRead(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *api.Options) { o.From, o.FromName = "hello@shop.example", "The shop" })
	get := func(path string) request { return request{method: "GET", path: path} }
	s.run(t, map[string]exchange{
		"none yet":     {request: get("/api/accounts"), status: 200, has: []string{`"data":[]`}},
		"none with id": {request: get("/api/accounts/SHOP01"), status: 404},
	})
	if err := s.store.EnsureAccount(t.Context(), "SHOP01"); err != nil {
		t.Fatal(err)
	}
	if err := s.store.EnsureAccount(t.Context(), "SHOP02"); err != nil { // there is one already
		t.Fatal(err)
	}
	_, err := s.store.ChangeAccount(t.Context(), func(a *store.Account) error {
		industry := "Toys"
		a.Name, a.Timezone, a.Currency, a.Locale, a.Industry, a.Test = "The shop", "Europe/Vienna", "EUR", "de-AT", &industry, true
		a.Organization = []byte(`{"url":"https://shop.example","address1":"Ring 1","city":"Wien","country":"Austria"}`)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{`"type":"account","id":"SHOP01"`, `"public_api_key":"SHOP01"`, `"test_account":true`, `"industry":"Toys"`, `"timezone":"Europe/Vienna"`, `"preferred_currency":"EUR"`,
		`"locale":"de-AT"`, `"default_sender_email":"hello@shop.example"`, `"default_sender_name":"The shop"`, `"organization_name":"The shop"`, `"website_url":"https://shop.example"`,
		`"address1":"Ring 1"`, `"address2":null`, `"city":"Wien"`}
	s.run(t, map[string]exchange{
		"all":           {request: get("/api/accounts"), status: 200, has: all, lacks: []string{"SHOP02"}},
		"one":           {request: get("/api/accounts/SHOP01/"), status: 200, has: all},
		"sparse":        {request: request{method: "GET", path: "/api/accounts/SHOP01?fields[account]=timezone,contact_information.street_address.city,contact_information.website_url"}, status: 200, has: []string{`"attributes":{"contact_information":{"street_address":{"city":"Wien"},"website_url":"https://shop.example"},"timezone":"Europe/Vienna"}`}},
		"another":       {request: get("/api/accounts/SHOP02"), status: 404},
		"unknown field": {request: get("/api/accounts?fields[account]=password"), status: 400, has: []string{`"parameter":"fields[account]"`}},
		"no filter":     {request: get(`/api/accounts?filter=equals(id,"SHOP01")`), status: 400},
	})
}

func TestTrackingSettingsAreKept(t *testing.T) {
	t.Parallel()
	s := newClientServer(t)
	const path = "/api/tracking-settings/SHOP01"
	patch := func(attributes string) request {
		return request{method: "PATCH", path: path, body: `{"data":{"type":"tracking-setting","id":"SHOP01","attributes":{` + attributes + `}}}`}
	}
	wrong := func(attributes string, pointers ...string) exchange {
		e := exchange{request: patch(attributes), status: 400}
		for _, p := range pointers {
			e.has = append(e.has, `"pointer":"/data/attributes/`+p+`"`)
		}
		return e
	}
	standard := []string{`"auto_add_parameters":false`, `"utm_source":{"campaign":{"type":"static","value":"legato"},"flow":{"type":"static","value":"legato"}}`,
		`"utm_medium":{"campaign":{"type":"dynamic","value":"message_type"}`, `"utm_campaign":null`, `"custom_parameters":[]`}
	s.run(t, map[string]exchange{
		"the defaults":      {request: request{method: "GET", path: "/api/tracking-settings?page[size]=1"}, status: 200, has: append(standard, `"id":"SHOP01"`)},
		"one":               {request: request{method: "GET", path: path}, status: 200, has: standard},
		"sparse":            {request: request{method: "GET", path: path + "?fields[tracking-setting]=utm_source.flow.value"}, status: 200, has: []string{`"attributes":{"utm_source":{"flow":{"value":"legato"}}}`}},
		"another":           {request: request{method: "GET", path: path + "x"}, status: 404},
		"another's":         {request: request{method: "PATCH", path: path + "x", body: `{}`}, status: 404},
		"a large page":      {request: request{method: "GET", path: "/api/tracking-settings?page[size]=2"}, status: 400},
		"a wrong type":      wrong(`"utm_source":{"flow":{"type":"magic","value":"x"}}`, "utm_source/flow/type"),
		"a campaign's":      wrong(`"utm_id":{"flow":{"type":"dynamic","value":"campaign_id"}}`, "utm_id/flow/value"),
		"a flow's":          wrong(`"utm_id":{"campaign":{"type":"dynamic","value":"flow_id"}}`, "utm_id/campaign/value"),
		"no value":          wrong(`"utm_term":{"flow":{"type":"static"}}`, "utm_term/flow/value"),
		"an empty value":    wrong(`"utm_term":{"flow":{"type":"static","value":" "}}`, "utm_term/flow/value"),
		"a long value":      wrong(`"utm_term":{"flow":{"type":"static","value":"`+strings.Repeat("x", 256)+`"}}`, "utm_term/flow/value"),
		"text":              wrong(`"utm_term":"x"`, "utm_term"),
		"unknown":           wrong(`"utm_content":{}`, "utm_content"),
		"unknown part":      wrong(`"utm_term":{"sms":{}}`, "utm_term/sms"),
		"a word for a flag": wrong(`"auto_add_parameters":"yes"`, "auto_add_parameters"),
		"bad names":         wrong(`"custom_parameters":[{"name":"a b"},{"name":"utm_term"},{"name":"c"},{"name":"c"},{}]`, "custom_parameters/0/name", "custom_parameters/1/name", "custom_parameters/3/name", "custom_parameters/4/name"),
		"too many":          wrong(`"custom_parameters":[`+strings.TrimSuffix(strings.Repeat(`{"name":"x"},`, 21), ",")+`]`, "custom_parameters"),
		"no id":             {request: request{method: "PATCH", path: path, body: `{"data":{"type":"tracking-setting","attributes":{}}}`}, status: 400, has: []string{`"pointer":"/data/id"`}},
	})
	if n := s.count("select count(*) from account where tracking = '{}'"); n != 1 {
		t.Fatal("something that was refused is kept")
	}
	for i, step := range []struct{ attributes, has string }{
		{`"auto_add_parameters":true,"utm_campaign":{"flow":{"type":"dynamic","value":"flow_name"}}`, `"utm_campaign":{"campaign":null,"flow":{"type":"dynamic","value":"flow_name"}}`},
		{`"utm_campaign":{"campaign":{"type":"static","value":"spring 🌷"}}`, `"utm_campaign":{"campaign":{"type":"static","value":"spring 🌷"},"flow":{"type":"dynamic","value":"flow_name"}}`},
		{`"utm_campaign":{"flow":null}`, `"utm_campaign":{"campaign":{"type":"static","value":"spring 🌷"},"flow":null}`},
		{`"custom_parameters":[{"name":"ref","flow":{"type":"dynamic","value":"profile_id"}}]`, `"custom_parameters":[{"campaign":null,"flow":{"type":"dynamic","value":"profile_id"},"name":"ref"}]`},
		{`"utm_source":{"flow":{"type":"static","value":"shop"}}`, `"utm_source":{"campaign":{"type":"static","value":"legato"},"flow":{"type":"static","value":"shop"}}`},
		{`"utm_campaign":null,"utm_source":null`, `"auto_add_parameters":true,"custom_parameters":[{"campaign":null,"flow":{"type":"dynamic","value":"profile_id"},"name":"ref"}],"utm_campaign":null`},
		{`"custom_parameters":null`, `"utm_source":{"campaign":{"type":"static","value":"legato"},"flow":{"type":"static","value":"legato"}}`},
	} {
		for _, r := range []request{patch(step.attributes), {method: "GET", path: path}} {
			w := s.do(r)
			if body := compact(w.Body.Bytes()); w.Code != 200 || !strings.Contains(body, step.has) {
				t.Fatalf("step %d: no %s in %d %s", i, step.has, w.Code, body)
			}
		}
	}
}
