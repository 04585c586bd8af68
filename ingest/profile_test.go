package ingest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
	"github.com/lib/pq"
)

// change reads a Change from the JSON of a profile's attributes: identifiers and attributes, location, properties.
func change(t *testing.T, text string) ingest.Change {
	t.Helper()
	var in struct {
		Location   map[string]json.RawMessage
		Properties map[string]json.RawMessage
		Append     map[string][]json.RawMessage
		Unappend   map[string][]json.RawMessage
		Unset      []string
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		t.Fatal(err)
	}
	c := ingest.Change{Location: in.Location, Properties: in.Properties, Append: in.Append, Unappend: in.Unappend, Unset: in.Unset}
	var all map[string]json.RawMessage
	_ = json.Unmarshal([]byte(text), &all)
	c.Attributes = map[string]*string{}
	for _, name := range append(append([]string{}, store.Identifiers...), store.Attributes...) {
		if raw, ok := all[name]; ok {
			var value *string
			if err := json.Unmarshal(raw, &value); err != nil {
				t.Fatal(err)
			}
			c.Attributes[name] = value
		}
	}
	return c
}

func TestManyWritersOfOneEmailMakeOneProfile(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	var wg sync.WaitGroup
	errs := make([]error, 64)
	made := make([]bool, 64)
	for i := range errs {
		wg.Go(func() {
			email := "ada@example.com"
			if i%2 == 0 {
				email = "Ada@Example.com"
			}
			c := by("email", email)
			c.Properties = map[string]json.RawMessage{fmt.Sprintf("p%d", i): json.RawMessage("1")}
			_, made[i], errs[i] = g.UpsertProfile(t.Context(), c)
		})
	}
	wg.Wait()
	created := 0
	for i, err := range errs {
		if err != nil {
			t.Error(err)
		}
		if made[i] {
			created++
		}
	}
	if n := number(t, s, "select count(*) from profile"); n != 1 || created != 1 {
		t.Errorf("%d profiles, %d said to be created", n, created)
	}
	if n := number(t, s, "select count(*) from profile, jsonb_object_keys(properties)"); n != 64 {
		t.Errorf("%d properties survived of 64", n)
	}
}

