package ingest

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// reasonDeleted is why a run ends whose person is gone.
const reasonDeleted = "Person Deleted"

// DeleteProfile erases the person with the profile id: the profile with its lists, suppressions, consent, devices and
// addresses, and what waits in jobs. Runs inside are cancelled. What happened stays with its numbers and without its texts, as do messages
// without their addresses. An event with the same address makes a new profile. An unknown id is ErrUnknownProfile.
func (g *Ingester) DeleteProfile(ctx context.Context, id string) (erased store.Erased, err error) {
	err = g.attempt(ctx, func(tx *sqlx.Tx) error {
		if err := g.store.HoldJobs(ctx, tx); err != nil {
			return err
		}
		rows, err := g.store.LockForMerge(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].ID != id {
			return ErrUnknownProfile
		}
		aliases, err := g.store.AliasesOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := g.store.DropFromJobs(ctx, tx, knownBy(&rows[0], aliases)); err != nil {
			return err
		}
		phone := ""
		if rows[0].PhoneNumber != nil {
			phone = *rows[0].PhoneNumber
		}
		erased, err = g.store.EraseProfile(ctx, tx, id, phone, rows[0].Words(aliases), reasonDeleted)
		return err
	})
	return erased, err
}

// knownBy is all that a profile is found by.
func knownBy(p *store.Profile, aliases []store.Alias) (keys store.Keys) {
	c := Change{ID: p.ID, Attributes: map[string]*string{}}
	for _, name := range store.Identifiers {
		c.Attributes[name] = *p.Attribute(name)
	}
	collect(&keys, &c)
	for i := range aliases {
		collect(&keys, &Change{Attributes: map[string]*string{aliases[i].Kind: &aliases[i].Value}})
	}
	return keys
}

// ForgetWaiting drops what waits in jobs to be done about the people with these keys, who may have no profile yet. Parts
// of jobs that are being done are waited for.
func (g *Ingester) ForgetWaiting(ctx context.Context, keys store.Keys) error {
	return g.attempt(ctx, func(tx *sqlx.Tx) error {
		if err := g.store.HoldJobs(ctx, tx); err != nil {
			return err
		}
		return g.store.DropFromJobs(ctx, tx, keys)
	})
}
