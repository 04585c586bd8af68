package ingest

import (
	"context"
	"errors"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
	"github.com/oklog/ulid/v2"
)

// MaxPushToken is how many characters a push token may have.
const MaxPushToken = 2000

// ParsePushToken checks a vendor's token.
func ParsePushToken(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("must not be empty")
	case len(s) > MaxPushToken:
		return "", errors.New("must have at most 2000 characters")
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", errors.New("must be of printable ASCII characters without spaces")
	}
	return s, nil
}

// RegisterPushToken creates or updates the profile that the change is about, and makes the token its device. A
// token that is known moves there from whose it was. Of t, the id, the profile and the times are set here.
func (g *Ingester) RegisterPushToken(ctx context.Context, t store.PushToken, c Change) (store.PushToken, error) {
	if len(t.Metadata) == 0 {
		t.Metadata = emptyObject
	}
	err := g.attempt(ctx, func(tx *sqlx.Tx) error {
		entries, refusals, err := g.resolve(ctx, tx, []*Change{&c}, upsert, false)
		if err != nil {
			return err
		}
		if refusals[0] != nil {
			return refusals[0]
		}
		now := g.now()
		t.ID, t.ProfileID, t.CreatedAt = ulid.MustNewDefault(now).String(), entries[0].after.ID, now
		t, err = g.store.UpsertPushToken(ctx, tx, t)
		return err
	})
	return t, err
}

// UnregisterPushToken takes a device from the profile that the change names, if it is that one's. The vendor may be
// empty. Nothing else is changed, and nobody is created.
func (g *Ingester) UnregisterPushToken(ctx context.Context, token, vendor string, c Change) error {
	return g.attempt(ctx, func(tx *sqlx.Tx) error {
		var keys store.Keys
		collect(&keys, &c)
		locked, err := g.store.LockProfiles(ctx, tx, keys, false)
		if err != nil {
			return err
		}
		d := newDirectory()
		for _, p := range locked {
			d.add(&entry{before: p, after: p})
		}
		e := d.find(&c)
		if e == nil {
			return nil
		}
		_, err = g.store.UnregisterPushToken(ctx, tx, token, vendor, e.after.ID)
		return err
	})
}
