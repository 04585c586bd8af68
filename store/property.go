package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/lib/pq"
)

// MaxProperties is how many bytes of JSON a profile's properties may take after a change by a flow.
const MaxProperties = 100 << 10

// PropertyChange changes custom properties of one profile, in the order of the fields.
type PropertyChange struct {
	ProfileID string
	Create    map[string]any // set where the profile has no such property yet
	Set       map[string]any
	Increment map[string]float64 // a property that holds no number counts from 0
	Append    map[string][]any   // to a list, unless it is in it; a single value is a list of one
	Remove    map[string][]any   // from a list
	Unset     []string
}

// ChangeProperties makes the changes in order, keeps profile_date in step, and nudges the runs that watch the profiles. A
// profile that is gone is passed over. A change that would make properties larger than MaxProperties is left out; its
// profile is among those returned.
func (s *Store) ChangeProperties(ctx context.Context, tx *sqlx.Tx, changes []PropertyChange) (full []string, err error) {
	var changed []Profile
	for _, c := range changes {
		args := []any{c.ProfileID}
		for _, part := range []any{orEmpty(c.Create), orEmpty(c.Set), orEmpty(c.Increment), orEmpty(c.Append), orEmpty(c.Remove)} {
			data, err := json.Marshal(part)
			if err != nil {
				return nil, fmt.Errorf("changing profile %s: %w", c.ProfileID, err)
			}
			args = append(args, data)
		}
		args = append(args, pq.Array(append([]string{}, c.Unset...)), MaxProperties)
		var row struct {
			Properties []byte    `db:"properties"`
			Fits       bool      `db:"fits"`
			At         time.Time `db:"at"`
		}
		err := tx.GetContext(ctx, &row, query("profile_change_properties"), args...)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("changing profile %s: %w", c.ProfileID, err)
		}
		if !row.Fits {
			full = append(full, c.ProfileID)
			continue
		}
		s.recordChange(tx, c, row.Properties, row.At)
		profile := Profile{ID: c.ProfileID, Properties: types.JSONText(row.Properties)}
		changed = slices.DeleteFunc(changed, func(p Profile) bool { return p.ID == profile.ID })
		changed = append(changed, profile)
	}
	if len(changed) == 0 {
		return full, nil
	}
	return full, s.replaceDates(ctx, tx, changed)
}

// recordChange notes the properties that a change left with a value.
func (s *Store) recordChange(tx *sqlx.Tx, c PropertyChange, properties []byte, at time.Time) {
	all, set := members(properties), map[string]json.RawMessage{}
	touch := func(name string) {
		if value, ok := all[name]; ok {
			set[name] = value
		}
	}
	for _, part := range []map[string]any{c.Create, c.Set} {
		for name := range part {
			touch(name)
		}
	}
	for name := range c.Increment {
		touch(name)
	}
	for name := range c.Append {
		touch(name)
	}
	s.recordProfile(tx, at, nil, set)
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
