package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/store"
)

// Opt-in processes of a list.
const (
	SingleOptIn = "single_opt_in"
	DoubleOptIn = "double_opt_in"
)

// UnknownProfilesError says which ids are no profile's.
type UnknownProfilesError struct{ IDs []string }

func (e *UnknownProfilesError) Error() string {
	return fmt.Sprintf("no profiles have these ids: %s", strings.Join(e.IDs, ", "))
}

// CreateList creates an empty list.
func (g *Ingester) CreateList(ctx context.Context, name, optIn string) (store.List, error) {
	now := g.now()
	l := store.List{ID: store.ShortID(), Name: name, OptInProcess: optIn, CreatedAt: now, UpdatedAt: now}
	return l, g.store.InsertList(ctx, l)
}

// JoinList makes profiles members of a list. Those who were not members enter the live flows that the list
// triggers. One unknown profile refuses the whole call.
func (g *Ingester) JoinList(ctx context.Context, list string, profiles []string) error {
	profiles = slices.Compact(slices.Sorted(slices.Values(profiles)))
	return g.attempt(ctx, func(tx *sqlx.Tx) error {
		if err := g.hold(ctx, tx, list); err != nil {
			return err
		}
		unknown, err := g.store.UnknownProfiles(ctx, tx, profiles)
		if err != nil {
			return err
		}
		if len(unknown) > 0 {
			return &UnknownProfilesError{IDs: unknown}
		}
		_, err = g.store.JoinList(ctx, tx, list, profiles, g.now(), 0)
		return err
	})
}

// LeaveList ends memberships. Profiles that are not members, or not there at all, make no difference.
func (g *Ingester) LeaveList(ctx context.Context, list string, profiles []string) error {
	return g.attempt(ctx, func(tx *sqlx.Tx) error {
		if err := g.hold(ctx, tx, list); err != nil {
			return err
		}
		return g.store.LeaveList(ctx, tx, list, profiles)
	})
}

func (g *Ingester) hold(ctx context.Context, tx *sqlx.Tx, list string) error {
	err := g.store.HoldList(ctx, tx, list)
	if errors.Is(err, store.ErrNotFound) {
		return ErrUnknownList
	}
	return err
}
