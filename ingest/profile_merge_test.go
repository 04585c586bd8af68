package ingest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/store"
)

// upsert makes or changes a profile by the JSON of its attributes.
func upsert(t *testing.T, g *ingest.Ingester, attributes string) store.Profile {
	t.Helper()
	p, _, err := g.UpsertProfile(t.Context(), change(t, attributes))
	if err != nil {
		t.Fatalf("%s: %v", attributes, err)
	}
	return p
}

// happened stores an event of a metric for whom the attributes name.
func happened(t *testing.T, g *ingest.Ingester, metric, attributes string) string {
	t.Helper()
	r := one(t, g, ingest.Event{Metric: metric, Profile: change(t, attributes), UniqueID: fmt.Sprint(rand.Uint64())})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r.ProfileID
}

func TestWhoNamesTwoProfilesMayMakeThemOne(t *testing.T) {
	t.Parallel()
	const phone = "+12345678901"
	tests := map[string]struct {
		first, second string // profiles there before
		linking       string
		profiles      int
		whose         string // 1 or 2: whose profile the linking change is about
	}{
		"a phone alone goes to an email":              {`{"email":"a@example.com"}`, `{"phone_number":"` + phone + `"}`, `{"email":"A@example.com","phone_number":"` + phone + `"}`, 1, "1"},
		"an email alone goes to an external id":       {`{"external_id":"1"}`, `{"email":"a@example.com"}`, `{"external_id":"1","email":"a@example.com"}`, 1, "1"},
		"an email does not go to another email":       {`{"external_id":"1","email":"b@example.com"}`, `{"email":"a@example.com"}`, `{"external_id":"1","email":"a@example.com"}`, 2, "1"},
		"who has more than the weaker one stays":      {`{"email":"a@example.com"}`, `{"phone_number":"` + phone + `","anonymous_id":"x"}`, `{"email":"a@example.com","phone_number":"` + phone + `"}`, 2, "1"},
		"a browser becomes known":                     {`{"email":"a@example.com"}`, `{"anonymous_id":"x"}`, `{"email":"a@example.com","anonymous_id":"x"}`, 1, "1"},
		"a second browser is theirs as well":          {`{"email":"a@example.com","anonymous_id":"y"}`, `{"anonymous_id":"x"}`, `{"email":"a@example.com","anonymous_id":"x"}`, 1, "1"},
		"a browser that somebody else uses too":       {`{"email":"a@example.com"}`, `{"email":"b@example.com","anonymous_id":"x"}`, `{"email":"a@example.com","anonymous_id":"x"}`, 2, "1"},
		"a new address in somebody else's browser":    {`{"external_id":"1"}`, `{"email":"b@example.com","anonymous_id":"x"}`, `{"email":"c@example.com","anonymous_id":"x"}`, 3, ""},
		"a new address with somebody else's phone":    {`{"external_id":"1"}`, `{"email":"b@example.com","phone_number":"` + phone + `"}`, `{"email":"c@example.com","phone_number":"` + phone + `"}`, 3, ""},
		"a new address for a phone is that person's":  {`{"external_id":"1"}`, `{"phone_number":"` + phone + `"}`, `{"email":"c@example.com","phone_number":"` + phone + `"}`, 2, "2"},
		"three at once: the phone and the browser go": {`{"email":"a@example.com"}`, `{"phone_number":"` + phone + `"}`, `{"email":"a@example.com","phone_number":"` + phone + `","anonymous_id":"x"}`, 1, "1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, s := newIngester(t)
			ids := map[string]string{"1": happened(t, g, "M", test.first), "2": happened(t, g, "M", test.second)}
			got := happened(t, g, "M", test.linking)
			if n := number(t, s, "select count(*) from profile"); n != test.profiles {
				t.Errorf("%d profiles, want %d", n, test.profiles)
			}
			if want := ids[test.whose]; want != "" && got != want {
				t.Errorf("the event is of %s, want the profile %s", got, test.whose)
			}
			if n := number(t, s, "select count(*) from event e join profile p on p.id = e.profile_id"); n != 3 {
				t.Errorf("%d events of profiles, want 3", n)
			}
			for _, attributes := range []string{test.first, test.second} { // what led to a person still leads to them
				happened(t, g, "M", attributes)
			}
			if n := number(t, s, "select count(*) from profile"); n != test.profiles {
				t.Errorf("%d profiles after the old identifiers were used again, want %d", n, test.profiles)
			}
		})
	}
}