func TestWritersWhoMixIdentifiersDoNotFail(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	var wg sync.WaitGroup
	errs := make([]error, 48)
	for i := range errs {
		wg.Go(func() {
			var batch []ingest.Event
			for j := range 4 { // overlapping people in different orders
				n := (i*7 + j*5) % 12
				email, phone := fmt.Sprintf("p%d@example.com", n), fmt.Sprintf("+4915112345%03d", (n+i)%12)
				c := ingest.Change{Attributes: map[string]*string{"email": &email, "phone_number": &phone}}
				batch = append(batch, ingest.Event{Metric: fmt.Sprintf("M%d", j), Profile: c, UniqueID: fmt.Sprint(i, j)})
			}
			_, errs[i] = g.Events(t.Context(), batch)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if n := number(t, s, "select count(*) from event"); n != 48*4 {
		t.Errorf("%d events", n)
	}
	// Which email a profile has that several claimed depends on who came last. Nobody is beyond reach.
	for n := range 12 {
		email := fmt.Sprintf("p%d@example.com", n)
		if _, _, err := g.UpsertProfile(t.Context(), ingest.Change{Attributes: map[string]*string{"email": &email}}); err != nil {
			t.Error(err)
		}
	}
	if n := number(t, s, "select count(*) from profile where email is not null"); n != 12 {
		t.Errorf("%d profiles with an email, want 12", n)
	}
}

func TestProfilesMerge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before, change string
		want           string // of email, phone, first name, location, properties
	}{
		"absent leaves":                    {`{"email":"a@example.com","first_name":"Ada","properties":{"a":1}}`, `{"email":"a@example.com"}`, `a@example.com <nil> Ada {} {"a": 1}`},
		"null clears":                      {`{"email":"a@example.com","first_name":"Ada","properties":{"a":1,"b":2}}`, `{"email":"a@example.com","first_name":null,"properties":{"a":null}}`, `a@example.com <nil> <nil> {} {"b": 2}`},
		"top-level values are replaced":    {`{"email":"a@example.com","properties":{"a":{"x":1},"b":1}}`, `{"email":"a@example.com","properties":{"a":{"y":2}}}`, `a@example.com <nil> <nil> {} {"a": {"y": 2}, "b": 1}`},
		"location merges by field":         {`{"email":"a@example.com","location":{"city":"Ulm","zip":"1"}}`, `{"email":"a@example.com","location":{"zip":null,"country":"Germany"}}`, `a@example.com <nil> <nil> {"city": "Ulm", "country": "Germany"} {}`},
		"an identifier is added":           {`{"email":"a@example.com"}`, `{"email":"A@example.com","phone_number":"+12345678901"}`, `a@example.com +12345678901 <nil> {} {}`},
		"append, unappend, unset":          {`{"email":"a@example.com","properties":{"l":["a","b"],"s":"x","u":1}}`, `{"email":"a@example.com","append":{"l":["c","a"],"s":["y"],"n":[1]},"unappend":{"l":["b"]},"unset":["u","none"]}`, `a@example.com <nil> <nil> {} {"l": ["a", "c"], "n": [1], "s": ["x", "y"]}`},
		"a stronger identifier may rename": {`{"external_id":"7","email":"a@example.com"}`, `{"external_id":"7","email":"b@example.com"}`, `b@example.com <nil> <nil> {} {}`},
		"big numbers keep every digit":     {`{"email":"a@example.com"}`, `{"email":"a@example.com","properties":{"n":12345678901234567890.123}}`, `a@example.com <nil> <nil> {} {"n": 12345678901234567890.123}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, s := newIngester(t)
			if _, created, err := g.UpsertProfile(t.Context(), change(t, test.before)); err != nil || !created {
				t.Fatalf("created %v, %v", created, err)
			}
			p, created, err := g.UpsertProfile(t.Context(), change(t, test.change))
			if err != nil || created {
				t.Fatalf("created %v, %v", created, err)
			}
			p, err = s.Profile(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(show(p.Email), " ", show(p.PhoneNumber), " ", show(p.FirstName), " ", p.Location, " ", p.Properties); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func show(s *string) string {
	if s == nil {
		return "<nil>"
	}
	return *s
}

func TestAnUpdateThatChangesNothingWritesNothing(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	c := change(t, `{"email":"a@example.com","first_name":"Ada","location":{"city":"Ulm"},"properties":{"a":{"x":1,"y":[1,2]}}}`)
	p, _, err := g.UpsertProfile(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	version := func() (v string) {
		if err := s.DB.Get(&v, "select xmin::text || ctid::text from profile where id = $1", p.ID); err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := version()
	if _, _, err := g.UpsertProfile(t.Context(), change(t, `{"email":"a@example.com","first_name":"Ada","location":{"city":"Ulm"},"properties":{"a":{"y":[1,2],"x":1}}}`)); err != nil {
		t.Fatal(err)
	}
	if after := version(); after != before {
		t.Errorf("the row was written: %s, %s", before, after)
	}
}

func TestTheStrongestIdentifierDecidesAndTheOthersStay(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	mail, _, _ := g.UpsertProfile(t.Context(), change(t, `{"email":"a@example.com"}`))
	phone, _, err := g.UpsertProfile(t.Context(), change(t, `{"phone_number":"+12345678901","anonymous_id":"x"}`)) // not the phone alone
	if err != nil {
		t.Fatal(err)
	}
	both := change(t, `{"email":"a@example.com","phone_number":"+12345678901","first_name":"Ada"}`)
	p, created, err := g.UpsertProfile(t.Context(), both)
	if err != nil || created || p.ID != mail.ID || p.PhoneNumber != nil || show(p.FirstName) != "Ada" {
		t.Errorf("import: %+v, %v, %v", p, created, err)
	}
	if r := one(t, g, ingest.Event{Metric: "M", Profile: both}); r.ProfileID != mail.ID || r.Err != nil {
		t.Errorf("event: %+v", r)
	}
	if q, _ := s.Profile(t.Context(), phone.ID); show(q.PhoneNumber) != "+12345678901" || q.FirstName != nil {
		t.Errorf("the weaker one: %+v", q)
	}

	var taken *ingest.DuplicateError
	if _, err := g.CreateProfile(t.Context(), both); !errors.As(err, &taken) || taken.ProfileID != mail.ID || taken.Field != "email" {
		t.Errorf("create: %v", err)
	}
	if _, err := g.UpdateProfile(t.Context(), phone.ID, by("email", "A@EXAMPLE.com")); !errors.As(err, &taken) || taken.ProfileID != mail.ID {
		t.Errorf("update: %v", err)
	}
	if _, err := g.UpdateProfile(t.Context(), "nobody", by("email", "c@example.com")); !errors.Is(err, ingest.ErrUnknownProfile) {
		t.Errorf("update of nobody: %v", err)
	}
	if p, err := g.UpdateProfile(t.Context(), mail.ID, by("email", "A@example.com")); err != nil || show(p.Email) != "A@example.com" {
		t.Errorf("another spelling: %v, %v", show(p.Email), err)
	}
	var invalid *ingest.InvalidError
	if _, err := g.UpdateProfile(t.Context(), phone.ID, ingest.Change{Attributes: map[string]*string{"phone_number": nil, "anonymous_id": nil}}); !errors.As(err, &invalid) || invalid.Field != "phone_number" {
		t.Errorf("clearing the last identifier: %v", err)
	}
}

func TestAnIdentifierMayMoveInOneBatch(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	if _, _, err := g.UpsertProfile(t.Context(), change(t, `{"external_id":"1","email":"a@example.com"}`)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.UpsertProfile(t.Context(), change(t, `{"external_id":"2","email":"b@example.com"}`)); err != nil {
		t.Fatal(err)
	}
	_, err := g.Events(t.Context(), []ingest.Event{
		{Metric: "M", Profile: change(t, `{"external_id":"1","email":"c@example.com"}`)},
		{Metric: "M", Profile: change(t, `{"external_id":"2","email":"a@example.com"}`)},
		{Metric: "M", Profile: change(t, `{"external_id":"3","email":"b@example.com"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := s.DB.Select(&got, "select external_id || ' ' || email from profile order by external_id"); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != "[1 c@example.com 2 a@example.com 3 b@example.com]" {
		t.Errorf("got %v", got)
	}
}

func TestDatesOfProfilesAreKeptAndAnnounced(t *testing.T) {
	t.Parallel()
	url := testkit.DatabaseURL(t)
	s, err := store.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	g := ingest.New(s, func() time.Time { return now })
	flow(t, s, "birthday", "live", "date", "birthday")
	heard := make(chan string, 100)
	listener := pq.NewListener(url, time.Second, time.Second, nil)
	t.Cleanup(func() { _ = listener.Close() })
	if err := listener.Listen("legato_dates"); err != nil {
		t.Fatal(err)
	}
	go func() {
		for n := range listener.Notify {
			if n != nil {
				heard <- n.Extra
			}
		}
	}()
	steps := []struct {
		change string
		dates  string
		told   bool
	}{
		{`{"email":"a@example.com","properties":{"birthday":"1990-02-28T23:00:00-08:00","size":"M","n":19900228}}`, "[birthday 1990-2-28]", true},
		{`{"email":"a@example.com","properties":{"size":"L","birthday":"1990-02-28"}}`, "[birthday 1990-2-28]", false},
		{`{"email":"a@example.com","properties":{"since":"03/04/2024"}}`, "[birthday 1990-2-28 since 2024-3-4]", false}, // which no flow uses
		{`{"email":"a@example.com","properties":{"birthday":"29-02-1990"}}`, "[since 2024-3-4]", true},
		{`{"email":"a@example.com","unset":["since"]}`, "[]", false},
	}
	for _, step := range steps {
		_, _, err := g.UpsertProfile(t.Context(), change(t, step.change))
		if err != nil {
			t.Fatal(err)
		}
		dates := []string{}
		if err := s.DB.Select(&dates, "select property || ' ' || year || '-' || month || '-' || day from profile_date order by 1"); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(dates); got != step.dates {
			t.Errorf("%s: %s, want %s", step.change, got, step.dates)
		}
		// A marker, so that silence is told from slowness.
		if _, err := s.DB.Exec("select pg_notify('legato_dates', 'end')"); err != nil {
			t.Fatal(err)
		}
		told := false
		for done := false; !done; {
			select {
			case what := <-heard:
				told = told || what == ""
				done = what == "end"
			case <-time.After(time.Minute):
				t.Fatal("the marker is not heard")
			}
		}
		if told != step.told {
			t.Errorf("%s: the planner was told: %v", step.change, told)
		}
	}
}

func TestAProfileIsBounded(t *testing.T) {
	t.Parallel()
	g, _ := newIngester(t)
	if _, _, err := g.UpsertProfile(t.Context(), change(t, `{"email":"a@example.com"}`)); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; i < 10 && err == nil; i++ {
		c := by("email", "a@example.com")
		c.Properties = map[string]json.RawMessage{}
		for j := range 50 {
			c.Properties[fmt.Sprint(i, "-", j)] = json.RawMessage("1")
		}
		_, _, err = g.UpsertProfile(t.Context(), c)
	}
	var invalid *ingest.InvalidError
	if !errors.As(err, &invalid) || invalid.Field != "properties" {
		t.Errorf("500 properties: %v", err)
	}
}
