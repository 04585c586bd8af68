package api_test

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
)

const (
	imports     = "/api/profile-bulk-import-jobs"
	suppress    = "/api/profile-suppression-bulk-create-jobs"
	unsuppress  = "/api/profile-suppression-bulk-delete-jobs"
	unknownULID = "01HV0000000000000000000000"
)

// work does all jobs.
func (s *server) work() {
	s.t.Helper()
	w := &ingest.JobWorker{Ingester: s.ingester, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	for more := true; more; {
		var err error
		if more, err = w.Step(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// importing is a body for an import: the lists, and the profiles.
func importing(lists []string, profiles ...string) string {
	relations := ""
	if lists != nil {
		ids := make([]string, len(lists))
		for i, id := range lists {
			ids[i] = `{"type":"list","id":"` + id + `"}`
		}
		relations = `,"relationships":{"lists":{"data":[` + strings.Join(ids, ",") + `]}}`
	}
	return `{"data":{"type":"profile-bulk-import-job","attributes":{"profiles":{"data":[` + strings.Join(profiles, ",") + `]}}` + relations + `}}`
}

func person(attributes string) string { return `{"type":"profile","attributes":` + attributes + `}` }

func (s *server) list(name string) string {
	s.t.Helper()
	l, err := s.ingester.CreateList(s.t.Context(), name, ingest.SingleOptIn)
	if err != nil {
		s.t.Fatal(err)
	}
	return l.ID
}

func dig(t *testing.T, doc any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			doc = doc.(map[string]any)[step]
		case int:
			all, _ := doc.([]any)
			if step >= len(all) {
				t.Fatalf("no element %d in %v", step, doc)
			}
			doc = all[step]
		}
	}
	return doc
}

func TestAnImportCreatesAndUpdatesProfilesAndSaysWhatItCouldNot(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	list, other := s.list("Imported"), s.list("Other")
	s.flow("welcome", "list", list)
	s.expect(201, "POST", "/api/profiles", profile(`{"email":"ada@example.com","first_name":"A","properties":{"size":"S","tags":["a"]}}`))

	doc := s.expect(202, "POST", imports, importing([]string{list, other, list},
		person(`{"email":"ADA@example.com","first_name":"Ada","properties":{"size":"M"}}`),
		person(`{"email":"not an address"}`),
		`{"type":"profile","attributes":{"phone_number":"+12345678901"},"meta":{"patch_properties":{"append":{"tags":"b"}}}}`,
		`{"type":"profile","id":"`+unknownULID+`","attributes":{"first_name":"Nobody"}}`,
		person(`{"first_name":"Nobody"}`),
		`7`,
		person(`{"email":"ada@example.com","last_name":"Lovelace"}`),
		person(`{"email":"big@example.com","properties":{"x":"`+strings.Repeat("x", 101<<10)+`"}}`)))
	id := dig(t, doc, "data", "id").(string)
	if got := dig(t, doc, "data", "attributes", "status"); got != "queued" {
		t.Errorf("status %v", got)
	}
	s.work()
	job := s.expect(200, "GET", imports+"/"+id+"?include=lists", "")
	for name, want := range map[string]any{"status": "complete", "total_count": 8.0, "completed_count": 3.0, "failed_count": 5.0} {
		if got := dig(t, job, "data", "attributes", name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := len(dig(t, job, "included").([]any)); got != 2 {
		t.Errorf("%d lists are included", got)
	}
	if n := s.count("select count(*) from profile where email = 'ada@example.com' and first_name = 'Ada' and last_name = 'Lovelace' and properties = '{\"size\":\"M\",\"tags\":[\"a\"]}'"); n != 1 {
		t.Error("Ada is not as the import says")
	}
	if n := s.count("select count(*) from profile"); n != 2 {
		t.Errorf("%d profiles", n)
	}
	if n := s.count("select count(*) from list_member where list_id = $1", list); n != 2 {
		t.Errorf("%d members", n)
	}
	if n := s.count("select count(*) from outbox where flow_id = 'welcome'"); n != 2 {
		t.Errorf("%d entries into the list's flow", n)
	}
	if got := len(dig(t, s.expect(200, "GET", imports+"/"+id+"/profiles", ""), "data").([]any)); got != 2 {
		t.Errorf("%d profiles are the job's", got)
	}
	for path, want := range map[string]int{"/relationships/profiles?page[size]=1": 1, "/lists": 2, "/relationships/lists": 2} {
		if got := len(dig(t, s.expect(200, "GET", imports+"/"+id+path, ""), "data").([]any)); got != want {
			t.Errorf("%s has %d", path, got)
		}
	}
	faults := s.expect(200, "GET", imports+"/"+id+"/import-errors", "")
	found := map[string]string{}
	for _, x := range dig(t, faults, "data").([]any) {
		found[dig(t, x, "attributes", "source", "pointer").(string)] = dig(t, x, "attributes", "code").(string)
	}
	at := "/data/attributes/profiles/data/"
	for pointer, code := range map[string]string{at + "1/attributes/email": "invalid", at + "3/id": "not_found", at + "4/attributes": "invalid", at + "5": "invalid", at + "7": "invalid"} {
		if found[pointer] != code {
			t.Errorf("%s is %q in %v", pointer, found[pointer], found)
		}
	}
	page := s.expect(200, "GET", imports+"/"+id+"/import-errors?page[size]=2", "")
	next := strings.TrimPrefix(dig(t, page, "links", "next").(string), "http://legato.test")
	if got := len(dig(t, s.expect(200, "GET", next, ""), "data").([]any)); got != 2 {
		t.Errorf("%d errors on the second page", got)
	}
}

func TestImportsAreListedByStatus(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for i := range 3 {
		s.expect(202, "POST", imports, importing(nil, person(fmt.Sprintf(`{"email":"p%d@example.com"}`, i))))
		if i == 1 {
			s.work()
		}
	}
	s.expect(202, "POST", imports, importing(nil, person(`{}`))) // nothing to do: complete at once
	for path, want := range map[string]int{
		"":                                  4,
		"?filter=equals(status,\"queued\")": 1,
		"?filter=equals(status,'complete')&sort=created_at": 3,
		"?filter=any(status,['queued','cancelled'])":        1,
	} {
		if got := len(dig(t, s.expect(200, "GET", imports+path, ""), "data").([]any)); got != want {
			t.Errorf("%s gives %d, want %d", path, got, want)
		}
	}
	s.run(t, map[string]exchange{
		"no such job":       {request: request{method: "GET", path: imports + "/" + unknownULID}, status: 404},
		"no job's profiles": {request: request{method: "GET", path: imports + "/" + unknownULID + "/profiles"}, status: 404},
		"no job's errors":   {request: request{method: "GET", path: imports + "/x/import-errors"}, status: 404},
		"an unknown filter": {request: request{method: "GET", path: imports + "?filter=equals(kind,'suppress')"}, status: 400},
		"an unknown list":   {request: request{method: "POST", path: imports, body: importing([]string{"nolist"}, person(`{"email":"a@example.com"}`))}, status: 404, has: []string{"/data/relationships/lists/data"}},
		"nobody":            {request: request{method: "POST", path: imports, body: importing(nil)}, status: 400},
		"not even an array": {request: request{method: "POST", path: imports, body: `{"data":{"type":"profile-bulk-import-job","attributes":{"profiles":{"data":{}}}}}`}, status: 400},
		"10001":             {request: request{method: "POST", path: imports, body: importing(nil, strings.Repeat("1,", 10_000)+"1")}, status: 400, has: []string{"At most 10000"}},
		"6 MB":              {request: request{method: "POST", path: imports, body: importing(nil, strings.Repeat(person(`{"email":"a@example.com"}`)+",", 100_000)+"1")}, status: 413},
	})
	if n := s.count("select count(*) from job"); n != 4 {
		t.Errorf("%d jobs", n)
	}
}

func TestALargeImportIsDoneInPartsAndCanBeCancelled(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var people []string
	for i := range 1200 {
		people = append(people, person(fmt.Sprintf(`{"email":"p%d@example.com","properties":{"x":"%s"}}`, i, strings.Repeat("x", 1000))))
	}
	id := dig(t, s.expect(202, "POST", imports, importing(nil, people...)), "data", "id").(string)
	w := &ingest.JobWorker{Ingester: s.ingester, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if more, err := w.Step(t.Context()); err != nil || !more {
		t.Fatal(more, err)
	}
	if got := dig(t, s.expect(200, "GET", imports+"/"+id, ""), "data", "attributes"); dig(t, got, "status") != "processing" || dig(t, got, "completed_count") != 461.0 {
		t.Errorf("after a part: %v", got)
	}
	if done, err := s.store.CancelJob(t.Context(), id, now); err != nil || !done {
		t.Fatal(done, err)
	}
	if done, err := s.store.CancelJob(t.Context(), id, now); err != nil || done {
		t.Errorf("cancelled twice: %v, %v", done, err)
	}
	s.work()
	if got := dig(t, s.expect(200, "GET", imports+"/"+id, ""), "data", "attributes"); dig(t, got, "status") != "cancelled" || dig(t, got, "completed_count") != 461.0 {
		t.Errorf("after it was cancelled: %v", got)
	}
	if n := s.count("select count(*) from profile"); n != 461 { // a part is of 1 MiB at most
		t.Errorf("%d profiles", n)
	}
	if n, err := s.store.ExpireJobs(t.Context(), now.Add(31*24*time.Hour)); err != nil || n != 1 {
		t.Errorf("%d jobs expired, %v", n, err)
	}
}

func TestWhatPostgresRefusesFailsAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if _, err := s.store.DB.Exec("alter table profile add check (first_name <> 'Bobby')"); err != nil {
		t.Fatal(err)
	}
	var people []string
	for i := range 40 {
		name := "Ada"
		if i == 29 {
			name = "Bobby"
		}
		people = append(people, person(fmt.Sprintf(`{"email":"p%d@example.com","first_name":%q}`, i, name)))
	}
	id := dig(t, s.expect(202, "POST", imports, importing(nil, people...)), "data", "id").(string)
	s.work()
	if got := dig(t, s.expect(200, "GET", imports+"/"+id, ""), "data", "attributes"); dig(t, got, "status") != "complete" || dig(t, got, "completed_count") != 39.0 || dig(t, got, "failed_count") != 1.0 {
		t.Errorf("%v", got)
	}
	faults := s.expect(200, "GET", imports+"/"+id+"/import-errors", "")
	if got := dig(t, faults, "data", 0, "attributes", "source", "pointer"); got != "/data/attributes/profiles/data/29" {
		t.Errorf("%v", faults)
	}
}

// suppressing is a body for a job that suppresses or lifts that.
func suppressing(kind, relations string, emails ...string) string {
	people := make([]string, len(emails))
	for i, email := range emails {
		people[i] = person(`{"email":"` + email + `"}`)
	}
	profiles := `"profiles":{"data":[` + strings.Join(people, ",") + `]}`
	if emails == nil {
		profiles = ""
	}
	return `{"data":{"type":"` + kind + `","attributes":{` + profiles + `}` + relations + `}}`
}

const (
	suppressKind   = "profile-suppression-bulk-create-job"
	unsuppressKind = "profile-suppression-bulk-delete-job"
)

func TestPeopleAreSuppressedByHandAndThatIsLifted(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	list := s.list("Old")
	toList := func(id string) string { return `,"relationships":{"list":{"data":{"type":"list","id":"` + id + `"}}}` }
	var ids []string
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		ids = append(ids, dig(t, s.expect(201, "POST", "/api/profiles", profile(`{"email":"`+email+`"}`)), "data", "id").(string))
	}
	if err := s.ingester.JoinList(t.Context(), list, ids[:2]); err != nil {
		t.Fatal(err)
	}
	if err := s.ingester.Unsubscribe(t.Context(), ids[0], "email"); err != nil {
		t.Fatal(err)
	}
	suppressed := func() int {
		return s.count("select count(*) from suppression where channel = 'email' and reason = 'USER_SUPPRESSED'")
	}
	counts := func(path, body string, total, completed, skipped float64) {
		t.Helper()
		id := dig(t, s.expect(202, "POST", path, body), "data", "id").(string)
		s.work()
		got := dig(t, s.expect(200, "GET", path+"/"+id, ""), "data", "attributes")
		if dig(t, got, "status") != "complete" || dig(t, got, "total_count") != total || dig(t, got, "completed_count") != completed || dig(t, got, "skipped_count") != skipped {
			t.Errorf("%v", got)
		}
	}
	counts(suppress, suppressing(suppressKind, "", "A@example.com", "new@example.com"), 2, 2, 0)
	counts(suppress, suppressing(suppressKind, toList(list)), 2, 1, 1)
	if n := suppressed(); n != 3 {
		t.Errorf("%d are suppressed", n)
	}
	counts(unsuppress, suppressing(unsuppressKind, "", "a@example.com", "unknown@example.com", "c@example.com"), 3, 1, 2)
	counts(unsuppress, suppressing(unsuppressKind, toList(list)), 2, 1, 1)
	if n := suppressed(); n != 1 {
		t.Errorf("%d are suppressed", n)
	}
	if n := s.count("select count(*) from suppression where reason = 'UNSUBSCRIBE'"); n != 1 {
		t.Error("what somebody asked for was lifted")
	}
	for path, want := range map[string]int{"": 2, "?filter=equals(list_id,'" + list + "')": 1, "?filter=equals(segment_id,'x')": 0, "?filter=equals(status,'complete')&sort=created": 2} {
		if got := len(dig(t, s.expect(200, "GET", suppress+path, ""), "data").([]any)); got != want {
			t.Errorf("%s gives %d", path, got)
		}
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("p%d@example.com", i)
	}
	post := func(body string) request { return request{method: "POST", path: suppress, body: body} }
	s.run(t, map[string]exchange{
		"too many":         {request: post(suppressing(suppressKind, "", many...)), status: 400, has: []string{"/data/attributes/profiles/data"}},
		"a bad address":    {request: post(suppressing(suppressKind, "", "a@example.com", "no")), status: 400, has: []string{"/data/attributes/profiles/data/1/attributes/email"}},
		"nobody":           {request: post(suppressing(suppressKind, "")), status: 400},
		"both":             {request: post(suppressing(suppressKind, toList(list), "a@example.com")), status: 400},
		"an unknown list":  {request: post(suppressing(suppressKind, toList("none"))), status: 404, has: []string{"/data/relationships/list/data/id"}},
		"a segment":        {request: post(suppressing(suppressKind, `,"relationships":{"segment":{"data":{"type":"segment","id":"S"}}}`)), status: 404},
		"the other's job":  {request: request{method: "GET", path: unsuppress + "/" + strings.TrimPrefix(s.newest("suppress"), "/")}, status: 404},
		"the other's type": {request: post(suppressing(unsuppressKind, "", "a@example.com")), status: 400, has: []string{"/data/type"}},
	})
}

func (s *server) newest(kind string) string {
	s.t.Helper()
	var id string
	if err := s.store.DB.Get(&id, "select id from job where kind = $1 order by created_at desc, id desc limit 1", kind); err != nil {
		s.t.Fatal(err)
	}
	return id
}

func TestADeletedPersonIsNotImportedByAJobThatWaited(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.create(t, `{"email":"ada@example.com"}`)
	mixed := s.expect(202, "POST", imports, importing(nil, person(`{"email":"ADA@example.com"}`), person(`{"email":"bob@example.com"}`), person(`{"phone_number":"+4915112345678"}`)))
	alone := s.expect(202, "POST", imports, importing(nil, person(`{"email":"Ada@Example.com","first_name":"Ada"}`)))
	for _, known := range []string{`"email":"ada@EXAMPLE.com"`, `"phone_number":"+4915112345678"`} { // the second has no profile yet
		w := s.do(request{method: "POST", path: "/api/data-privacy-deletion-jobs",
			body: `{"data":{"type":"data-privacy-deletion-job","attributes":{"profile":{"data":{"type":"profile","attributes":{` + known + `}}}}}}`})
		if w.Code != 202 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	s.work()
	if n := s.count("select count(*) from profile where email = 'bob@example.com'"); n != 1 || s.count("select count(*) from profile") != 1 {
		t.Errorf("%d of Bob, and %d profiles", n, s.count("select count(*) from profile"))
	}
	for doc, want := range map[*map[string]any]float64{&mixed: 1, &alone: 0} {
		job := dig(t, s.expect(200, "GET", imports+"/"+dig(t, *doc, "data", "id").(string), ""), "data", "attributes")
		if dig(t, job, "status") != "complete" || dig(t, job, "completed_count") != want || dig(t, job, "failed_count") != 0.0 {
			t.Errorf("the job is %v, want %v completed", job, want)
		}
	}
}
