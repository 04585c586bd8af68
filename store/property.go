package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/lib/pq"
)

// PropertyChange changes custom properties of one profile: set, then increment, then unset.
type PropertyChange struct {
	ProfileID string
	Set       map[string]any
	Increment map[string]float64 // a property that holds no number counts from 0
	Unset     []string
}

// ChangeProperties makes the changes in order. A profile that is gone is passed over.
func (s *Store) ChangeProperties(ctx context.Context, tx *sqlx.Tx, changes []PropertyChange) error {
	var changed []Profile
	for _, c := range changes {
		set, err := json.Marshal(orEmpty(c.Set))
		if err != nil {
			return fmt.Errorf("changing profile %s: %w", c.ProfileID, err)
		}
		increment, err := json.Marshal(orEmpty(c.Increment))
		if err != nil {
			return fmt.Errorf("changing profile %s: %w", c.ProfileID, err)
		}
		profile := Profile{ID: c.ProfileID}
		var properties []byte
		err = tx.GetContext(ctx, &properties, query("profile_change_properties"), c.ProfileID, set, increment, pq.Array(append([]string{}, c.Unset...)))
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("changing profile %s: %w", c.ProfileID, err)
		}
		profile.Properties = types.JSONText(properties)
		changed = slices.DeleteFunc(changed, func(p Profile) bool { return p.ID == profile.ID })
		changed = append(changed, profile)
	}
	if len(changed) == 0 {
		return nil
	}
	return s.replaceDates(ctx, tx, changed)
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
