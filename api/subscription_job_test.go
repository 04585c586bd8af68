package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/legato-flow/legato/ingest"
)

const (
	subscribes   = "/api/profile-subscription-bulk-create-jobs"
	unsubscribes = "/api/profile-subscription-bulk-delete-jobs"
)

// consenting is a body about consent: the list, the rest of the attributes, and the profiles' attributes.
func consenting(kind, list, rest string, profiles ...string) string {
	people := make([]string, len(profiles))
	for i, attributes := range profiles {
		people[i] = person("{" + attributes + "}")
	}
	relations := ""
	if list != "" {
		relations = `,"relationships":{"list":{"data":{"type":"list","id":"` + list + `"}}}`
	}
	return `{"data":{"type":"profile-subscription-bulk-` + kind + `-job","attributes":{` + rest + `"profiles":{"data":[` + strings.Join(people, ",") + `]}}` + relations + `}}`
}

func subscribed(profile, rest string) string {
	return profile + `,"subscriptions":{"email":{"marketing":{"consent":"SUBSCRIBED"` + rest + `}}}`
}

func unsubscribed(profile string) string {
	return profile + `,"subscriptions":{"email":{"marketing":{"consent":"UNSUBSCRIBED"}}}`
}

// events counts those of a metric.
func (s *server) events(metric string) int {
	return s.count("select count(*) from event e join metric m on m.id = e.metric_id where m.name = $1 and m.service = 'legato'", metric)
}

// subscriptions are what the API shows of a profile by its email.
func (s *server) subscriptions(email string) any {
	doc := s.expect(200, "GET", "/api/profiles?additional-fields[profile]=subscriptions&filter=equals(email,%22"+email+"%22)", "")
	return dig(s.t.(*testing.T), doc, "data", 0, "attributes", "subscriptions")
}

