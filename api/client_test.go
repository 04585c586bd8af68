package api_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/channel/consent"
)

// newClientServer is an API whose public company id is SHOP01.
func newClientServer(t *testing.T, adjust ...func(*api.Options)) *server {
	s := newServer(t, adjust...)
	if err := s.store.EnsureAccount(t.Context(), "SHOP01"); err != nil {
		t.Fatal(err)
	}
	return s
}

// visit is what a browser sends.
func visit(path, body string) request {
	return request{method: "POST", path: "/client/" + path + "?company_id=SHOP01", body: body, headers: map[string]string{"Authorization": "-", "Origin": "https://shop.example"}}
}

func TestABrowserReportsEventsAndProfiles(t *testing.T) {
	t.Parallel()
	s := newClientServer(t)
	open := map[string]string{"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
	s.run(t, map[string]exchange{
		"an event":            {request: visit("events", event("Viewed Product", `{"email":"ada@example.com"}`, `"value":3`)), status: 202, headers: open},
		"a profile":           {request: visit("profiles", profile(`{"phone_number":"+12025550123","first_name":"Eve"}`)), status: 202, headers: open},
		"null identifiers":    {request: visit("profiles", profile(`{"anonymous_id":"a-1","email":null,"phone_number":null}`)), status: 202},
		"with a slash":        {request: request{method: "POST", path: "/client/events/?company_id=SHOP01", body: event("Viewed Product", `{"anonymous_id":"a-2"}`, ""), headers: map[string]string{"Authorization": "-"}}, status: 202},
		"no company":          {request: request{method: "POST", path: "/client/events", body: event("M", `{"email":"x@example.com"}`, "")}, status: 400, has: []string{`"parameter":"company_id"`}, headers: open},
		"another company":     {request: request{method: "POST", path: "/client/events?company_id=OTHER1", body: event("M", `{"email":"x@example.com"}`, "")}, status: 400, has: []string{`"parameter":"company_id"`}},
		"a private key":       {request: request{method: "POST", path: "/client/events?company_id=pk_dev", body: event("M", `{"email":"x@example.com"}`, "")}, status: 400, has: []string{"private key"}},
		"two companies":       {request: request{method: "POST", path: "/client/events?company_id=SHOP01&company_id=SHOP01", body: event("M", `{"email":"x@example.com"}`, "")}, status: 400, has: []string{"more than once"}},
		"another parameter":   {request: visit("events&x=1", event("M", `{"email":"x@example.com"}`, "")), status: 404},
		"an own metric":       {request: visit("events", strings.Replace(event("Received Email", `{"email":"x@example.com"}`, ""), `"name":`, `"service":"legato","name":`, 1)), status: 400, has: []string{`"pointer":"/data/attributes/metric/data/attributes/service"`}},
		"a bad profile":       {request: visit("profiles", profile(`{"email":"x"}`)), status: 400, has: []string{`"pointer":"/data/attributes/email"`}, headers: open},
		"nobody":              {request: visit("profiles", profile(`{"first_name":"x"}`)), status: 400, has: []string{`"pointer":"/data/attributes"`}},
		"a bad event":         {request: visit("events", event("", `{"email":"x@example.com"}`, "")), status: 400, has: []string{`/metric/data/attributes/name"`}},
		"a large profile":     {request: visit("profiles", profile(`{"email":"x@example.com","properties":{"p":"`+strings.Repeat("x", 110<<10)+`"}}`)), status: 413},
		"no JSON":             {request: visit("events", "{"), status: 400},
		"reading":             {request: request{method: "GET", path: "/client/profiles?company_id=SHOP01"}, status: 405},
		"what is not there":   {request: visit("subscriptions", "{}"), status: 404, headers: map[string]string{"Access-Control-Allow-Origin": ""}},
		"a wrong revision":    {request: request{method: "POST", path: "/client/events?company_id=SHOP01", body: "{}", headers: map[string]string{"revision": "now"}}, status: 400},
		"a preflight":         {request: request{method: "OPTIONS", path: "/client/events?company_id=SHOP01", headers: map[string]string{"Authorization": "-", "revision": "-", "Origin": "https://x.example"}}, status: 204, headers: map[string]string{"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Credentials": "", "Access-Control-Allow-Headers": "Accept, Content-Encoding, Content-Type, Revision, X-Klaviyo-User-Agent"}},
		"none for the rest":   {request: request{method: "OPTIONS", path: "/api/events"}, status: 405, headers: map[string]string{"Access-Control-Allow-Origin": ""}},
		"none for the others": {request: request{method: "GET", path: "/api/events", headers: map[string]string{"Origin": "https://x.example"}}, status: 200, headers: map[string]string{"Access-Control-Allow-Origin": ""}},
	})
	if n := s.count("select count(*) from event"); n != 2 {
		t.Errorf("%d events", n)
	}
	if n := s.count("select count(*) from profile where email = 'x@example.com'"); n != 0 {
		t.Error("a refused request was half written")
	}
	w := s.do(visit("events", event("M", `{"email":"ada@example.com"}`, "")))
	if w.Code != 202 || w.Body.Len() != 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	empty := newServer(t)
	if w := empty.do(visit("events", event("M", `{"email":"ada@example.com"}`, ""))); w.Code != 400 {
		t.Errorf("before an account is set up: %d", w.Code)
	}
}

// who is a profile by its identifiers; of is the profile that got the visitor's event.
type who struct{ Email, Phone, External, Anonymous, FirstName string }

func (s *server) people(t *testing.T) (all []who, of who) {
	t.Helper()
	columns := `coalesce(p.email, '') as email, coalesce(phone_number, '') as phone, coalesce(external_id, '') as external,
		coalesce(anonymous_id, '') as anonymous, coalesce(first_name, '') as firstname`
	if err := s.store.DB.Select(&all, "select "+columns+" from profile p order by concat(email, external_id) collate \"C\""); err != nil {
		t.Fatal(err)
	}
	if err := s.store.DB.Get(&of, "select "+columns+" from profile p join event e on e.profile_id = p.id join metric m on m.id = metric_id where m.name = 'Visit'"); err != nil {
		t.Fatal(err)
	}
	return all, of
}

func TestAVisitorNeverTouchesTheIdentifiersOfSomebodyKnown(t *testing.T) {
	t.Parallel()
	ada := who{"ada@example.com", "+12025550123", "c-1", "a-1", "Ada"}
	tests := map[string]struct {
		stored, says string // profile attributes: of the one that is there, and of the visitor
		remains      who
		fresh        *who // the profile that comes to be, which gets the event; nil: the one there gets it
	}{
		"the email, with another phone and id": {`{"email":"ada@example.com"}`, `{"email":"ADA@example.com","phone_number":"+12025550199"}`, who{Email: "ada@example.com"}, nil},
		"all of them, another email": {`{"email":"ada@example.com","phone_number":"+12025550123","external_id":"c-1","anonymous_id":"a-1","first_name":"Ada"}`,
			`{"external_id":"c-1","email":"eve@example.com","phone_number":"+12025550199","anonymous_id":"a-9"}`, ada, nil},
		"the phone, with another email": {`{"email":"ada@example.com","phone_number":"+12025550123"}`, `{"email":"eve@example.com","phone_number":"+12025550123"}`,
			who{Email: "ada@example.com", Phone: "+12025550123"}, &who{Email: "eve@example.com"}},
		"the phone, with an email where there is none": {`{"phone_number":"+12025550123"}`, `{"email":"eve@example.com","phone_number":"+12025550123"}`,
			who{Phone: "+12025550123"}, &who{Email: "eve@example.com"}},
		"the email, with another external id": {`{"email":"ada@example.com","external_id":"c-1"}`, `{"email":"ada@example.com","external_id":"c-9"}`,
			who{Email: "ada@example.com", External: "c-1"}, &who{External: "c-9"}},
		"the email, with an external id where there is none": {`{"email":"ada@example.com"}`, `{"email":"ada@example.com","external_id":"c-9"}`, who{Email: "ada@example.com"}, nil},
		"the external id, with an email where there is none": {`{"external_id":"c-1"}`, `{"external_id":"c-1","email":"eve@example.com"}`, who{External: "c-1"}, nil},
		"the email, with a browser":                          {`{"email":"ada@example.com"}`, `{"email":"ada@example.com","anonymous_id":"a-9"}`, who{Email: "ada@example.com"}, nil},
		"the email, with another browser":                    {`{"email":"ada@example.com","anonymous_id":"a-1"}`, `{"email":"ada@example.com","anonymous_id":"a-9"}`, who{Email: "ada@example.com", Anonymous: "a-1"}, nil},
		"the browser, with another email": {`{"email":"ada@example.com","anonymous_id":"a-1"}`, `{"email":"eve@example.com","anonymous_id":"a-1"}`,
			who{Email: "ada@example.com", Anonymous: "a-1"}, &who{Email: "eve@example.com"}},
		"the browser, with a phone where there is none": {`{"email":"ada@example.com","anonymous_id":"a-1"}`, `{"phone_number":"+12025550199","anonymous_id":"a-1"}`,
			who{Email: "ada@example.com", Anonymous: "a-1"}, nil},
		"a property that means an identifier": {`{"email":"ada@example.com","phone_number":"+12025550123"}`, `{"email":"ada@example.com","properties":{"$phone_number":"+12025550199","$id":"c-9"}}`,
			who{Email: "ada@example.com", Phone: "+12025550123"}, nil},
		"a name only": {`{"email":"ada@example.com"}`, `{"email":"ada@example.com","first_name":"Eve"}`, who{Email: "ada@example.com", FirstName: "Eve"}, nil},
		"a browser that says who it is": {`{"anonymous_id":"a-1"}`, `{"anonymous_id":"a-1","email":"ada@example.com","external_id":"c-1"}`,
			who{Email: "ada@example.com", External: "c-1", Anonymous: "a-1"}, nil},
		"a stranger": {`{"email":"ada@example.com"}`, `{"email":"eve@example.com","phone_number":"+12025550199"}`, who{Email: "ada@example.com"}, &who{Email: "eve@example.com", Phone: "+12025550199"}},
	}
	for _, way := range []string{"event", "profile and event", "bulk"} {
		t.Run("by "+way, func(t *testing.T) {
			t.Parallel()
			s := newClientServer(t)
			for name, test := range tests {
				s.store.DB.MustExec("truncate profile, event, event_key cascade")
				s.expect(201, "POST", "/api/profiles", profile(test.stored))
				var visits []request
				switch way {
				case "bulk":
					visits = []request{visit("event-bulk-create", bulk(test.says, "Visit"))}
				case "event":
					visits = []request{visit("events", event("Visit", test.says, ""))}
				default:
					visits = []request{visit("profiles", profile(test.says)), visit("events", event("Visit", test.says, ""))}
				}
				for _, v := range visits {
					if w := s.do(v); w.Code != 202 || w.Body.Len() > 0 {
						t.Fatal(name, w.Code, w.Body)
					}
				}
				want, gets := []who{test.remains}, test.remains
				if test.fresh != nil {
					want, gets = append(want, *test.fresh), *test.fresh
				}
				slices.SortFunc(want, func(a, b who) int { return strings.Compare(a.Email+a.External, b.Email+b.External) })
				all, of := s.people(t)
				if diff := cmp.Diff(want, all); diff != "" {
					t.Errorf("%s: profiles: %s", name, diff)
				}
				if diff := cmp.Diff(gets, of); diff != "" {
					t.Errorf("%s: the event's: %s", name, diff)
				}
			}
		})
	}
}

// A visitor who comes by a link in a message is who it was sent to, unless she says otherwise, and so is her browser.
func TestAVisitorIsKnownByTheLinkThatSheCameBy(t *testing.T) {
	t.Parallel()
	s := newClientServer(t)
	for name, test := range map[string]struct {
		says    string // besides the link
		of      string // whose the event is: a first name, or an email
		history string // whose what the browser did before is
	}{
		"in a browser":               {`"anonymous_id":"a-1"`, "Ada", "Ada"},
		"in a browser never seen":    {`"anonymous_id":"a-2"`, "Ada", ""},
		"in Eve's browser":           {`"anonymous_id":"e-1"`, "Ada", ""},
		"without a browser":          {`"title":"Dr"`, "Ada", ""},
		"with her address":           {`"email":"ada@example.com"`, "Ada", ""},
		"with another phone":         {`"phone_number":"+12025550199"`, "Ada", ""},
		"passed on to Eve":           {`"email":"eve@example.com","anonymous_id":"a-1"`, "Eve", "Eve"},
		"passed on to a stranger":    {`"email":"bob@example.com"`, "bob@example.com", ""},
		"passed on, with an id":      {`"external_id":"c-9"`, "c-9", ""},
		"in a browser, by a forgery": {`"anonymous_id":"a-1","_kx":"forged"`, "a-1", "a-1"},
	} {
		for _, way := range []string{"events", "event-bulk-create", "profiles"} {
			s.store.DB.MustExec("truncate profile, event, event_key cascade")
			ada := s.create(t, `{"email":"ada@example.com","external_id":"c-1","first_name":"Ada"}`)
			s.create(t, `{"email":"eve@example.com","anonymous_id":"e-1","first_name":"Eve"}`)
			s.do(visit("events", event("Before", `{"anonymous_id":"a-1"}`, "")))
			says := `{` + test.says + `,"_kx":"` + consent.Exchange(secret, ada) + `"}`
			if strings.Contains(test.says, "_kx") {
				says = `{` + test.says + `}`
			}
			body := map[string]string{"events": event("Visit", says, ""), "event-bulk-create": bulk(says, "Visit"), "profiles": profile(says[:len(says)-1] + `,"organization":"Visit"}`)}[way]
			if w := s.do(visit(way, body)); w.Code != 202 {
				t.Fatal(name, way, w.Code, w.Body)
			}
			const who = "coalesce(p.first_name, p.email, p.external_id, p.anonymous_id)"
			var of, history string
			whose := func(metric string) string {
				return "select " + who + " from profile p join event e on e.profile_id = p.id join metric m on m.id = metric_id where m.name = '" + metric + "'"
			}
			query := whose("Visit")
			if way == "profiles" {
				query = "select " + who + " from profile p where organization = 'Visit'"
			}
			if err := s.store.DB.Get(&of, query); err != nil || of != test.of {
				t.Errorf("%s by %s: of %q, want %q, %v", name, way, of, test.of, err)
			}
			if test.history == "" {
				test.history = "a-1"
			}
			if err := s.store.DB.Get(&history, whose("Before")); err != nil || history != test.history {
				t.Errorf("%s by %s: what the browser did before is of %q, want %q, %v", name, way, history, test.history, err)
			}
			if n := s.count("select count(*) from profile where id = $1 and email = 'ada@example.com' and external_id = 'c-1' and phone_number is null", ada); n != 1 {
				t.Errorf("%s by %s: she has other identifiers", name, way)
			}
		}
	}
}

func TestABrowserBecomesThePersonThatItsVisitorSaysSheIs(t *testing.T) {
	t.Parallel()
	s := newClientServer(t)
	for name, test := range map[string]struct {
		stored, says, then string // who is there; what the visitor of browser a-1 says of herself; whose it all is
	}{
		"somebody new":              {`{"email":"eve@example.com"}`, `{"anonymous_id":"a-1","email":"ada@example.com"}`, "ada@example.com"},
		"somebody known":            {`{"email":"ada@example.com"}`, `{"anonymous_id":"a-1","email":"ADA@example.com"}`, "ada@example.com"},
		"somebody known by an id":   {`{"email":"ada@example.com","external_id":"c-1"}`, `{"anonymous_id":"a-1","external_id":"c-1"}`, "ada@example.com"},
		"somebody with another one": {`{"email":"ada@example.com","anonymous_id":"a-2"}`, `{"anonymous_id":"a-1","email":"ada@example.com"}`, "ada@example.com"},
		"not yet":                   {`{"email":"ada@example.com"}`, `{"anonymous_id":"a-1","title":"Dr"}`, "a-1"},
	} {
		s.store.DB.MustExec("truncate profile, event, event_key cascade")
		s.create(t, test.stored)
		for _, visitor := range []string{`{"anonymous_id":"a-1"}`, test.says, `{"anonymous_id":"a-1"}`} {
			if w := s.do(visit("events", event("Visit", visitor, fmt.Sprintf(`"unique_id":"%d"`, s.count("select count(*) from event"))))); w.Code != 202 {
				t.Fatal(name, w.Code, w.Body)
			}
		}
		var of []string
		if err := s.store.DB.Select(&of, "select coalesce(p.email, p.anonymous_id) || ' ' || count(*) from event e left join profile p on p.id = e.profile_id group by p.id"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(of, ", "); got != test.then+" 3" {
			t.Errorf("%s: the events are of %s, want %s", name, got, test.then)
		}
	}
}

func TestAVisitorIsNotToldWhatIsKnown(t *testing.T) {
	t.Parallel()
	s := newClientServer(t)
	id := s.create(t, `{"email":"ada@example.com","phone_number":"+12025550123"}`)
	many := map[string]int{}
	for i := range 400 {
		many[fmt.Sprint("p", i)] = i
	}
	properties, _ := json.Marshal(many)
	with := func(id, attributes string) string {
		return `{"data":{"type":"profile","id":"` + id + `","attributes":` + attributes + `}}`
	}
	for _, body := range []string{
		with(id, `{"email":"eve@example.com","phone_number":"+12025550199"}`),
		with("01HZZZZZZZZZZZZZZZZZZZZZZZ", `{"email":"eve@example.com"}`),
		profile(`{"email":"ada@example.com","properties":` + string(properties) + `}`),
		profile(`{"email":"ada@example.com","properties":{"one":"too many"}}`),
	} {
		if w := s.do(visit("profiles", body)); w.Code != 202 || w.Body.Len() > 0 {
			t.Errorf("%.100s: %d %s", body, w.Code, w.Body)
		}
	}
	if n := s.count("select count(*) from profile where id = $1 and email = 'ada@example.com' and phone_number = '+12025550123' and not properties ? 'one'", id); n != 1 || s.count("select count(*) from profile") != 1 {
		t.Error("the profile is another")
	}
}

func TestClientsAreCountedByTheirNetwork(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	begun := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	s := newClientServer(t, func(o *api.Options) {
		o.Limiter = api.NewLimiter(func() time.Time { return begun.Add(time.Duration(ahead.Load())) })
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's address
	})
	from := func(forwarded string) request {
		r := visit("event-bulk-create", bulk(`{"email":"ada@example.com"}`, "Visit"))
		r.headers["X-Forwarded-For"] = forwarded
		return r
	}
	for i := range 10 {
		if w := s.do(from("203.0.113.7")); w.Code != 202 || w.Header().Get("RateLimit-Limit") != "150" {
			t.Fatal(i, w.Code, w.Header())
		}
	}
	for range 10 {
		s.do(from("2001:db8:1:2::1"))
	}
	s.run(t, map[string]exchange{
		"too many":              {request: from("203.0.113.7"), status: 429, has: []string{"Your network address", "10/s"}, headers: map[string]string{"Retry-After": "1", "Access-Control-Allow-Origin": "*"}},
		"through a proxy":       {request: from("203.0.113.7, 192.0.2.9"), status: 429},
		"claiming another":      {request: from("198.51.100.1, 203.0.113.7"), status: 429},
		"another":               {request: from("203.0.113.8"), status: 202},
		"the same IPv6 network": {request: from("2001:db8:1:2:ffff::9"), status: 429},
		"another IPv6 network":  {request: from("2001:db8:1:3::1"), status: 202},
		"another operation":     {request: visit("events", event("M", `{"email":"ada@example.com"}`, "")), status: 202, headers: map[string]string{"RateLimit-Limit": "3500"}},
	})
	ahead.Store(int64(time.Second))
	if w := s.do(from("203.0.113.7")); w.Code != 202 {
		t.Errorf("a second later: %d", w.Code)
	}
	distrustful := newClientServer(t, func(o *api.Options) { o.Limiter = api.NewLimiter(func() time.Time { return begun }) })
	for i := range 11 {
		w := distrustful.do(from(fmt.Sprintf("203.0.113.%d", i)))
		if want := map[bool]int{true: 202, false: 429}[i < 10]; w.Code != want {
			t.Errorf("an untrusted header, request %d: %d, want %d", i, w.Code, want)
		}
	}
}

// bulk is a body for POST /client/event-bulk-create: the profile's attributes and an event for each metric.
func bulk(profile string, metrics ...string) string {
	events := make([]string, len(metrics))
	for i, metric := range metrics {
		events[i] = `{"type":"event","attributes":{"metric":{"data":{"type":"metric","attributes":{"name":"` + metric + `"}}},"properties":{}}}`
	}
	return `{"data":{"type":"event-bulk-create","attributes":{"profile":{"data":{"type":"profile","attributes":` + profile + `}},"events":{"data":[` + strings.Join(events, ",") + `]}}}}`
}

func TestAnAppRegistersItsDeviceAndGivesItUp(t *testing.T) {
	t.Parallel()
	s := newClientServer(t)
	s.create(t, `{"email":"ada@example.com"}`)
	const device = `"token":"abc","platform":"ios","vendor":"apns"`
	unregister := func(attributes, profile string) request {
		return visit("push-token-unregister", `{"data":{"type":"push-token-unregister","attributes":{`+attributes+`,"profile":{"data":{"type":"profile","attributes":`+profile+`}}}}}`)
	}
	s.run(t, map[string]exchange{
		"no platform": {request: unregister(`"token":"abc"`, `{"email":"ada@example.com"}`), status: 400, has: []string{`"pointer":"/data/attributes/platform"`}},
		"no token":    {request: visit("push-tokens", pushToken(`"platform":"ios","vendor":"apns"`, `{"email":"ada@example.com"}`)), status: 400, has: []string{`"pointer":"/data/attributes/token"`}},
	})
	for i, step := range []struct {
		request
		of string // whose email the device is of afterwards; empty: it is nobody's
	}{
		{visit("push-tokens", pushToken(device, `{"email":"ada@example.com","phone_number":"+12025550199"}`)), "ada@example.com"},
		{unregister(`"token":"abc","platform":"ios","vendor":"apns"`, `{"email":"eve@example.com"}`), "ada@example.com"},
		{unregister(`"token":"other","platform":"ios","vendor":"apns"`, `{"email":"ada@example.com"}`), "ada@example.com"},
		{unregister(`"token":"abc","platform":"ios","vendor":"fcm"`, `{"email":"ada@example.com"}`), "ada@example.com"},
		{unregister(`"token":"abc","platform":"ios","vendor":null`, `{"email":"ada@example.com"}`), ""},
		{unregister(`"token":"abc","platform":"ios","vendor":"apns"`, `{"email":"ada@example.com"}`), ""},
		{visit("push-tokens", pushToken(device, `{"anonymous_id":"a-1"}`)), "none"},
	} {
		if w := s.do(step.request); w.Code != 202 || w.Body.Len() > 0 {
			t.Fatal(i, w.Code, w.Body)
		}
		var of []string
		if err := s.store.DB.Select(&of, "select coalesce(email, 'none') from push_token t join profile p on p.id = t.profile_id"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(of, " "); got != step.of {
			t.Errorf("step %d: the device is of %q, want %q", i, got, step.of)
		}
	}
	if n := s.count("select count(*) from profile where phone_number is not null or email = 'eve@example.com'"); n != 0 {
		t.Error("the app changed who is known")
	}
}
