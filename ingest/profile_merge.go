package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/legato-flow/legato/store"
)

// ReasonMerged is why a run ends that its person would be in twice after two profiles were merged.
const ReasonMerged = "Profile Merged"

// ErrUnknownSource: a profile to be merged into another is not there.
var ErrUnknownSource = errors.New("no profile to merge has this id")

// link says that two profiles are one person's.
type link struct{ source, destination string }

// linkedError asks for merges before what was attempted can be done.
type linkedError struct{ links []link }

func (e *linkedError) Error() string {
	return fmt.Sprintf("%d profiles have to be merged first", len(e.links))
}

// link finds the profiles that the change shows to be one person's: it names an identifier that is the only one of its
// profile together with a stronger one of another profile. Two email addresses are two people, unless somebody says
// otherwise. From a client only browsers and devices become somebody's. What is not in the database yet is merged here; the others are given back.
func (d *directory) link(c *Change, m mode) (links []link) {
	if m != upsert || c.bare() {
		return nil
	}
	e := d.find(c)
	if e == nil {
		return nil
	}
	for _, name := range store.Identifiers {
		value := c.Attributes[name]
		if value == nil || c.FromClient && name != "anonymous_id" { // anybody may say whose phone it is
			continue
		}
		other := d.owner(name, *value)
		if other == nil || other == e || !linked(&other.after, other.aliases, &e.after, name) {
			continue
		}
		switch {
		case other.fresh:
			d.absorb(e, other, e, other)
		case e.fresh:
			d.absorb(other, e, e, other)
			e = other
		default:
			links = append(links, link{source: other.after.ID, destination: e.after.ID})
		}
	}
	return links
}

// linked says whether the identifier is the only one of source, so that source and destination are one person.
func linked(source *store.Profile, aliases map[string]map[string]bool, destination *store.Profile, name string) bool {
	for _, other := range store.Identifiers {
		if other != name && (*source.Attribute(other) != nil || len(aliases[other]) > 0) {
			return false
		}
	}
	return name != "email" || destination.Email == nil
}

// absorb makes gone, which is not in the database, what keep is. Of the two, destination's attributes win.
func (d *directory) absorb(keep, gone, destination, source *entry) {
	keep.seal()
	gone.seal()
	id := keep.after.ID
	united, left := unite(destination.after, source.after)
	united.ID, united.Aliases = id, keep.after.Aliases
	keep.after, keep.properties, keep.changed = united, nil, true
	for _, name := range store.Identifiers {
		if value := *united.Attribute(name); value != nil {
			d.by[name][key(name, *value)] = keep
		}
	}
	for _, a := range append(left, gone.adding...) {
		d.alias(keep, a.Kind, a.Value, keep.after.UpdatedAt)
	}
	delete(d.byID, gone.after.ID)
	gone.into, gone.adding = keep, nil
}

// unite gives destination what it lacks of source, and the identifiers of source that it has others for. Two things are
// not destination's: the time zone is source's, and the address is that of which more is known.
func unite(destination, source store.Profile) (store.Profile, []store.Alias) {
	u := destination
	var left []store.Alias
	for _, name := range store.Identifiers {
		field, other := u.Attribute(name), *source.Attribute(name)
		switch {
		case other == nil:
		case *field == nil:
			*field = other
		case key(name, **field) != key(name, *other):
			left = append(left, store.Alias{Kind: name, Key: key(name, *other), Value: *other})
		}
	}
	for _, name := range store.Attributes {
		if field := u.Attribute(name); *field == nil {
			*field = *source.Attribute(name)
		}
	}
	u.Properties = fill(destination.Properties, source.Properties)
	u.Location = uniteLocations(destination.Location, source.Location)
	if source.CreatedAt.Before(u.CreatedAt) {
		u.CreatedAt = source.CreatedAt
	}
	return u, left
}

// fill gives an object the members that it lacks.
func fill(object, other types.JSONText) types.JSONText {
	all, more := members(object), members(other)
	before := len(all)
	for name, value := range more {
		if _, has := all[name]; !has {
			all[name] = value
		}
	}
	if len(all) == before {
		return object
	}
	return encodeMembers(all)
}

