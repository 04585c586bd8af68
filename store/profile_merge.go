package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// mergeSteps are the statements that move what is one profile's ($1) to another ($2), in their order. There is one
// for every table with a profile_id; a test looks that none is forgotten.
var mergeSteps = []string{
	"merge_outbox", // first: it waits for dispatchers that are letting the person into a flow, whose runs are there then
	"merge_event", "merge_event_key", "merge_purchase", "merge_run", "merge_watch", "merge_review", "merge_refusal",
	"merge_message", "merge_send_timer", "merge_list_member", "merge_suppression", "merge_consent", "merge_list_suppression",
	"merge_job_profile", "merge_push_token", "merge_date_change", "merge_profile_alias",
}

// DoubledEvent is one that a sender reported of both profiles under the same unique id.
type DoubledEvent struct {
	ID         string          `db:"id"`
	Metric     string          `db:"metric"`
	Properties json.RawMessage `db:"properties"`
}

// LockForMerge keeps everybody from two profiles and the runs inside, in the order in which advance takes them, and
// gives the profiles whole. One that is not there is not in it.
func (s *Store) LockForMerge(ctx context.Context, tx *sqlx.Tx, ids ...string) ([]Profile, error) {
	if _, err := tx.ExecContext(ctx, query("merge_lock_runs"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("locking runs of profiles to merge: %w", err)
	}
	if _, err := tx.ExecContext(ctx, query("merge_lock"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("locking profiles to merge: %w", err)
	}
	return s.LockProfiles(ctx, tx, Keys{IDs: ids}, true)
}

// DropDoubledEvents deletes those events of source that a sender has reported of destination as well, and gives them.
func (s *Store) DropDoubledEvents(ctx context.Context, tx *sqlx.Tx, source, destination string) ([]DoubledEvent, error) {
	var doubled []DoubledEvent
	if err := tx.SelectContext(ctx, &doubled, query("merge_event_doubles"), source, destination); err != nil {
		return nil, fmt.Errorf("dropping events that both profiles have: %w", err)
	}
	return doubled, nil
}

// TakePurchase takes back what an event that was dropped said that the profile bought.
func (s *Store) TakePurchase(ctx context.Context, tx *sqlx.Tx, profile, item string, quantity json.Number) error {
	if _, err := tx.ExecContext(ctx, query("merge_purchase_doubled"), profile, item, quantity); err != nil {
		return fmt.Errorf("taking a purchase back: %w", err)
	}
	return nil
}

// MoveProfile moves everything that is source's to destination, deletes source, and nudges the runs concerned. A run of
// source goes on for destination, unless its flow's re-entry rule would not have let destination in: then it is
// cancelled for the reason, as is one that began with one of the doubled events. The profiles are LockForMerge's.
func (s *Store) MoveProfile(ctx context.Context, tx *sqlx.Tx, source, destination string, doubled []string, reason string) error {
	for _, step := range mergeSteps {
		args := []any{source, destination}
		if step == "merge_run" {
			args = append(args, pq.Array(doubled), reason)
		}
		if _, err := tx.ExecContext(ctx, query(step), args...); err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
	}
	if err := changed(tx.ExecContext(ctx, query("profile_delete"), source)); err != nil {
		return fmt.Errorf("deleting profile %s: %w", source, err)
	}
	return nil
}

// InheritAge makes a profile at least as old.
func (s *Store) InheritAge(ctx context.Context, tx *sqlx.Tx, id string, created time.Time) error {
	if _, err := tx.ExecContext(ctx, query("profile_inherit_age"), id, created); err != nil {
		return fmt.Errorf("the age of profile %s: %w", id, err)
	}
	return nil
}