func TestProfilesOfOneBatchBecomeOne(t *testing.T) {
	t.Parallel()
	const phone = "+12345678901"
	both := `{"email":"a@example.com","phone_number":"` + phone + `","properties":{"n":3}}`
	for name, batch := range map[string][]string{
		"both new":                {`{"phone_number":"` + phone + `","properties":{"n":1,"p":1}}`, `{"email":"a@example.com","properties":{"n":2,"e":1}}`, both},
		"both new, the other way": {`{"email":"a@example.com","properties":{"e":1}}`, `{"phone_number":"` + phone + `","properties":{"p":1}}`, both},
		"three browsers":          {`{"anonymous_id":"x","properties":{"p":1}}`, `{"anonymous_id":"y","properties":{"e":1}}`, `{"email":"a@example.com","anonymous_id":"x"}`, `{"email":"a@example.com","anonymous_id":"y","properties":{"n":3}}`},
	} {
		for _, stored := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("%s, %d there", name, stored), func(t *testing.T) {
				t.Parallel()
				g, s := newIngester(t)
				for _, attributes := range batch[:stored] {
					upsert(t, g, attributes)
				}
				var events []ingest.Event
				for i, attributes := range batch[stored:] {
					events = append(events, ingest.Event{Metric: "M", UniqueID: fmt.Sprint(i), Profile: change(t, attributes)})
				}
				results, err := g.Events(t.Context(), events)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					if r.ProfileID != results[0].ProfileID || r.Err != nil {
						t.Errorf("%+v", results)
					}
				}
				var properties string
				if err := s.DB.Get(&properties, "select properties::text from profile"); err != nil || properties != `{"e": 1, "n": 3, "p": 1}` {
					t.Errorf("%s, %v", properties, err)
				}
				if n := number(t, s, "select count(*) from profile"); n != 1 {
					t.Errorf("%d profiles", n)
				}
			})
		}
	}
}

