package api_test

import (
	"fmt"
	"strings"
	"testing"
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
		"predictions":     {request: request{method: "GET", path: "/api/profiles/" + id + "?additional-fields[profile]=predictive_analytics"}, status: 400, has: []string{`"parameter":"additional-fields[profile]"`}},
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
