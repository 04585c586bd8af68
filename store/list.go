package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// List is a set of profiles that grows and shrinks by hand or API.
type List struct {
	ID           string    `db:"id"`
	Name         string    `db:"name"`
	OptInProcess string    `db:"opt_in_process"` // single_opt_in | double_opt_in
	CreatedAt    time.Time `db:"created_at"`
	UpdatedAt    time.Time `db:"updated_at"`
}

// Position is the list's place in an order of Lists.
func (l *List) Position(sort string) Position {
	switch sort {
	case "created":
		return momentPosition(l.CreatedAt, l.ID)
	case "updated":
		return momentPosition(l.UpdatedAt, l.ID)
	case "name":
		return position(&l.Name, l.ID)
	default:
		return position(&l.ID, l.ID)
	}
}

var listListing = listing{
	query: "list_select",
	id:    column{expression: "id"},
	fields: map[string]column{
		"id":      {expression: "id"},
		"name":    {expression: "name"},
		"created": {expression: "created_at", kind: moment},
		"updated": {expression: "updated_at", kind: moment},
	},
	sorts: map[string]column{
		"id":      {expression: "id"},
		"name":    {expression: "name"},
		"created": {expression: "created_at", kind: moment},
		"updated": {expression: "updated_at", kind: moment},
	},
}

// Lists reads a page. Fields and sorts are those of the public API's lists.
func (s *Store) Lists(ctx context.Context, p Page) (rows []List, more bool, err error) {
	return selectPage[List](ctx, s, listListing, p)
}

// List reads one, or returns ErrNotFound.
func (s *Store) List(ctx context.Context, id string) (List, error) {
	return selectOne[List](ctx, s, "list", id, query("list_by_id"))
}

// ListNamed gives the id of the list with this id or name, or ErrNotFound. Of several with the name it is the oldest.
func (s *Store) ListNamed(ctx context.Context, name string) (id string, err error) {
	err = s.DB.GetContext(ctx, &id, query("list_named"), name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("looking for list %q: %w", name, err)
	}
	return id, nil
}

// ListSize counts the members.
func (s *Store) ListSize(ctx context.Context, id string) (int, error) {
	var n int
	if err := s.DB.GetContext(ctx, &n, query("list_size"), id); err != nil {
		return 0, fmt.Errorf("counting members of list %s: %w", id, err)
	}
	return n, nil
}

// InsertList creates a list with created_at as both its times.
func (s *Store) InsertList(ctx context.Context, l List) error {
	if _, err := s.DB.ExecContext(ctx, query("list_insert"), l.ID, l.Name, l.OptInProcess, l.CreatedAt); err != nil {
		return fmt.Errorf("inserting list %q: %w", l.Name, err)
	}
	return nil
}

// HoldList keeps the list from being deleted until the transaction ends. It returns ErrNotFound if there is none.
func (s *Store) HoldList(ctx context.Context, tx *sqlx.Tx, id string) error {
	err := tx.GetContext(ctx, &id, query("list_hold"), id)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("holding list %s: %w", id, err)
	}
	return nil
}

// UnknownProfiles returns those ids that are no profile's, and holds the others against deletion.
func (s *Store) UnknownProfiles(ctx context.Context, tx *sqlx.Tx, ids []string) ([]string, error) {
	var known []string
	if err := tx.SelectContext(ctx, &known, query("list_known_profiles"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("holding profiles: %w", err)
	}
	var unknown []string
	for _, id := range ids {
		if !slices.Contains(known, id) {
			unknown = append(unknown, id)
		}
	}
	return unknown, nil
}

// JoinList makes profiles members and returns those who were not. Only they enter the live flows that the list
// triggers: one outbox row each, in this transaction. depth is how many runs led to it. Runs that watch their lists are
// nudged.
func (s *Store) JoinList(ctx context.Context, tx *sqlx.Tx, id string, profiles []string, at time.Time, depth int) ([]string, error) {
	var joined []string
	if err := tx.SelectContext(ctx, &joined, query("list_join"), id, pq.Array(profiles), at, depth); err != nil {
		return nil, fmt.Errorf("joining list %s: %w", id, err)
	}
	return joined, nil
}

// LeaveList ends the membership of those profiles that are members, and nudges the runs that watch their lists.
func (s *Store) LeaveList(ctx context.Context, tx *sqlx.Tx, id string, profiles []string) error {
	if _, err := tx.ExecContext(ctx, query("list_leave"), id, pq.Array(profiles)); err != nil {
		return fmt.Errorf("leaving list %s: %w", id, err)
	}
	return nil
}

// ListIDs gives the ids of the lists that have this id or name.
func (s *Store) ListIDs(ctx context.Context, list string) ([]string, error) {
	var ids []string
	if err := s.DB.SelectContext(ctx, &ids, query("list_ids"), list); err != nil {
		return nil, fmt.Errorf("looking for list %s: %w", list, err)
	}
	return ids, nil
}

// ListsOf gives the lists that each of the profiles is a member of, in the order of their ids.
func (s *Store) ListsOf(ctx context.Context, profiles []string) (map[string][]List, error) {
	var rows []struct {
		List
		ProfileID string `db:"profile_id"`
	}
	if err := s.DB.SelectContext(ctx, &rows, query("lists_of_profiles"), pq.Array(profiles)); err != nil {
		return nil, fmt.Errorf("reading the lists of %d profiles: %w", len(profiles), err)
	}
	of := map[string][]List{}
	for _, row := range rows {
		of[row.ProfileID] = append(of[row.ProfileID], row.List)
	}
	return of, nil
}
