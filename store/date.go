package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/lib/pq"
)

// DatesChannel is what Postgres notifies when a date that a flow uses changes.
const DatesChannel = "legato_dates"

// Reasons of runs that ended because the date for which they entered is no longer the profile's. The person may be
// planned for the same day again, should the date come back.
const (
	DateChanged = "Date Changed"
	DateRemoved = "Date Removed"
)

// PlannedTill gives how far the date planner has looked for a flow and for which version of it, and keeps other
// planners away from the flow until tx ends. A flow that was never planned starts at now. Unless wait, busy is true
// where another planner is at it.
func (s *Store) PlannedTill(ctx context.Context, tx *sqlx.Tx, flow string, now time.Time, wait bool) (till time.Time, hash string, busy bool, err error) {
	if _, err := tx.ExecContext(ctx, query("date_plan_open"), flow, now); err != nil {
		return till, "", false, fmt.Errorf("planning dates of flow %s: %w", flow, err)
	}
	var row struct {
		PlannedTill time.Time `db:"planned_till"`
		Hash        string    `db:"hash"`
	}
	lock := "date_plan_try"
	if wait {
		lock = "date_plan_lock"
	}
	err = tx.GetContext(ctx, &row, query(lock), flow)
	if errors.Is(err, sql.ErrNoRows) {
		return till, "", true, nil
	}
	if err != nil {
		return till, "", false, fmt.Errorf("planning dates of flow %s: %w", flow, err)
	}
	return row.PlannedTill, row.Hash, false, nil
}

// SetPlannedTill notes how far the date planner has looked for a flow, in the version of that hash.
func (s *Store) SetPlannedTill(ctx context.Context, tx *sqlx.Tx, flow string, till time.Time, hash string) error {
	if _, err := tx.ExecContext(ctx, query("date_plan_set"), flow, till, hash); err != nil {
		return fmt.Errorf("planning dates of flow %s: %w", flow, err)
	}
	return nil
}

// ForgetPlans forgets how far the date planner has looked, except for these flows.
func (s *Store) ForgetPlans(ctx context.Context, except []string) error {
	if _, err := s.DB.ExecContext(ctx, query("date_plan_forget"), pq.Array(append([]string{}, except...))); err != nil {
		return fmt.Errorf("forgetting date plans: %w", err)
	}
	return nil
}

// StoredDate is a date that a profile has.
type StoredDate struct {
	ProfileID string `db:"profile_id"`
	Property  string `db:"property"`
	Year      int    `db:"year"`
	Month     int    `db:"month"`
	Day       int    `db:"day"`
	Zone      string `db:"zone"` // the profile's, as stored, unchecked
}

// On is the calendar date.
func (d *StoredDate) On() plan.Day {
	return plan.Day{Year: d.Year, Month: time.Month(d.Month), Day: d.Day}
}

// slotColumns say what of a date the slots of a repetition are; see plan.DateTrigger.Slots.
var slotColumns = map[string]string{plan.Once: "anniversary", plan.Yearly: "anniversary", plan.Monthly: "day", plan.Weekly: "weekday"}

func slotQuery(name, repeat string) (string, error) {
	column, ok := slotColumns[repeat]
	if !ok {
		return "", fmt.Errorf("a date trigger cannot repeat %q", repeat)
	}
	return strings.ReplaceAll(query(name), "{slot}", column), nil
}

// DateZones gives the zones, as stored, of the people who have the property in one of the slots.
func (s *Store) DateZones(ctx context.Context, tx *sqlx.Tx, property, repeat string, slots []int) ([]string, error) {
	statement, err := slotQuery("date_zones", repeat)
	if err != nil {
		return nil, err
	}
	var zones []string
	if err := tx.SelectContext(ctx, &zones, statement, property, pq.Array(slots)); err != nil {
		return nil, fmt.Errorf("finding zones of people by the date %s: %w", property, err)
	}
	return zones, nil
}