func TestSubscribingRecordsConsentAndLiftsSuppressions(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	list := s.list("Newsletter")
	s.flow("welcome", "list", list)
	s.flow("thanks", "metric", "Subscribed to Email Marketing")
	ada := dig(t, s.expect(201, "POST", "/api/profiles", profile(`{"email":"ada@example.com"}`)), "data", "id").(string)
	if err := s.ingester.Unsubscribe(t.Context(), ada, "email"); err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"USER_SUPPRESSED", "HARD_BOUNCE", "SPAM_COMPLAINT"} {
		if _, err := s.store.DB.Exec("insert into suppression (profile_id, channel, reason) values ($1, 'email', $2)", ada, reason); err != nil {
			t.Fatal(err)
		}
	}
	if got := dig(t, s.subscriptions("ada@example.com"), "email", "marketing", "consent"); got != "UNSUBSCRIBED" {
		t.Errorf("before: %v", got)
	}
	body := consenting("create", list, `"custom_source":"Checkout",`,
		subscribed(`"email":"ADA@example.com"`, ""),
		`"phone_number":"+12345678901","age_gated_date_of_birth":"1990-05-10","subscriptions":{"sms":{"marketing":{"consent":"SUBSCRIBED"},"transactional":{"consent":"SUBSCRIBED"}}}`,
		`"email":"push@example.com","subscriptions":{"push":{"marketing":{"consent":"SUBSCRIBED"},"tokens":[{"token":"abc","platform":"ios","vendor":"apns"}]},"email":{"open_tracking":{"consent":"SUBSCRIBED"}}}`)
	for range 2 { // what is said again is no news
		s.expect(202, "POST", subscribes, body)
		for metric, want := range map[string]int{"Subscribed to Email Marketing": 1, "Consented to Receive SMS": 1, "Subscribed to List": 3} {
			if got := s.events(metric); got != want {
				t.Errorf("%d events %s, want %d", got, metric, want)
			}
		}
		if n := s.count("select count(*) from outbox"); n != 4 {
			t.Errorf("%d entries: three by the list and one by the event", n)
		}
	}
	shown := s.subscriptions("ada@example.com")
	email := dig(t, shown, "email", "marketing")
	if dig(t, email, "consent") != "SUBSCRIBED" || dig(t, email, "method_detail") != "Checkout" || dig(t, email, "can_receive_email_marketing") != false {
		t.Errorf("%v", email)
	}
	if got := dig(t, email, "suppression").([]any); len(got) != 1 || dig(t, got, 0, "reason") != "HARD_BOUNCE" {
		t.Errorf("suppressions %v: a bounce stays, and nothing else", got)
	}
	if got := s.subscriptions("push@example.com"); dig(t, got, "mobile_push", "marketing", "can_receive_push_marketing") != true || dig(t, got, "email", "marketing", "consent") != "NEVER_SUBSCRIBED" ||
		dig(t, got, "sms", "marketing", "can_receive_sms_marketing") != false {
		t.Errorf("%v", got)
	}
	for query, want := range map[string]int{
		"select count(*) from consent":                                                               5, // of email, sms twice, push and tracking; what Ada said before is replaced
		"select count(*) from push_token where token = 'abc'":                                        1,
		"select count(*) from profile where properties ->> 'age_gated_date_of_birth' = '1990-05-10'": 1,
	} {
		if got := s.count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func TestConsentOfThePastTriggersNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l, err := s.ingester.CreateList(t.Context(), "Confirmed", ingest.DoubleOptIn)
	if err != nil {
		t.Fatal(err)
	}
	s.flow("welcome", "list", l.ID)
	s.flow("thanks", "metric", "Subscribed to Email Marketing")
	past := func(at string) string { return subscribed(`"email":"ada@example.com"`, `,"consented_at":"`+at+`"`) }
	s.expect(202, "POST", subscribes, consenting("create", l.ID, `"historical_import":true,`, past("2020-02-03T04:05:06Z")))
	if n := s.count("select count(*) from outbox"); n != 0 {
		t.Errorf("%d entries", n)
	}
	if got := dig(t, s.subscriptions("ada@example.com"), "email", "marketing", "consent_timestamp"); got != "2020-02-03T04:05:06+00:00" {
		t.Errorf("consent of %v", got)
	}
	if n := s.count("select count(*) from event where time = '2020-02-03T04:05:06Z' and backfill"); n != 1 {
		t.Errorf("%d events of then", n)
	}
	if n := s.count("select count(*) from list_member"); n != 1 {
		t.Errorf("%d members", n)
	}
	s.expect(202, "POST", unsubscribes, consenting("delete", "", "", unsubscribed(`"email":"ada@example.com"`)))
	s.expect(202, "POST", subscribes, consenting("create", "", `"historical_import":true,`, past("2021-01-01T00:00:00Z")))
	if got := dig(t, s.subscriptions("ada@example.com"), "email", "marketing", "consent"); got != "UNSUBSCRIBED" {
		t.Errorf("an older word has replaced the newer one: %v", got)
	}
	post := func(list, rest string, profiles ...string) request {
		return request{method: "POST", path: subscribes, body: consenting("create", list, rest, profiles...)}
	}
	at := "/data/attributes/profiles/data/0/attributes/subscriptions/email/marketing/consented_at"
	many := make([]string, 1001)
	for i := range many {
		many[i] = subscribed(fmt.Sprintf(`"email":"p%d@example.com"`, i), "")
	}
	s.run(t, map[string]exchange{
		"a time without the flag": {request: post("", "", past("2020-01-01T00:00:00Z")), status: 400, has: []string{at}},
		"the flag without a time": {request: post("", `"historical_import":true,`, subscribed(`"email":"ada@example.com"`, "")), status: 400, has: []string{at}},
		"a time in the future":    {request: post("", `"historical_import":true,`, past("2027-01-01T00:00:00Z")), status: 400, has: []string{at, "in the past"}},
		"a time far ahead":        {request: post("", `"historical_import":true,`, past("2050-01-01T00:00:00Z")), status: 400, has: []string{at, "in the past"}},
		"double opt-in":           {request: post(l.ID, "", subscribed(`"email":"new@example.com"`, "")), status: 400, has: []string{"/data/relationships/list/data/id", "double opt-in"}},
		"an unknown list":         {request: post("none", "", subscribed(`"email":"new@example.com"`, "")), status: 404, has: []string{"/data/relationships/list/data/id"}},
		"no address":              {request: post("", "", subscribed(`"phone_number":"+12345678901"`, "")), status: 400, has: []string{"subscriptions/email"}},
		"no channel":              {request: post("", "", `"email":"new@example.com","subscriptions":{}`), status: 400, has: []string{"At least one channel"}},
		"another consent":         {request: post("", "", strings.Replace(subscribed(`"email":"new@example.com"`, ""), "SUBSCRIBED", "UNSUBSCRIBED", 1)), status: 400, has: []string{"marketing/consent"}},
		"an unknown id":           {request: post("", "", subscribed(`"email":"new@example.com"`, ""), `"email":"x@example.com","subscriptions":{"mail":{}}`), status: 400, has: []string{"data/1/attributes/subscriptions/mail"}},
		"too many":                {request: post("", "", many...), status: 400, has: []string{"At most 1000"}},
		"a thousand":              {request: post("", "", many[:1000]...), status: 202},
	})
	if n := s.count("select count(*) from profile where email = 'new@example.com'"); n != 0 {
		t.Error("a refused request has made somebody")
	}
}

