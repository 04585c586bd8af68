package api_test

import (
	"strings"
	"testing"
)

func TestProfilesCanHaveWhatTheirOrdersComeTo(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	none := s.create(t, `{"email":"none@example.com"}`)
	const with = "?additional-fields[profile]=predictive_analytics"
	shown := func(id string) string {
		return `"average_days_between_orders":null,"average_order_value":null,"churn_probability":null,"expected_date_of_next_order":null,"historic_clv":` + id
	}
	get := func(path string, has ...string) exchange {
		return exchange{request: request{method: "GET", path: path}, status: 200, has: has}
	}
	s.run(t, map[string]exchange{
		"no orders are known": get("/api/profiles/"+none+with, shown(`null,"historic_number_of_orders":null,"predicted_clv":null,"predicted_number_of_orders":null,"ranked_channel_affinity":null,"total_clv":null`)),
	})

	order := func(email, at, rest string) { s.happened("Placed Order", email, at, `"properties":{}`+rest) }
	order("ada@example.com", "2026-03-01T00:00:00Z", `,"value":50,"value_currency":"USD","unique_id":"1"`)
	order("ada@example.com", "2026-03-01T12:00:00Z", `,"value":43.87,"value_currency":"EUR","unique_id":"2"`)
	order("ada@example.com", "2026-03-31T12:00:00Z", `,"unique_id":"3"`)              // without a value
	order("ada@example.com", "2026-11-24T10:30:00Z", `,"value":1000,"unique_id":"4"`) // half an hour ahead
	order("bob@example.com", "2026-11-23T00:00:00Z", `,"value":10.5`)
	s.happened("Paid", "ada@example.com", "2026-03-01T00:00:00Z", `"properties":{},"value":7`)
	find := func(email string) string {
		t.Helper()
		found := s.expect(200, "GET", `/api/profiles?filter=equals(email,%22`+email+`%22)`, "")
		return dig(t, found, "data", 0, "id").(string)
	}
	ada, bob := find("ada@example.com"), find("bob@example.com")
	event := dig(t, s.expect(200, "GET", `/api/events?filter=equals(profile_id,%22`+ada+`%22)`, ""), "data", 0, "id").(string)
	adas := `{"average_days_between_orders":15.25,"average_order_value":31.29,"churn_probability":null,"expected_date_of_next_order":null,"historic_clv":93.87,"historic_number_of_orders":3,"predicted_clv":null`
	bobs := `{"average_days_between_orders":null,"average_order_value":10.5,"churn_probability":null,"expected_date_of_next_order":null,"historic_clv":10.5,"historic_number_of_orders":1,`
	s.run(t, map[string]exchange{
		"several orders":   get("/api/profiles/"+ada+with, adas),
		"one":              get("/api/profiles/"+bob+with, bobs),
		"none":             get("/api/profiles/"+none+with, shown(`0,"historic_number_of_orders":0,`)),
		"all":              get("/api/profiles"+with+",subscriptions", adas, bobs, shown(`0,`), `"can_receive_email_marketing"`),
		"a part of it":     get("/api/profiles/"+ada+with+"&fields[profile]=email,predictive_analytics.historic_clv", `"attributes":{"email":"ada@example.com","predictive_analytics":{"historic_clv":93.87}}`),
		"the event's":      get("/api/events/"+event+"/profile"+with, adas),
		"unasked":          {request: request{method: "GET", path: "/api/profiles/" + ada}, status: 200, lacks: []string{"predictive_analytics"}},
		"after a change":   {request: request{method: "PATCH", path: "/api/profiles/" + ada + with, body: strings.Replace(profile(`{"title":"Dr"}`), `"type"`, `"id":"`+ada+`","type"`, 1)}, status: 200, has: []string{adas, `"title":"Dr"`}},
		"of a new profile": {request: request{method: "POST", path: "/api/profiles" + with, body: profile(`{"email":"new@example.com"}`)}, status: 201, has: []string{shown(`0,`)}},
	})

	// Another metric is what orders are, or none.
	revenue := func(metric string) {
		t.Helper()
		s.expect(200, "PATCH", "/api/mapped-metrics/revenue", `{"data":{"type":"mapped-metric","id":"revenue","relationships":{"metric":{"data":`+metric+`}}}}`)
	}
	revenue(`{"type":"metric","id":"` + s.metricNamed("Paid") + `"}`)
	s.run(t, map[string]exchange{"mapped": get("/api/profiles/"+ada+with, `"historic_clv":7,"historic_number_of_orders":1,`)})
	revenue("null")
	s.run(t, map[string]exchange{"unmapped": get("/api/profiles/"+ada+with, shown(`null,"historic_number_of_orders":null,`))})
}