// DatesIn finds the people who have the property in one of the slots, in order with a zone for each slot, unless
// zones is nil.
func (s *Store) DatesIn(ctx context.Context, tx *sqlx.Tx, property, repeat string, slots []int, zones []string) ([]StoredDate, error) {
	name, arguments := "date_people", []any{property, pq.Array(slots)}
	if zones != nil {
		name, arguments = "date_people_in_zones", append(arguments, pq.Array(zones))
	}
	statement, err := slotQuery(name, repeat)
	if err != nil {
		return nil, err
	}
	var dates []StoredDate
	if err := tx.SelectContext(ctx, &dates, statement, arguments...); err != nil {
		return nil, fmt.Errorf("finding people by the date %s: %w", property, err)
	}
	return dates, nil
}

// DatesOf gives what these people have of the properties.
func (s *Store) DatesOf(ctx context.Context, q sqlx.QueryerContext, profiles, properties []string) ([]StoredDate, error) {
	var dates []StoredDate
	if err := sqlx.SelectContext(ctx, q, &dates, query("date_of_people"), pq.Array(profiles), pq.Array(properties)); err != nil {
		return nil, fmt.Errorf("reading dates of profiles: %w", err)
	}
	return dates, nil
}

// DateEntry is somebody who is to enter by a date.
type DateEntry struct {
	ProfileID string
	Key       string
	Due       time.Time
	PlaceFrom time.Time // zero: from the first step on
}

// entryBatch is how many entries one statement writes.
const entryBatch = 10000

// AddDateEntries writes entries into the outbox, in their order. Those that were entered or refused before are
// passed over. ahead is how far their time begins ahead of the clock.
func (s *Store) AddDateEntries(ctx context.Context, tx *sqlx.Tx, flow string, entries []DateEntry, ahead time.Duration) error {
	for len(entries) > 0 {
		part := entries[:min(entryBatch, len(entries))]
		entries = entries[len(part):]
		profiles, keys := make([]string, len(part)), make([]string, len(part))
		due, places := make([]time.Time, len(part)), make([]time.Time, len(part))
		for i, e := range part {
			profiles[i], keys[i], due[i], places[i] = e.ProfileID, e.Key, e.Due, e.PlaceFrom
		}
		_, err := tx.ExecContext(ctx, query("date_entry_insert"), flow, pq.Array(profiles), pq.Array(keys), times(due), times(places),
			ahead.Microseconds(), pq.Array([]string{DateChanged, DateRemoved}))
		if err != nil {
			return fmt.Errorf("planning dates of flow %s: %w", flow, err)
		}
	}
	return nil
}

// DateChange says that a profile's date was written, changed or removed.
type DateChange struct {
	ProfileID string    `db:"profile_id"`
	Property  string    `db:"property"`
	ChangedAt time.Time `db:"changed_at"`
}

// TakeDateChanges takes the oldest changes that no other planner holds off the queue, with the rest of tx.
func (s *Store) TakeDateChanges(ctx context.Context, tx *sqlx.Tx, limit int) ([]DateChange, error) {
	var changes []DateChange
	if err := tx.SelectContext(ctx, &changes, query("date_change_take"), limit); err != nil {
		return nil, fmt.Errorf("reading changes of dates: %w", err)
	}
	return changes, nil
}

// QueueDates has the planner look at what these people's date means now.
func (s *Store) QueueDates(ctx context.Context, tx *sqlx.Tx, profiles []string, property string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, query("date_change_insert"), pq.Array(profiles), property, at); err != nil {
		return fmt.Errorf("queueing changes of dates: %w", err)
	}
	return nil
}

// NudgeDateRuns has the runs looked at now that somebody entered by a date which changed.
func (s *Store) NudgeDateRuns(ctx context.Context, tx *sqlx.Tx, changes []DateChange) error {
	profiles, properties := make([]string, len(changes)), make([]string, len(changes))
	for i, c := range changes {
		profiles[i], properties[i] = c.ProfileID, c.Property
	}
	if _, err := tx.ExecContext(ctx, query("date_change_nudge"), pq.Array(profiles), pq.Array(properties)); err != nil {
		return fmt.Errorf("nudging runs whose date changed: %w", err)
	}
	return nil
}
