package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/legato-flow/legato/channel/consent"
)

// create posts a profile and gives its id.
func (s *server) create(t *testing.T, attributes string) string {
	t.Helper()
	return s.expect(201, "POST", "/api/profiles", profile(attributes))["data"].(map[string]any)["id"].(string)
}

func TestProfilesAreCreatedImportedAndChanged(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	w := s.do(request{method: "POST", path: "/api/profiles/", body: profile(`{"email":"Ada@example.com","phone_number":"+12345678901","first_name":"Ada","location":{"city":"Ulm"},"properties":{"a":1,"b":[1]}}`)})
	if w.Code != 201 || !strings.HasPrefix(w.Header().Get("Location"), "http://legato.test/api/profiles/01") {
		t.Fatalf("%d %s %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	id := strings.TrimPrefix(w.Header().Get("Location"), "http://legato.test/api/profiles/")
	other := s.create(t, `{"external_id":"7"}`)

	patch := func(id, attributes, rest string) request {
		return request{method: "PATCH", path: "/api/profiles/" + id, body: `{"data":{"type":"profile","id":"` + id + `","attributes":` + attributes + rest + `}}`}
	}
	s.run(t, map[string]exchange{
		"read":            {request: request{method: "GET", path: "/api/profiles/" + id}, status: 200, has: []string{`"email":"Ada@example.com"`, `"city":"Ulm"`, `"country":null`, `"properties":{"a":1,"b":[1]}`, `"created":"2026-11-24T10:00:00+00:00"`}, lacks: []string{"anonymous_id", "subscriptions"}},
		"sparse":          {request: request{method: "GET", path: "/api/profiles/" + id + "?fields[profile]=email,location.city"}, status: 200, has: []string{`"attributes":{"email":"Ada@example.com","location":{"city":"Ulm"}}`}},
		"no fields":       {request: request{method: "GET", path: "/api/profiles/" + id + "?fields[profile]="}, status: 200, has: []string{`"attributes":{}`}},
		"subscriptions":   {request: request{method: "GET", path: "/api/profiles/" + id + "?additional-fields[profile]=subscriptions"}, status: 200, has: []string{`"can_receive_email_marketing":true`, `"consent":"NEVER_SUBSCRIBED"`}},
		"a part of them":  {request: request{method: "GET", path: "/api/profiles/" + id + "?additional-fields[profile]=subscriptions&fields[profile]=subscriptions.email.marketing.consent,subscriptions.email.marketing.can_receive_email_marketing,subscriptions.email.marketing.double_optin"}, status: 200, has: []string{`"attributes":{"subscriptions":{"email":{"marketing":{"can_receive_email_marketing":true,"consent":"NEVER_SUBSCRIBED"}}}}`}},
		"no part of them": {request: request{method: "GET", path: "/api/profiles/" + id + "?fields[profile]=subscriptions.sms.fax"}, status: 400, has: []string{`"parameter":"fields[profile]"`}},
		"an unknown more": {request: request{method: "GET", path: "/api/profiles/" + id + "?additional-fields[profile]=horoscope"}, status: 400, has: []string{`"parameter":"additional-fields[profile]"`}},
		"friends":         {request: request{method: "GET", path: "/api/profiles/" + id + "?include=friends"}, status: 400, has: []string{`"parameter":"include"`}},
		"nobody":          {request: request{method: "GET", path: "/api/profiles/nobody"}, status: 404},
		"duplicate email": {request: request{method: "POST", path: "/api/profiles", body: profile(`{"email":"ada@EXAMPLE.com"}`)}, status: 409, has: []string{`"code":"duplicate_profile"`, `"duplicate_profile_id":"` + id + `"`, `"pointer":"/data/attributes/email"`}},
		"no identifier":   {request: request{method: "POST", path: "/api/profiles", body: profile(`{"first_name":"Ada"}`)}, status: 400, has: []string{`"pointer":"/data/attributes"`}},
		"an id to create": {request: request{method: "POST", path: "/api/profiles", body: strings.Replace(profile(`{"email":"x@example.com"}`), `"type"`, `"id":"x","type"`, 1)}, status: 400, has: []string{`"pointer":"/data/id"`}},
		"too large":       {request: request{method: "POST", path: "/api/profiles", body: profile(`{"email":"x@example.com","properties":{"a":"` + strings.Repeat("x", 100<<10) + `"}}`)}, status: 413},
		"several problems": {request: request{method: "POST", path: "/api/profile-import", body: profile(`{"email":"x","phone_number":"1","title":3,"subscriptions":{}}`)}, status: 400,
			has: []string{`"pointer":"/data/attributes/email"`, `"pointer":"/data/attributes/phone_number"`, `"pointer":"/data/attributes/title"`, `"pointer":"/data/attributes/subscriptions"`}},
		"import of an unknown id":  {request: request{method: "POST", path: "/api/profile-import", body: strings.Replace(profile(`{"email":"x@example.com"}`), `"type"`, `"id":"x","type"`, 1)}, status: 404, has: []string{`"pointer":"/data/id"`}},
		"change to another's":      {request: patch(other, `{"email":"ada@example.com"}`, ""), status: 409, has: []string{`"duplicate_profile_id":"` + id + `"`}},
		"clear the last one":       {request: patch(other, `{"external_id":null}`, ""), status: 400, has: []string{`"pointer":"/data/attributes/external_id"`}},
		"change nobody":            {request: patch("nobody", `{"email":"x@example.com"}`, ""), status: 404, has: []string{`"pointer":"/data/id"`}},
		"another id in the body":   {request: request{method: "PATCH", path: "/api/profiles/" + id, body: strings.Replace(profile(`{}`), `"type"`, `"id":"x","type"`, 1)}, status: 400, has: []string{`"pointer":"/data/id"`}},
		"no id in the body":        {request: request{method: "PATCH", path: "/api/profiles/" + id, body: profile(`{}`)}, status: 400, has: []string{`"pointer":"/data/id"`}},
		"a change of nothing":      {request: patch(other, `{}`, ""), status: 200, has: []string{`"external_id":"7"`}},
		"a strange profile number": {request: request{method: "GET", path: "/api/profiles/%00"}, status: 404},
	})
	s.run(t, map[string]exchange{
		"change": {request: patch(id, `{"first_name":null,"location":{"city":null,"zip":"89073"},"properties":{"a":null,"c":"x"}}`, `,"meta":{"patch_properties":{"append":{"b":[2,3]},"unappend":{"b":1},"unset":"none"}}`), status: 200,
			has: []string{`"first_name":null`, `"city":null`, `"zip":"89073"`, `"b":[2,3]`, `"c":"x"`}, lacks: []string{`"a":1`}},
	})
	s.run(t, map[string]exchange{
		"import of the known": {request: request{method: "POST", path: "/api/profile-import", body: profile(`{"phone_number":"+12345678901","last_name":"L","properties":null}`)}, status: 200, has: []string{`"id":"` + id + `"`, `"last_name":"L"`, `"c":"x"`}},
		"import of the new":   {request: request{method: "POST", path: "/api/profile-import", body: profile(`{"anonymous_id":"device"}`)}, status: 201},
	})
}

func TestProfilesAreFilteredSortedAndPaged(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var ids []string
	for i := range 5 {
		ids = append(ids, s.create(t, fmt.Sprintf(`{"email":"P%d@example.com","external_id":"%d"}`, i, i)))
		if _, err := s.store.DB.Exec("update profile set created_at = created_at + $2 * interval '1 hour', updated_at = created_at where id = $1", ids[i], i/2); err != nil {
			t.Fatal(err)
		}
	}
	ids = append(ids, s.create(t, `{"external_id":"no email"}`))
	if err := s.ingester.Unsubscribe(t.Context(), ids[2], "email"); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]int{
		`equals(email,"p1@EXAMPLE.com")`: 1, `any(email,["p1@example.com","p2@example.com","none"])`: 2, `any(id,["` + ids[0] + `","` + ids[5] + `"])`: 2, `equals(external_id,"3")`: 1,
		`greater-than(created,2026-11-24T11:00:00Z)`: 1, `less-than(created,2026-11-24T11:00:00+00:00)`: 3, `less-than(created,2026-11-24T11:00:00%2B00:00),equals(external_id,"1")`: 1,
		`equals(subscriptions.email.marketing.suppression.reason,"UNSUBSCRIBE")`: 1, `greater-or-equal(subscriptions.email.marketing.suppression.timestamp,2026-11-24T10:00:00Z)`: 1, `equals(phone_number,"+1")`: 0,
	} {
		doc := s.expect(200, "GET", "/api/profiles/?additional-fields[profile]=subscriptions&filter="+strings.NewReplacer(`"`, "%22").Replace(filter), "")
		if got := len(doc["data"].([]any)); got != want {
			t.Errorf("%s: %d profiles, want %d", filter, got, want)
		}
		if strings.Contains(filter, "UNSUBSCRIBE") && !strings.Contains(fmt.Sprint(doc), "consent:UNSUBSCRIBED") {
			t.Errorf("%v", doc)
		}
	}
	rows := 6
	for _, sort := range []string{"", "created", "-created", "email", "-email", "id", "-id", "updated", "-updated"} {
		s.walk(t, "/api/profiles?page[size]=2&fields[profile]=email"+map[bool]string{true: "", false: "&sort=" + sort}[sort == ""], rows, func() {
			s.create(t, fmt.Sprintf(`{"email":"zz%c@example.com"}`, 'a'+rows))
			if _, err := s.store.DB.Exec("update profile set created_at = '2027-01-01', updated_at = '2027-01-01', id = '7ZZZZZZZZZZZZZZZZZZZZZZZZ' || $2 where email = $1", fmt.Sprintf("zz%c@example.com", 'a'+rows), rows-6); err != nil {
				t.Fatal(err)
			}
		}, sort != "" && sort[0] != '-')
		rows++
	}
	var emails []string
	for _, x := range s.expect(200, "GET", "/api/profiles?sort=-email&page[size]=8", "")["data"].([]any) {
		emails = append(emails, fmt.Sprint(x.(map[string]any)["attributes"].(map[string]any)["email"]))
	}
	if got := strings.Join(emails[:2], " "); got != "<nil> zzo@example.com" {
		t.Errorf("the order by email, descending, begins with %s", got)
	}
}

func TestProfilesAreSortedByTheTimeOfTheirSuppression(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var ids []string
	for i := range 7 {
		ids = append(ids, s.create(t, fmt.Sprintf(`{"email":"p%d@example.com"}`, i)))
	}
	slices.Sort(ids)
	for _, x := range []struct {
		statement string
		ids       []int
	}{
		{`insert into suppression (profile_id, channel, reason, at) values ($1, 'email', 'UNSUBSCRIBE', '2026-03-03'), ($1, 'email', 'HARD_BOUNCE', '2026-01-01'),
			($2, 'email', 'UNSUBSCRIBE', '2026-02-02'), ($3, 'email', 'UNSUBSCRIBE', '2026-02-02'), ($4, 'sms', 'UNSUBSCRIBE', '2026-09-09')`, []int{0, 1, 2, 3}},
		{`with made as (insert into list (id, name) values ('one', 'One'), ('two', 'Two'))
			insert into list_suppression (profile_id, list_id, reason, at)
			values ($1, 'one', 'UNSUBSCRIBE', '2026-03-03'), ($2, 'two', 'UNSUBSCRIBE', '2026-04-04'), ($2, 'one', 'UNSUBSCRIBE', '2026-01-01')`, []int{5, 4}},
	} {
		var args []any
		for _, i := range x.ids {
			args = append(args, ids[i])
		}
		if _, err := s.store.DB.Exec(x.statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	for sort, want := range map[string][]int{ // those who are not suppressed come last either way
		"subscriptions.email.marketing.suppression.timestamp":        {1, 2, 0, 3, 4, 5, 6},
		"-subscriptions.email.marketing.suppression.timestamp":       {0, 2, 1, 6, 5, 4, 3},
		"subscriptions.email.marketing.list_suppressions.timestamp":  {5, 4, 0, 1, 2, 3, 6},
		"-subscriptions.email.marketing.list_suppressions.timestamp": {4, 5, 6, 3, 2, 1, 0},
	} {
		for size := 1; size <= 4; size++ {
			var pages [][]int
			for link, doc := "next", s.expect(200, "GET", fmt.Sprintf("/api/profiles?page[size]=%d&sort=%s", size, sort), ""); ; {
				var page []int
				for _, x := range doc["data"].([]any) {
					page = append(page, slices.Index(ids, x.(map[string]any)["id"].(string)))
				}
				pages = append(pages, page)
				follow, more := doc["links"].(map[string]any)[link].(string)
				if !more && link == "prev" {
					break
				}
				if !more { // back again, from the last page on
					if got := slices.Concat(pages...); !slices.Equal(got, want) {
						t.Errorf("%s, %d each: %v, want %v", sort, size, got, want)
					}
					link = "prev"
					if follow, more = doc["links"].(map[string]any)[link].(string); !more {
						t.Fatalf("%s, %d each: there is no way back", sort, size)
					}
					pages = [][]int{page}
				}
				doc = s.expect(200, "GET", strings.TrimPrefix(follow, "http://legato.test"), "")
			}
			slices.Reverse(pages)
			if got := slices.Concat(pages...); !slices.Equal(got, want) {
				t.Errorf("%s backwards, %d each: %v, want %v", sort, size, got, want)
			}
		}
	}
}

func TestProfilesAreMerged(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, old, third := s.create(t, `{"email":"ada@example.com"}`), s.create(t, `{"email":"ada@old.example","phone_number":"+12345678901"}`), s.create(t, `{"external_id":"3"}`)
	s.expect(202, "POST", "/api/events", event("Viewed", `{"email":"ada@old.example"}`, ""))
	merge := func(destination string, sources ...string) string {
		for i := range sources {
			sources[i] = `{"type":"profile","id":"` + sources[i] + `"}`
		}
		return `{"data":{"type":"profile-merge","id":"` + destination + `","relationships":{"profiles":{"data":[` + strings.Join(sources, ",") + `]}}}}`
	}
	post := func(body string) request { return request{method: "POST", path: "/api/profile-merge", body: body} }
	const first = `"pointer":"/data/relationships/profiles/data/0/id"`
	s.run(t, map[string]exchange{
		"into itself":      {request: post(merge(ada, ada)), status: 400, has: []string{first}},
		"two at once":      {request: post(merge(ada, old, third)), status: 400, has: []string{`"pointer":"/data/relationships/profiles/data"`}},
		"none":             {request: post(merge(ada)), status: 400},
		"nobody":           {request: post(merge(ada, "nobody")), status: 404, has: []string{first}},
		"into nobody":      {request: post(merge("nobody", ada)), status: 404, has: []string{`"pointer":"/data/id"`}},
		"not profiles":     {request: post(strings.Replace(merge(ada, old), `"type":"profile","id"`, `"type":"list","id"`, 1)), status: 400, has: []string{`/data/0/type"`}},
		"nothing":          {request: post(`{"data":{"type":"profile-merge","id":"x"}}`), status: 400, has: []string{`"pointer":"/data/relationships"`}},
		"another type":     {request: post(strings.Replace(merge(ada, old), "profile-merge", "profile", 1)), status: 400, has: []string{`"pointer":"/data/type"`}},
		"fields there are": {request: request{method: "POST", path: "/api/profile-merge?fields[profile]=email", body: merge(ada, old)}, status: 400},
	})
	for range 2 { // a request that is sent again does no harm
		doc := s.expect(201, "POST", "/api/profile-merge/?fields[profile]=id", merge(ada, old))
		if got := doc["data"].(map[string]any)["id"]; got != ada {
			t.Fatalf("%v", doc)
		}
	}
	s.run(t, map[string]exchange{
		"the one left":      {request: request{method: "GET", path: "/api/profiles/" + ada}, status: 200, has: []string{`"email":"ada@example.com"`, `"phone_number":"+12345678901"`}},
		"the one gone":      {request: request{method: "GET", path: "/api/profiles/" + old}, status: 404},
		"its events":        {request: request{method: "GET", path: `/api/events?filter=equals(profile_id,"` + ada + `")`}, status: 200, has: []string{`"uuid"`}},
		"its address":       {request: request{method: "POST", path: "/api/profiles", body: profile(`{"email":"ADA@old.example"}`)}, status: 409, has: []string{`"duplicate_profile_id":"` + ada + `"`}},
		"an import by it":   {request: request{method: "POST", path: "/api/profile-import", body: profile(`{"email":"ada@old.example","title":"Countess"}`)}, status: 200, has: []string{`"id":"` + ada + `"`, `"email":"ada@example.com"`, "Countess"}},
		"a device by phone": {request: request{method: "POST", path: "/api/profile-import", body: profile(`{"phone_number":"+12345678901","anonymous_id":"d"}`)}, status: 200, has: []string{`"id":"` + ada + `"`}},
	})
}

func TestFurtherAddressesComeByMeta(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada, bob := s.create(t, `{"email":"ada@example.com"}`), s.create(t, `{"email":"bob@example.com"}`)
	patch := func(identifiers string) request {
		return request{method: "PATCH", path: "/api/profiles/" + ada, body: `{"data":{"type":"profile","id":"` + ada + `","attributes":{},"meta":{"patch_identifiers":` + identifiers + `}}}`}
	}
	const at = `"pointer":"/data/meta/patch_identifiers/append/`
	var many []string
	for i := range 22 {
		many = append(many, fmt.Sprintf("m%d@example.com", i))
	}
	s.run(t, map[string]exchange{
		"not an address": {request: patch(`{"append":{"email":["b@example.com","x"]}}`), status: 400, has: []string{at + `email/1"`}},
		"a number among": {request: patch(`{"append":{"email":["b@example.com",7]}}`), status: 400, has: []string{at + `email/1"`}},
		"too many":       {request: patch(`{"append":{"email":["` + strings.Join(many, `","`) + `"]}}`), status: 400, has: []string{at + `email"`, "at most 20 further addresses"}},
		"not a string":   {request: patch(`{"append":{"email":7}}`), status: 400, has: []string{at + `email"`}},
		"not for phones": {request: patch(`{"append":{"phone_number":"+12345678901"}}`), status: 400, has: []string{at + `phone_number"`}},
		"of an event": {request: request{method: "POST", path: "/api/events", body: event("M", `{"email":"ada@example.com","meta":{"patch_identifiers":{"append":{"email":"bob@example.com"}}}}`, "")}, status: 409,
			has: []string{`"pointer":"/data/attributes/profile/data/attributes/meta/patch_identifiers/append/email"`}},
		"somebody else's":   {request: patch(`{"append":{"email":"bob@example.com"}}`), status: 409, has: []string{at + `email"`, `"duplicate_profile_id":"` + bob + `"`}},
		"nothing":           {request: patch(`{"append":null,"unappend":{"email":null}}`), status: 200},
		"one is as good":    {request: patch(`{"append":{"email":"one@example.com"}}`), status: 200},
		"neither of the to": {request: patch(`{"prepend":{}}`), status: 400, has: []string{"prepend"}},
	})
	s.do(patch(`{"append":{"email":["Two@example.com"]},"unappend":{"email":"one@example.com"}}`))
	s.expect(202, "POST", "/api/events", event("Viewed", `{"email":"two@example.com","meta":{"patch_identifiers":{"append":{"email":"three@example.com"}}}}`, ""))
	s.expect(200, "POST", "/api/profile-import", profile(`{"email":"three@example.com"}`))
	s.expect(201, "POST", "/api/profile-import", profile(`{"email":"one@example.com"}`))
	if n := s.count("select count(*) from profile_alias where profile_id = $1", ada); n != 2 {
		t.Errorf("%d further addresses", n)
	}
}

func TestAnImportSaysWhoseAFurtherAddressIs(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	bob := s.create(t, `{"email":"bob@example.com"}`)
	job := s.expect(202, "POST", imports, importing(nil, person(`{"email":"ada@example.com"},"meta":{"patch_identifiers":{"append":{"email":"bob@example.com"}}}`)))
	s.work()
	faults := fmt.Sprint(s.expect(200, "GET", imports+"/"+job["data"].(map[string]any)["id"].(string)+"/import-errors", ""))
	for _, want := range []string{"/data/attributes/profiles/data/0/meta/patch_identifiers/append/email", "code:duplicate_profile", bob} {
		if !strings.Contains(faults, want) {
			t.Errorf("%s lacks %s", faults, want)
		}
	}
}

func TestAPersonIsKnownByTheLinksInTheirMessages(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.create(t, `{"email":"ada@example.com"}`)
	kx := consent.Exchange(secret, ada)
	s.expect(202, "POST", "/api/events", event("Viewed", `{"anonymous_id":"browser"}`, ""))
	s.expect(202, "POST", "/api/events", event("Clicked", `{"anonymous_id":"browser","_kx":"`+kx+`"}`, ""))
	s.run(t, map[string]exchange{
		"found":             {request: request{method: "GET", path: `/api/profiles?filter=equals(_kx,"` + kx + `")`}, status: 200, has: []string{`"id":"` + ada + `"`}},
		"of another server": {request: request{method: "GET", path: `/api/profiles?filter=equals(_kx,"` + consent.Exchange([]byte("x"), ada) + `")`}, status: 200, has: []string{`"data":[]`}},
		"no range":          {request: request{method: "GET", path: `/api/profiles?filter=any(_kx,["x"])`}, status: 400},
		"an import":         {request: request{method: "POST", path: "/api/profile-import", body: profile(`{"_kx":"` + kx + `","title":"Countess"}`)}, status: 200, has: []string{`"id":"` + ada + `"`}},
		"not a string":      {request: request{method: "POST", path: "/api/profile-import", body: profile(`{"_kx":7}`)}, status: 400, has: []string{`/_kx"`}},
		"her visit as well": {request: request{method: "GET", path: `/api/events?include=metric&filter=equals(profile_id,"` + ada + `")`}, status: 200, has: []string{`"name":"Viewed"`, `"name":"Clicked"`}},
	})
}

func TestEveryWayInKnowsAPersonByALink(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	ada := s.create(t, `{"email":"ada@example.com"}`)
	link := func(more string) string { return `{"_kx":"` + consent.Exchange(secret, ada) + `"` + more + `}` }
	s.expect(202, "POST", "/api/events", event("Single", link(""), ""))
	s.expect(202, "POST", "/api/events", event("Special", `{"properties":{"$exchange_id":"`+consent.Exchange(secret, ada)+`"}}`, ""))
	s.expect(202, "POST", bulkEvents, groups(group(`"attributes":`+link(""), "", of("Bulk", ""))))
	s.expect(200, "POST", "/api/profile-import", profile(link(`,"first_name":"Ada"`)))
	s.expect(202, "POST", imports, importing(nil, person(link(`,"last_name":"Lovelace"`))))
	s.expect(202, "POST", "/api/push-tokens", pushToken(`"token":"abc","platform":"ios","vendor":"apns"`, link("")))
	s.work()
	for query, want := range map[string]int{
		"select count(*) from event where profile_id = $1":                                             3,
		"select count(*) from push_token where profile_id = $1":                                        1,
		"select count(*) from profile where id = $1 and first_name = 'Ada' and last_name = 'Lovelace'": 1,
		"select count(*) from profile where $1 <> '' and properties <> '{}'":                           0,
		"select count(*) from profile where $1 <> ''":                                                  1,
	} {
		if got := s.count(query, ada); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}
