package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/lib/pq"
)

// Keys are identifiers to find profiles by. Emails are in lower case.
type Keys struct {
	IDs, ExternalIDs, Emails, PhoneNumbers, AnonymousIDs []string
}

// find gives a statement for the ids of the profiles that one of the keys names, and its arguments. The statement is
// empty if there is no key.
func (k *Keys) find() (statement string, args []any) {
	var parts []string
	for _, kind := range []struct {
		name, column string
		keys         []string
	}{
		{AliasID, "id", k.IDs},
		{"external_id", "external_id", k.ExternalIDs},
		{"email", "lower(email)", k.Emails},
		{"phone_number", "phone_number", k.PhoneNumbers},
		{"anonymous_id", "anonymous_id", k.AnonymousIDs},
	} {
		if len(kind.keys) == 0 {
			continue
		}
		args = append(args, pq.Array(kind.keys))
		parts = append(parts, strings.NewReplacer(
			"{kind}", kind.name, "{column}", kind.column, "{keys}", fmt.Sprintf("$%d", len(args))).Replace(query("profile_by_key")))
	}
	return strings.Join(parts, "\nunion all\n"), args
}

// LockProfiles reads every profile that one of the keys names and holds them against other writers until the
// transaction ends: in the order of their ids, so that two writers who need the same ones wait for each other instead of
// deadlocking. Without whole, all but their ids and identifiers is left empty, which is cheaper and not enough to
// update.
func (s *Store) LockProfiles(ctx context.Context, tx *sqlx.Tx, k Keys, whole bool) ([]Profile, error) {
	ids, args := k.find()
	if ids == "" {
		return nil, nil
	}
	name := "profile_lock"
	if !whole {
		name = "profile_lock_named"
	}
	var rows []Profile
	if err := tx.SelectContext(ctx, &rows, query(name)+"\nwhere id in (\n"+ids+"\n)\norder by id\nfor no key update", args...); err != nil {
		return nil, fmt.Errorf("locking profiles: %w", err)
	}
	return rows, nil
}

// FindProfiles gives the ids of the profiles that one of the keys names.
func (s *Store) FindProfiles(ctx context.Context, k Keys) (ids []string, err error) {
	statement, args := k.find()
	if statement == "" {
		return nil, nil
	}
	if err := s.DB.SelectContext(ctx, &ids, "select distinct id from (\n"+statement+"\n) found order by id", args...); err != nil {
		return nil, fmt.Errorf("finding profiles: %w", err)
	}
	return ids, nil
}

// InsertProfiles creates those that no other transaction has just created under one of their identifiers, and
// returns how many: fewer than given means that the transaction has to be tried again.
func (s *Store) InsertProfiles(ctx context.Context, tx *sqlx.Tx, profiles []Profile) (int, error) {
	var ids []string
	if err := tx.SelectContext(ctx, &ids, query("profile_insert"), document(profiles)); err != nil {
		return 0, fmt.Errorf("inserting profiles: %w", err)
	}
	if len(ids) < len(profiles) {
		return len(ids), nil
	}
	var dated []Profile
	for _, p := range profiles {
		properties := members(p.Properties)
		s.recordProfile(tx, p.UpdatedAt, nil, properties)
		if len(dates(p.ID, properties)) > 0 {
			dated = append(dated, p)
		}
	}
	return len(ids), s.replaceDates(ctx, tx, dated)
}

// ProfileUpdate is a profile that LockProfiles gave whole, and what is to become of it.
type ProfileUpdate struct {
	Before, After Profile
}

// UpdateProfiles writes all of After but its id and created_at. It keeps profile_date in step
// with the properties, and tells the date planner when a date changed.
func (s *Store) UpdateProfiles(ctx context.Context, tx *sqlx.Tx, updates []ProfileUpdate) error {
	if len(updates) == 0 {
		return nil
	}
	var profiles, dated []Profile
	for _, u := range updates {
		profiles = append(profiles, u.After)
		before, after := members(u.Before.Properties), members(u.After.Properties)
		s.recordProfile(tx, u.After.UpdatedAt, before, after)
		if !slices.Equal(dates(u.After.ID, before), dates(u.After.ID, after)) {
			dated = append(dated, u.After)
		}
	}
	var ids []string
	if err := tx.SelectContext(ctx, &ids, query("profile_update"), document(profiles)); err != nil {
		return fmt.Errorf("updating profiles: %w", err)
	}
	if len(ids) != len(updates) {
		return fmt.Errorf("updating profiles: %d of %d are there", len(ids), len(updates))
	}
	return s.replaceDates(ctx, tx, dated)
}

type profileDate struct {
	ProfileID string `json:"profile_id"`
	Property  string `json:"property"`
	Year      int    `json:"year"`
	Month     int    `json:"month"`
	Day       int    `json:"day"`
}

// members takes a JSON object apart. Anything else has none.
func members(object []byte) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(object, &all) != nil {
		return nil
	}
	return all
}

// dates finds the properties of a profile that hold a date, in the order of their names. A number is never one.
func dates(profileID string, properties map[string]json.RawMessage) []profileDate {
	var found []profileDate
	for name, raw := range properties {
		var value string
		if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
			continue
		}
		if year, month, day, ok := plan.ParseDate(value); ok {
			found = append(found, profileDate{ProfileID: profileID, Property: name, Year: year, Month: int(month), Day: day})
		}
	}
	slices.SortFunc(found, func(a, b profileDate) int {
		if a.Property < b.Property {
			return -1
		}
		return 1
	})
	return found
}

func (s *Store) replaceDates(ctx context.Context, tx *sqlx.Tx, profiles []Profile) error {
	if len(profiles) == 0 {
		return nil
	}
	all := []profileDate{}
	ids := make([]string, len(profiles))
	for i, p := range profiles {
		ids[i] = p.ID
		all = append(all, dates(p.ID, members(p.Properties))...)
	}
	if _, err := tx.ExecContext(ctx, query("profile_date_replace"), document(all), pq.Array(ids)); err != nil {
		return fmt.Errorf("writing dates of profiles: %w", err)
	}
	return nil
}

// document is rows as one JSON argument.
func document(rows any) string {
	b, err := json.Marshal(rows)
	if err != nil {
		panic(fmt.Sprintf("store: rows as JSON: %v", err)) // plain structs whose raw JSON was read as JSON before
	}
	return string(b)
}
