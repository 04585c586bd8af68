package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/legato-flow/legato/channel/consent"
	"github.com/legato-flow/legato/store"
)

var locationAttributes = func() (all []string) {
	for _, name := range store.LocationFields {
		all = append(all, "location."+name)
	}
	return all
}()

var profileDescription = &description{
	name: "profile", path: "/api/profiles",
	attributes: append([]string{"email", "phone_number", "external_id", "first_name", "last_name", "organization", "locale",
		"title", "image", "created", "updated", "last_event_date", "location", "properties"}, slices.Concat(locationAttributes, within(analytics, analyticsFields), subscriptionPaths)...),
	additional: []string{analytics, "subscriptions"},
	filters: map[string]filterField{
		"id":           {filterText, choice},
		"email":        {filterEmail, choice},
		"phone_number": {filterText, choice},
		"external_id":  {filterText, choice},
		"_kx":          {filterText, equality},
		"created":      {filterTime, strictly},
		"updated":      {filterTime, strictly},
		"subscriptions.email.marketing.suppression.reason":          {filterText, equality},
		"subscriptions.email.marketing.suppression.timestamp":       {filterTime, ranges},
		"subscriptions.email.marketing.list_suppressions.reason":    {filterText, equality},
		"subscriptions.email.marketing.list_suppressions.timestamp": {filterTime, ranges},
		"subscriptions.email.marketing.list_suppressions.list_id":   {filterText, equality},
	},
	sorts: []string{"created", "email", "id", "updated",
		"subscriptions.email.marketing.suppression.timestamp", "subscriptions.email.marketing.list_suppressions.timestamp"}, order: "-created",
	size: 20, maxSize: 100,
	includes: []string{"conversations", "push-tokens"},
}

// profileDetail is a profile by itself, which can be asked for more than a profile in a collection.
var profileDetail = func() *description {
	d := *profileDescription
	d.includes = []string{"conversations", "lists", "push-tokens", "segments"}
	return &d
}()

// relatedProfile is a profile where another resource leads to it.
var relatedProfile = func() *description {
	d := *profileDescription
	d.includes = nil
	return &d
}()

func newProfiles(s *store.Store, secret []byte, now func() time.Time, d *description) *resource[store.Profile] {
	return &resource[store.Profile]{
		description: d,
		get:         s.Profile,
		page: func(ctx context.Context, p store.Page) ([]store.Profile, bool, error) {
			for i := range p.Where {
				if c := &p.Where[i]; c.Field == "_kx" {
					id, _ := consent.ReadExchange(secret, c.Value.(string)) // nobody's is equal to what is not of this server
					c.Field, c.Value = "id", id
				}
			}
			return s.Profiles(ctx, p)
		},
		id:         func(p *store.Profile) string { return p.ID },
		position:   (*store.Profile).Position,
		attributes: profileAttributes,
		extend: func(ctx context.Context, q *query, rows []store.Profile, all []*shown) error {
			if err := addAnalytics(ctx, s, now(), q, all); err != nil {
				return err
			}
			return addSubscriptions(ctx, s, q, all)
		},
		included: relateProfiles(slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(profileRelations), d.includes...))))),
		also:     alsoOf(d),
	}
}

// alsoOf are the types that profiles can include.
func alsoOf(d *description) (all []*description) {
	for _, also := range []struct {
		name string
		of   *description
	}{{"conversations", conversationDescription}, {"lists", bareList}, {"push-tokens", pushTokenDescription}, {"segments", segmentDescription}} {
		if slices.Contains(d.includes, also.name) {
			all = append(all, also.of)
		}
	}
	return all
}

func profileAttributes(p *store.Profile) map[string]any {
	location := map[string]any{}
	_ = json.Unmarshal(p.Location, &location) // an object, as ingest wrote it
	for _, name := range store.LocationFields {
		if _, ok := location[name]; !ok {
			location[name] = nil
		}
	}
	all := map[string]any{
		"email": p.Email, "phone_number": p.PhoneNumber, "external_id": p.ExternalID, "first_name": p.FirstName,
		"last_name": p.LastName, "organization": p.Organization, "locale": p.Locale, "title": p.Title, "image": p.Image,
		"created": stamp(p.CreatedAt), "updated": stamp(p.UpdatedAt), "last_event_date": nil,
		"location": location, "properties": p.Properties,
	}
	if p.LastEventAt != nil {
		all["last_event_date"] = stamp(*p.LastEventAt)
	}
	return all
}

func loadProfiles(ctx context.Context, a *api, q *query, ids []string) ([]*shown, error) {
	rows, err := a.store.ProfilesByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	doc, err := a.people.show(ctx, a, q, rows)
	if err != nil {
		return nil, err
	}
	return doc.Data.([]*shown), nil
}

func (a *api) createProfile(w http.ResponseWriter, r *http.Request) error {
	q, c, err := a.profileBody(w, r, profileForm{})
	if err != nil {
		return err
	}
	p, err := a.ingester.CreateProfile(r.Context(), *c)
	if err != nil {
		return refused("/data", "/data/meta", err)
	}
	w.Header().Set("Location", a.base+profileDescription.path+"/"+p.ID)
	return a.people.answer(a, w, r, q, http.StatusCreated, p)
}

func (a *api) importProfile(w http.ResponseWriter, r *http.Request) error {
	q, c, err := a.profileBody(w, r, profileForm{id: true, meta: true})
	if err != nil {
		return err
	}
	p, created, err := a.ingester.UpsertProfile(r.Context(), *c)
	if err != nil {
		return refused("/data", "/data/meta", err)
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", a.base+profileDescription.path+"/"+p.ID)
	}
	return a.people.answer(a, w, r, q, status, p)
}

func (a *api) updateProfile(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	q, c, err := a.profileBody(w, r, profileForm{id: true, meta: true, path: id})
	if err != nil {
		return err
	}
	p, err := a.ingester.UpdateProfile(r.Context(), id, *c)
	if err != nil {
		return refused("/data", "/data/meta", err)
	}
	return a.people.answer(a, w, r, q, http.StatusOK, p)
}
