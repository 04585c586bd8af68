package ingest

import (
	"context"
	"encoding/json"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// Change is what someone says about a profile. Everything absent stays as it is. Values must have passed the
// Parse functions of this package.
type Change struct {
	ID            string                     // of an existing profile; else the identifiers tell who it is
	Attributes    map[string]*string         // identifiers and attributes by name; nil clears
	Location      map[string]json.RawMessage // by field; null clears
	ClearLocation bool                       // before Location is applied
	Properties    map[string]json.RawMessage // replace top-level properties; null removes one

	Append   map[string][]json.RawMessage // values to add to list properties
	Unappend map[string][]json.RawMessage // values to remove from list properties
	Unset    []string                     // properties to remove

	// FromClient: said by somebody who knows no more than the public company id. It may describe a person, but never
	// gives one who has an external id, an email address or a phone number another identifier, or takes one away.
	FromClient bool `json:",omitempty"`

	Exchanged      string   `json:",omitempty"` // the id of the profile that a link of ours was made for (_kx): weaker than an address
	AppendEmails   []string `json:",omitempty"` // further addresses
	UnappendEmails []string `json:",omitempty"` // addresses that are no longer the profile's
}

// Identified says whether the change tells whose profile it is about.
func (c *Change) Identified() bool {
	return c.ID != "" || c.Exchanged != "" || c.lasting()
}

// lasting says whether the change has something that a new profile can be found by.
func (c *Change) lasting() bool {
	for _, name := range store.Identifiers {
		if c.Attributes[name] != nil {
			return true
		}
	}
	return false
}

// bare says that the change only names a profile, by one identifier: applied to an existing profile it does
// nothing, so the profile need not be read whole.
func (c *Change) bare() bool {
	named := len(c.Attributes)
	if c.ID != "" {
		named++
	}
	return named == 1 && c.Exchanged == "" && len(c.AppendEmails) == 0 && len(c.UnappendEmails) == 0 && len(c.Location) == 0 && !c.ClearLocation && len(c.Properties) == 0 &&
		len(c.Append) == 0 && len(c.Unappend) == 0 && len(c.Unset) == 0
}

// mode is what a change may do.
type mode int

const (
	// upsert updates the profile of the strongest identifier that is known, or creates one. An identifier that
	// belongs to another profile brings that one along if it has no other identifier, and else is left with it.
	upsert mode = iota
	// create refuses identifiers that are known.
	create
	// update refuses identifiers that belong to another profile.
	update
)

// UpsertProfile creates or updates the profile that the change is about, and says which. If its identifiers
// belong to several profiles, the strongest one decides (id, external id, email, phone number, anonymous id).
// Profiles that have nothing but a weaker one are merged into it; others stay where they are.
func (g *Ingester) UpsertProfile(ctx context.Context, c Change) (p store.Profile, created bool, err error) {
	return g.one(ctx, c, upsert)
}

// CreateProfile creates a profile. If one of the identifiers is known it returns a *DuplicateError.
func (g *Ingester) CreateProfile(ctx context.Context, c Change) (store.Profile, error) {
	p, _, err := g.one(ctx, c, create)
	return p, err
}

// UpdateProfile changes the profile with the id. An identifier that belongs to another profile is a
// *DuplicateError, an unknown id ErrUnknownProfile.
func (g *Ingester) UpdateProfile(ctx context.Context, id string, c Change) (store.Profile, error) {
	c.ID = id
	p, _, err := g.one(ctx, c, update)
	return p, err
}

func (g *Ingester) one(ctx context.Context, c Change, m mode) (p store.Profile, created bool, err error) {
	err = g.attempt(ctx, func(tx *sqlx.Tx) error {
		entries, refusals, err := g.resolve(ctx, tx, []*Change{&c}, m, true)
		if err != nil {
			return err
		}
		if refusals[0] != nil {
			return refusals[0]
		}
		p, created = entries[0].after, entries[0].fresh
		return nil
	})
	return p, created, err
}
