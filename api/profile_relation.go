package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/legato-flow/legato/store"
)

// Types that profiles lead to and of which there are none: no segment can be made yet, and no channel that people
// answer on has been built. What is said of them is true: nobody is in one.
var (
	segmentDescription = &description{name: "segment", path: "/api/segments",
		attributes: []string{"name", "definition", "definition.condition_groups", "created", "updated", "is_active", "is_processing", "is_starred"}}
	conversationDescription = &description{name: "conversation", path: "/api/conversations", attributes: []string{"channel"}}
)

// profileRelations are those of every profile. Only where profiles are what was asked for, they have conversations.
var profileRelations = []string{"lists", "push-tokens", "segments"}

// relateProfiles adds the relationships of profiles to many, and gives what of these is asked for.
func relateProfiles(names []string) func(context.Context, *api, *query, []store.Profile, []*shown) ([]*shown, error) {
	return func(ctx context.Context, a *api, q *query, rows []store.Profile, all []*shown) ([]*shown, error) {
		return includeOfProfiles(ctx, a, q, names, all)
	}
}

func includeOfProfiles(ctx context.Context, a *api, q *query, names []string, all []*shown) ([]*shown, error) {
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
		all[i].Relationships = map[string]related{}
		for _, name := range names {
			var to any
			if q.includes(name) {
				to = []identifier{}
			}
			all[i].relate(name, to)
		}
	}
	var found []*shown
	for _, relation := range []struct {
		name string
		load ofProfiles
	}{{"lists", listsByProfile}, {"push-tokens", pushTokensByProfile}} {
		if !q.includes(relation.name) {
			continue
		}
		of, err := relation.load(ctx, a, q, ids)
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for _, x := range all {
			for _, other := range of[x.ID] {
				if !seen[other.ID] {
					found = append(found, other)
				}
				seen[other.ID] = true
			}
			x.relate(relation.name, identifiersOf(of[x.ID]))
		}
	}
	return found, nil
}

// relate gives a relationship its links, and its members if they are known.
func (x *shown) relate(name string, to any) {
	x.Relationships[name] = related{Data: to, Links: x.links(name)}
}

// ofProfiles gives what some profiles lead to, by profile.
type ofProfiles func(ctx context.Context, a *api, q *query, profiles []string) (map[string][]*shown, error)

func listsByProfile(ctx context.Context, a *api, q *query, profiles []string) (map[string][]*shown, error) {
	rows, err := a.store.ListsOf(ctx, profiles)
	if err != nil {
		return nil, err
	}
	return showEach(ctx, a, q, a.lists, rows)
}

func pushTokensByProfile(ctx context.Context, a *api, q *query, profiles []string) (map[string][]*shown, error) {
	rows, err := pushTokensOf(ctx, a.store, profiles)
	if err != nil {
		return nil, err
	}
	return showEach(ctx, a, q, a.pushTokens, rows)
}

// showEach turns what each profile leads to into resource objects.
func showEach[T any](ctx context.Context, a *api, q *query, s *resource[T], rows map[string][]T) (map[string][]*shown, error) {
	of := make(map[string][]*shown, len(rows))
	for id, some := range rows {
		doc, err := s.show(ctx, a, &query{fields: q.fields}, some)
		if err != nil {
			return nil, err
		}
		of[id] = doc.Data.([]*shown)
	}
	return of, nil
}

// known answers with an error if no profile has the id in the path.
func (a *api) known(r *http.Request) error {
	_, err := a.store.Profile(r.Context(), r.PathValue("id"))
	if errors.Is(err, store.ErrNotFound) {
		return a.people.missing(r.PathValue("id"))
	}
	return err
}

// ofProfile answers with everything of a type that the profile in the path leads to: whole, or the identifiers only.
func ofProfile(d *description, whole bool, load ofProfiles) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		p := parameters{}
		if whole {
			bare := *d
			bare.includes = nil
			p.shapes = []*description{&bare}
		}
		q, err := p.parse(r)
		if err != nil {
			return err
		}
		if err := a.known(r); err != nil {
			return err
		}
		id := r.PathValue("id")
		of, err := load(r.Context(), a, q, []string{id})
		if err != nil {
			return err
		}
		doc := document{Data: of[id], Links: map[string]string{"self": a.base + r.URL.Path}}
		if !whole || len(of[id]) == 0 {
			doc.Data = identifiersOf(of[id])
		}
		respond(w, http.StatusOK, doc)
		return nil
	}
}

func listsOfProfile(whole bool) handler { return ofProfile(bareList, whole, listsByProfile) }

func pushTokensOfProfile(whole bool) handler {
	return ofProfile(pushTokenDescription, whole, pushTokensByProfile)
}

// noneOfProfile answers with nothing, which is all that there is: an empty collection, or null for a relationship to
// one.
func noneOfProfile(d *description, many bool) handler {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		if _, err := (parameters{shapes: []*description{d}}).parse(r); err != nil {
			return err
		}
		if err := a.known(r); err != nil {
			return err
		}
		doc := document{Links: map[string]string{"self": a.base + r.URL.Path}}
		if many {
			doc.Data = []identifier{}
		}
		respond(w, http.StatusOK, doc)
		return nil
	}
}