func uniteLocations(destination, source types.JSONText) types.JSONText {
	a, b := members(destination), members(source)
	zone, ok := b["timezone"]
	if !ok {
		zone, ok = a["timezone"]
	}
	delete(a, "timezone")
	delete(b, "timezone")
	if len(b) > len(a) {
		a = b
	}
	if ok {
		a["timezone"] = zone
	}
	return encodeMembers(a)
}

func members(object types.JSONText) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	_ = json.Unmarshal(object, &all) // an object, as ingest wrote it
	return all
}

func encodeMembers(all map[string]json.RawMessage) types.JSONText {
	encoded, err := json.Marshal(all)
	if err != nil {
		panic(fmt.Sprintf("ingest: members as JSON: %v", err)) // every value has been read as JSON before
	}
	return encoded
}

// MergeProfiles makes everything that is source's destination's, for good: identifiers, attributes that destination
// lacks, events, lists, suppressions, devices, messages and runs. No flow begins by it. Source is gone afterwards;
// its id and identifiers lead to destination. A second time changes nothing. Errors are ErrUnknownProfile for
// destination, ErrUnknownSource, and an *InvalidError where both are one.
func (g *Ingester) MergeProfiles(ctx context.Context, source, destination string) error {
	if source == destination {
		return &InvalidError{Field: "id", Message: "a profile cannot be merged into itself"}
	}
	return g.attempt(ctx, func(tx *sqlx.Tx) error { return g.merge(ctx, tx, link{source, destination}, nil) })
}

// mergeLinked merges two profiles if they still are what link found them to be.
func (g *Ingester) mergeLinked(ctx context.Context, l link) error {
	err := g.attempt(ctx, func(tx *sqlx.Tx) error {
		return g.merge(ctx, tx, l, func(source, destination *entry) bool {
			for _, name := range store.Identifiers {
				if *source.after.Attribute(name) != nil {
					return linked(&source.after, source.aliases, &destination.after, name)
				}
			}
			return false
		})
	})
	if errors.Is(err, ErrUnknownProfile) || errors.Is(err, ErrUnknownSource) {
		return nil // somebody else was faster: whoever asked looks again
	}
	return err
}

func (g *Ingester) merge(ctx context.Context, tx *sqlx.Tx, l link, still func(source, destination *entry) bool) error {
	profiles, err := g.store.LockForMerge(ctx, tx, l.source, l.destination)
	if err != nil {
		return err
	}
	var source, destination *entry
	for _, p := range profiles {
		e, err := newEntry(p)
		if err != nil {
			return err
		}
		switch {
		case p.ID == l.source:
			source = e
		case p.ID == l.destination:
			destination = e
		}
	}
	switch {
	case destination == nil:
		return ErrUnknownProfile
	case source == nil && destination.aliases[store.AliasID][l.source]:
		return nil // has been merged
	case source == nil:
		return ErrUnknownSource
	case still != nil && !still(source, destination):
		return nil
	}
	return g.unite(ctx, tx, source, destination)
}

// unite moves source into destination. Both are locked.
func (g *Ingester) unite(ctx context.Context, tx *sqlx.Tx, source, destination *entry) error {
	now := g.now()
	from, to := source.after.ID, destination.after.ID
	doubled, err := g.store.DropDoubledEvents(ctx, tx, from, to)
	if err != nil {
		return err
	}
	var ids []string
	for _, e := range doubled {
		ids = append(ids, e.ID)
		if e.Metric != orderedProduct {
			continue
		}
		if item, quantity := purchase(e.Properties); item != nil {
			if err := g.store.TakePurchase(ctx, tx, from, *item, *quantity); err != nil {
				return err
			}
		}
	}
	if err := g.store.MoveProfile(ctx, tx, from, to, ids, ReasonMerged); err != nil {
		return err
	}
	united, aliases := unite(destination.after, source.after)
	united.UpdatedAt = now
	if err := g.store.UpdateProfiles(ctx, tx, []store.ProfileUpdate{{Before: destination.before, After: united}}); err != nil {
		return err
	}
	if err := g.store.InheritAge(ctx, tx, to, united.CreatedAt); err != nil {
		return err
	}
	aliases = append(aliases, store.Alias{Kind: store.AliasID, Key: from, Value: from})
	for i := range aliases {
		aliases[i].ProfileID, aliases[i].CreatedAt = to, now
	}
	return g.addAliases(ctx, tx, aliases)
}
