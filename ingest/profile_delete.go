package ingest

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// reasonDeleted is why a run ends whose person is gone.
const reasonDeleted = "Person Deleted"

// DeleteProfile erases the person with the profile id: the profile with its lists, suppressions, consent, devices and
// addresses. Runs inside are cancelled. What happened stays with its numbers and without its texts, as do messages
// without their addresses. An event with the same address makes a new profile. An unknown id is ErrUnknownProfile.
func (g *Ingester) DeleteProfile(ctx context.Context, id string) (erased store.Erased, err error) {
	err = g.attempt(ctx, func(tx *sqlx.Tx) error {
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
		phone := ""
		if rows[0].PhoneNumber != nil {
			phone = *rows[0].PhoneNumber
		}
		erased, err = g.store.EraseProfile(ctx, tx, id, phone, rows[0].Words(aliases), reasonDeleted)
		return err
	})
	return erased, err
}
