package ingest_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

func TestAnAddressIsTakenByOneOfTwoWhoClaimItAtOnce(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	a, b := upsert(t, g, `{"external_id":"a","email":"a@example.com"}`), upsert(t, g, `{"external_id":"b","email":"b@example.com"}`)
	for round := range 15 {
		email := fmt.Sprintf("new%d@example.com", round)
		claims := []func() error{
			func() error {
				_, err := g.UpdateProfile(t.Context(), a.ID, ingest.Change{AppendEmails: []string{email}})
				return err
			},
			func() error {
				_, err := g.UpdateProfile(t.Context(), b.ID, ingest.Change{AppendEmails: []string{strings.ToUpper(email)}})
				return err
			},
			func() error { _, err := g.CreateProfile(t.Context(), by("email", email)); return err },
		}
		errs := make([]error, len(claims))
		var wg sync.WaitGroup
		for i, claim := range claims {
			wg.Go(func() { errs[i] = claim() })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			var taken *ingest.DuplicateError
			if err == nil {
				won++
			} else if !errors.As(err, &taken) {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if n := number(t, s, "select (select count(*) from profile where lower(email) = $1) + (select count(*) from profile_alias where key = $1)", email); won != 1 || n != 1 {
			t.Fatalf("round %d: %d claims won, %d have it", round, won, n)
		}
	}
}

func TestFurtherAddressesAreAddedAndRemoved(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	p := upsert(t, g, `{"email":"a@example.com"}`)
	patch := func(c ingest.Change) store.Profile {
		t.Helper()
		p, err := g.UpdateProfile(t.Context(), p.ID, c)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	aliases := func() string {
		var keys []string
		if err := s.DB.Select(&keys, "select kind || ' ' || key || ' ' || value from profile_alias order by 1"); err != nil {
			t.Fatal(err)
		}
		return strings.Join(keys, ", ")
	}
	patch(ingest.Change{AppendEmails: []string{"B@example.com", "b@EXAMPLE.com", "a@example.com", "c@example.com"}})
	if got := aliases(); got != "email b@example.com B@example.com, email c@example.com c@example.com" {
		t.Errorf("after adding: %s", got)
	}
	if q := upsert(t, g, `{"email":"b@example.com","first_name":"Ada"}`); q.ID != p.ID || show(q.Email) != "a@example.com" {
		t.Errorf("an import by the second address: %+v", q)
	}
	if q := patch(by("email", "b@example.com")); show(q.Email) != "b@example.com" {
		t.Errorf("the second address becomes the first: %+v", q)
	}
	patch(ingest.Change{UnappendEmails: []string{"C@example.com", "nobody@example.com", "b@example.com"}})
	if got := aliases(); got != "email a@example.com a@example.com" {
		t.Errorf("after removing: %s", got)
	}
	if q := upsert(t, g, `{"email":"c@example.com"}`); q.ID == p.ID {
		t.Error("the removed address still leads there")
	}
	var taken *ingest.DuplicateError
	if _, err := g.UpdateProfile(t.Context(), p.ID, ingest.Change{AppendEmails: []string{"c@example.com"}}); !errors.As(err, &taken) || taken.Field != "email" {
		t.Errorf("another's address: %v", err)
	}
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprintf("m%d@example.com", i))
	}
	var invalid *ingest.InvalidError
	if _, err := g.UpdateProfile(t.Context(), p.ID, ingest.Change{AppendEmails: many}); !errors.As(err, &invalid) {
		t.Errorf("too many: %v", err)
	}
	first := upsert(t, g, `{"external_id":"none yet"}`)
	if q, err := g.UpdateProfile(t.Context(), first.ID, ingest.Change{AppendEmails: []string{"first@example.com"}}); err != nil || show(q.Email) != "first@example.com" {
		t.Errorf("the first address: %+v, %v", q, err)
	}
	for i := range 105 {
		happened(t, g, "M", fmt.Sprintf(`{"email":"first@example.com","anonymous_id":"device %d"}`, i))
	}
	if n := number(t, s, "select count(*) from profile_alias where profile_id = $1", first.ID); n != 100 {
		t.Errorf("%d devices are kept, want 100", n)
	}
}

func TestALinkLeadsToItsPersonUnlessTheySayOtherwise(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	ada := upsert(t, g, `{"email":"ada@example.com"}`)
	visit := happened(t, g, "Viewed", `{"anonymous_id":"browser"}`)
	with := func(attributes string) ingest.EventResult {
		c := change(t, attributes)
		c.Exchanged = ada.ID
		return one(t, g, ingest.Event{Metric: "M", Profile: c, UniqueID: attributes})
	}
	if r := with(`{"anonymous_id":"browser"}`); r.ProfileID != ada.ID || r.Err != nil {
		t.Errorf("the link was clicked in the browser: %+v", r)
	}
	if n := number(t, s, "select count(*) from event where profile_id = $1", visit); n != 0 {
		t.Errorf("%d events were left behind", n)
	}
	if r := with(`{}`); r.ProfileID != ada.ID || r.Err != nil {
		t.Errorf("nothing but the link: %+v", r)
	}
	if r := with(`{"email":"friend@example.com"}`); r.ProfileID == ada.ID || r.Err != nil {
		t.Errorf("the link was passed on: %+v", r)
	}
	gone := ingest.Change{Exchanged: "nobody", Attributes: map[string]*string{}}
	if r := one(t, g, ingest.Event{Metric: "M", Profile: gone}); !errors.Is(r.Err, ingest.ErrUnknownProfile) {
		t.Errorf("a link of nobody: %+v", r)
	}
}