func TestUnsubscribingIsFromTheListOrFromEverything(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	list := s.list("Newsletter")
	s.flow("goodbye", "metric", "Unsubscribed from Email Marketing")
	s.expect(202, "POST", subscribes, consenting("create", list, "", subscribed(`"email":"member@example.com"`, "")))
	s.expect(202, "POST", subscribes, consenting("create", "", "", subscribed(`"email":"other@example.com"`, "")))
	s.expect(202, "POST", unsubscribes, consenting("delete", list, "", unsubscribed(`"email":"member@example.com"`), unsubscribed(`"email":"other@example.com"`), unsubscribed(`"email":"new@example.com"`)))
	member := dig(t, s.subscriptions("member@example.com"), "email", "marketing")
	if dig(t, member, "consent") != "SUBSCRIBED" || dig(t, member, "can_receive_email_marketing") != true || dig(t, member, "list_suppressions", 0, "list_id") != list {
		t.Errorf("the member: %v", member)
	}
	for _, email := range []string{"other@example.com", "new@example.com"} {
		if got := dig(t, s.subscriptions(email), "email", "marketing"); dig(t, got, "consent") != "UNSUBSCRIBED" || dig(t, got, "suppression", 0, "reason") != "UNSUBSCRIBE" {
			t.Errorf("%s: %v", email, got)
		}
	}
	for metric, want := range map[string]int{"Unsubscribed from List": 1, "Unsubscribed from Email Marketing": 2} {
		if got := s.events(metric); got != want {
			t.Errorf("%d events %s, want %d", got, metric, want)
		}
	}
	for filter, want := range map[string]int{
		`list_id,"` + list + `")`: 1, `list_id,"other")`: 0, `reason,"UNSUBSCRIBE")`: 1, `reason,"SPAM_COMPLAINT")`: 0,
	} {
		found := s.expect(200, "GET", "/api/profiles?filter="+url.QueryEscape("equals(subscriptions.email.marketing.list_suppressions."+filter), "")
		if got := len(dig(t, found, "data").([]any)); got != want {
			t.Errorf("%s: %d profiles, want %d", filter, got, want)
		}
	}
	for operator, want := range map[string]int{"less-than": 0, "greater-than": 1} {
		found := s.expect(200, "GET", "/api/profiles?filter="+operator+"(subscriptions.email.marketing.list_suppressions.timestamp,2000-01-01)", "")
		if got := len(dig(t, found, "data").([]any)); got != want {
			t.Errorf("%s: %d profiles, want %d", operator, got, want)
		}
	}
	if n := s.count("select count(*) from list_member"); n != 0 {
		t.Errorf("%d members", n)
	}
	if n := s.count("select count(*) from outbox"); n != 2 {
		t.Errorf("%d entries", n)
	}
	s.expect(202, "POST", subscribes, consenting("create", list, "", subscribed(`"email":"member@example.com"`, ""), subscribed(`"email":"new@example.com"`, "")))
	for _, email := range []string{"member@example.com", "new@example.com"} {
		if got := dig(t, s.subscriptions(email), "email", "marketing"); dig(t, got, "can_receive_email_marketing") != true || len(dig(t, got, "list_suppressions").([]any)) != 0 {
			t.Errorf("%s, subscribed again: %v", email, got)
		}
	}
	s.expect(202, "POST", subscribes, consenting("create", "", "", `"email":"push@example.com","subscriptions":{"push":{"marketing":{"consent":"SUBSCRIBED"},"tokens":[{"token":"abc","platform":"ios","vendor":"apns"}]}}`))
	s.expect(202, "POST", unsubscribes, consenting("delete", "", "", `"email":"push@example.com","subscriptions":{"push":{"marketing":{"consent":"UNSUBSCRIBED"},"tokens":[{"token":"abc","platform":"ios","vendor":"apns"}]}}`))
	if n := s.count("select count(*) from push_token"); n != 0 {
		t.Error("the device is still registered")
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = unsubscribed(fmt.Sprintf(`"email":"p%d@example.com"`, i))
	}
	s.run(t, map[string]exchange{
		"too many": {request: request{method: "POST", path: unsubscribes, body: consenting("delete", "", "", many...)}, status: 400, has: []string{"At most 100"}},
	})
}