func TestAMergedProfileHasWhatBothHad(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	d := upsert(t, g, `{"email":"a@example.com","first_name":"Ada","location":{"city":"Ulm","timezone":"Europe/Berlin"},"properties":{"color":"red","birthday":"1990-01-02"}}`)
	x := upsert(t, g, `{"email":"b@example.com","external_id":"7","first_name":"B","last_name":"Byron","location":{"city":"Bonn","zip":"53111","timezone":"Europe/London"},"properties":{"color":"blue","size":{"eu":38}}}`)
	if err := g.MergeProfiles(t.Context(), x.ID, d.ID); err != nil {
		t.Fatal(err)
	}
	got, err := s.Profile(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if show(got.Email) != "a@example.com" || show(got.ExternalID) != "7" || show(got.FirstName) != "Ada" || show(got.LastName) != "Byron" {
		t.Errorf("%+v", got)
	}
	for field, want := range map[string]string{string(got.Location): `{"zip": "53111", "city": "Bonn", "timezone": "Europe/London"}`,
		string(got.Properties): `{"size": {"eu": 38}, "color": "red", "birthday": "1990-01-02"}`} {
		if field != want {
			t.Errorf("got %s, want %s", field, want)
		}
	}
	if _, err := s.Profile(t.Context(), x.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the source is still there: %v", err)
	}
	if n := number(t, s, "select count(*) from profile_date where zone = 'Europe/London'"); n != 1 {
		t.Errorf("%d dates in the new time zone", n)
	}
	// The old address and the old id lead to the person that is left, and belong to nobody else.
	for _, c := range []ingest.Change{by("email", "B@example.com"), {ID: x.ID}} {
		if r := one(t, g, ingest.Event{Metric: "M", Profile: c, UniqueID: fmt.Sprint(c)}); r.ProfileID != d.ID || r.Err != nil {
			t.Errorf("%+v", r)
		}
	}
	var taken *ingest.DuplicateError
	if _, err := g.CreateProfile(t.Context(), by("email", "b@example.com")); !errors.As(err, &taken) || taken.ProfileID != d.ID {
		t.Errorf("create: %v", err)
	}
	if _, err := g.UpdateProfile(t.Context(), x.ID, by("title", "x")); !errors.Is(err, ingest.ErrUnknownProfile) {
		t.Errorf("update: %v", err)
	}
	if err := g.Unsubscribe(t.Context(), x.ID, "email"); err != nil {
		t.Errorf("unsubscribing by a link sent to the old profile: %v", err)
	}
	if n := number(t, s, "select count(*) from suppression where profile_id = $1", d.ID); n != 1 {
		t.Errorf("%d suppressions", n)
	}
	var invalid *ingest.InvalidError
	if err := g.MergeProfiles(t.Context(), x.ID, d.ID); err != nil {
		t.Errorf("merging again: %v", err)
	}
	if err := g.MergeProfiles(t.Context(), d.ID, d.ID); !errors.As(err, &invalid) {
		t.Errorf("into itself: %v", err)
	}
	if err := g.MergeProfiles(t.Context(), d.ID, "nobody"); !errors.Is(err, ingest.ErrUnknownProfile) {
		t.Errorf("into nobody: %v", err)
	}
	if err := g.MergeProfiles(t.Context(), "nobody", d.ID); !errors.Is(err, ingest.ErrUnknownSource) {
		t.Errorf("nobody: %v", err)
	}
}

func TestWritersAndMergersOfTheSamePeopleLoseNothing(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	accepted := make([]int, 12)
	for w := range accepted {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 7))
			for i := range 25 {
				n := random.IntN(6)
				email, phone, device, external := fmt.Sprintf("p%d@example.com", n), fmt.Sprintf("+4915112345%03d", random.IntN(6)), fmt.Sprintf("d%d", random.IntN(8)), fmt.Sprint("x", n)
				all := map[string]*string{"email": &email, "phone_number": &phone, "anonymous_id": &device, "external_id": &external}
				c := ingest.Change{Attributes: map[string]*string{}}
				for name, value := range all {
					if random.IntN(2) == 0 {
						c.Attributes[name] = value
					}
				}
				if len(c.Attributes) == 0 {
					c.Attributes["email"] = &email
				}
				if random.IntN(4) == 0 {
					c.AppendEmails = []string{fmt.Sprintf("more%d@example.com", n)}
				}
				if random.IntN(10) == 0 {
					mu.Lock()
					var ids []string
					for id := range seen {
						ids = append(ids, id)
					}
					mu.Unlock()
					if len(ids) > 1 {
						slices.Sort(ids)
						a, b := ids[random.IntN(len(ids))], ids[random.IntN(len(ids))]
						var invalid *ingest.InvalidError
						if err := g.MergeProfiles(t.Context(), a, b); err != nil && !errors.Is(err, ingest.ErrUnknownProfile) && !errors.Is(err, ingest.ErrUnknownSource) && !errors.As(err, &invalid) {
							t.Errorf("merging: %v", err)
						}
					}
				}
				r, err := g.Event(t.Context(), ingest.Event{Metric: "M", Profile: c, UniqueID: fmt.Sprint(w, " ", i)})
				var taken *ingest.DuplicateError
				switch {
				case err != nil:
					t.Errorf("event: %v", err)
				case errors.As(r.Err, &taken):
				case r.Err != nil:
					t.Errorf("event: %v", r.Err)
				default:
					accepted[w]++
					mu.Lock()
					seen[r.ProfileID] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range accepted {
		total += n
	}
	if n := number(t, s, "select count(*) from event e join profile p on p.id = e.profile_id"); n != total || total < 200 {
		t.Errorf("%d events of profiles, %d accepted", n, total)
	}
	if n := number(t, s, "select count(*) from profile where id like 'alias/%'"); n != 0 {
		t.Errorf("%d claims were left behind", n)
	}
	// One of the indexes and the triggers would have to fail for these.
	if n := number(t, s, `select count(*) from profile_alias a join profile p on a.kind = 'email' and a.key = lower(p.email)
		or a.kind = 'phone_number' and a.key = p.phone_number or a.kind = 'anonymous_id' and a.key = p.anonymous_id
		or a.kind = 'external_id' and a.key = p.external_id or a.kind = 'id' and a.key = p.id`); n != 0 {
		t.Errorf("%d identifiers are somebody's own and another's alias", n)
	}
	for id := range seen {
		if r := one(t, g, ingest.Event{Metric: "M", Profile: ingest.Change{ID: id}, UniqueID: "after " + id}); r.Err != nil {
			t.Errorf("the id %s leads nowhere: %v", id, r.Err)
		}
	}
}

func TestEverythingOfAProfileIsMerged(t *testing.T) {
	t.Parallel()
	g, s := newIngester(t)
	d, x := upsert(t, g, `{"email":"a@example.com"}`).ID, upsert(t, g, `{"email":"b@example.com","properties":{"birthday":"1990-01-02"}}`).ID
	// The same order was reported of both; a visit of each fell into the same second.
	for _, id := range []string{d, x} {
		for i, e := range []ingest.Event{
			{Metric: "Ordered Product", UniqueID: "order 1", Properties: json.RawMessage(`{"ProductID":"mug","Quantity":2}`)},
			{Metric: "Ordered Product", UniqueID: "order of " + id, Properties: json.RawMessage(`{"ProductID":"mug"}`)},
			{Metric: "Viewed", Time: now, Properties: json.RawMessage(`{"page":"` + id + `"}`)},
		} {
			e.Profile = ingest.Change{ID: id}
			if r := one(t, g, e); r.Err != nil || r.Duplicate {
				t.Fatal(i, r)
			}
		}
	}
	l, err := g.CreateList(t.Context(), "L", ingest.SingleOptIn)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.JoinList(t.Context(), l.ID, []string{x}); err != nil {
		t.Fatal(err)
	}
	if err := g.Unsubscribe(t.Context(), x, "email"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.RegisterPushToken(t.Context(), store.PushToken{Token: "t", Platform: "ios", Vendor: "apns", EnablementStatus: "AUTHORIZED", Background: "AVAILABLE"}, ingest.Change{ID: x}); err != nil {
		t.Fatal(err)
	}
	flow(t, s, "on-list", "live", "list", l.ID)
	for _, q := range []string{
		"insert into outbox (flow_id, profile_id, entry_key) values ('on-list', '" + x + "', 'k')",
		"insert into refusal (flow_id, profile_id, entry_key, reason) values ('on-list', '" + x + "', 'k', 'reentry'), ('on-list', '" + d + "', 'k', 'reentry'), ('on-list', '" + x + "', 'k2', 'reentry')",
		"insert into message (send_key, message_id, profile_id, channel, address, status, owner) values ('k', 'm', '" + x + "', 'email', 'b@example.com', 'sent', 'o')",
		"insert into send_timer (channel, key, started_at, until) values ('email', '" + x + "', now(), now() + interval '1 hour'), ('email', '" + d + "', now(), now())",
		"insert into consent (profile_id, channel, purpose, consent, at, method, updated_at) values ('" + d + "', 'email', 'marketing', 'SUBSCRIBED', '2027-01-01', 'API', now())",
		"insert into list_suppression (profile_id, list_id, reason, at) values ('" + x + "', '" + l.ID + "', 'UNSUBSCRIBE', now())",
		"insert into job (id, kind, total, expires_at) values ('j', 'suppress', 1, now())",
		"insert into job_profile (job_id, profile_id) values ('j', '" + x + "')",
		"insert into date_change (profile_id, property) values ('" + x + "', 'birthday')",
		"insert into profile_alias (kind, key, value, profile_id) values ('anonymous_id', 'device', 'device', '" + x + "')",
	} {
		if _, err := s.DB.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	entries := number(t, s, "select count(*) from outbox")
	if err := g.MergeProfiles(t.Context(), x, d); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		"select count(*) from event where profile_id = $1":                                6, // one of the two orders, and the unsubscription
		"select count(*) from event_key where profile_id = $1":                            3,
		"select quantity::int from purchase where profile_id = $1":                        4,
		"select count(*) from list_member where profile_id = $1":                          1,
		"select count(*) from suppression where profile_id = $1":                          1,
		"select count(*) from push_token where profile_id = $1":                           1,
		"select count(*) from refusal where profile_id = $1":                              2,
		"select count(*) from message where profile_id = $1":                              1,
		"select count(*) from profile_date where profile_id = $1":                         1,
		"select count(*) from send_timer where key = $1 and until > now()":                1,
		"select count(*) from profile_alias where profile_id = $1":                        3, // the device, the address, the id
		"select count(*) from list_suppression where profile_id = $1":                     1,
		"select count(*) from job_profile where profile_id = $1":                          1,
		"select count(*) from outbox where profile_id = $1":                               entries,
		"select count(*) from consent where profile_id = $1 and consent = 'UNSUBSCRIBED'": 1,
		"select count(*) from date_change where profile_id = $1 and property <> 'nil'":    1,
	} {
		if got := number(t, s, query, d); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	if where := mentions(t, s, x); fmt.Sprint(where) != "[event.properties event.unique_id event_key.unique_id profile_alias.key profile_alias.value]" {
		t.Errorf("the old id is still in %v", where)
	}
}

// mentions looks for a text in every column of the database.
func mentions(t *testing.T, s *store.Store, text string) (where []string) {
	t.Helper()
	var columns []struct {
		Table  string `db:"table_name"`
		Column string `db:"column_name"`
	}
	err := s.DB.Select(&columns, `select c.table_name, c.column_name from information_schema.columns c
		join pg_class p on p.relname = c.table_name and p.relnamespace = 'public'::regnamespace and p.relkind in ('r', 'p') and not p.relispartition
		where c.table_schema = 'public' and c.data_type in ('text', 'jsonb', 'json', 'character varying', 'ARRAY', 'bytea') order by 1, 2`)
	if err != nil || len(columns) < 60 {
		t.Fatal(len(columns), err)
	}
	for _, c := range columns {
		n := number(t, s, fmt.Sprintf(`select count(*) from %q where strpos(lower(%q::text), lower($1)) > 0`, c.Table, c.Column), text)
		if n > 0 {
			where = append(where, c.Table+"."+c.Column)
		}
	}
	return where
}
