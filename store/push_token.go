package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/lib/pq"
)

// PushToken is a device that takes notifications for a person.
type PushToken struct {
	ID               string         `db:"id" json:"id"`
	Token            string         `db:"token" json:"token"`
	Platform         string         `db:"platform" json:"platform"` // ios | android
	Vendor           string         `db:"vendor" json:"vendor"`     // apns | fcm
	EnablementStatus string         `db:"enablement_status" json:"enablement_status"`
	Background       string         `db:"background" json:"background"`
	Metadata         types.JSONText `db:"metadata" json:"metadata"` // an object; see PushTokenMetadata
	ProfileID        string         `db:"profile_id" json:"profile_id"`
	CreatedAt        time.Time      `db:"created_at" json:"created_at"`
	RecordedAt       time.Time      `db:"recorded_at" json:"recorded_at"` // when it was last said to be valid
}

// What a push token may say, as in the public API.
var (
	PushPlatforms   = []string{"android", "ios"}
	PushVendors     = []string{"apns", "fcm"}
	PushEnablements = []string{"AUTHORIZED", "DENIED", "NOT_DETERMINED", "PROVISIONAL", "UNAUTHORIZED"}
	PushBackgrounds = []string{"AVAILABLE", "DENIED", "RESTRICTED"}
	// PushTokenMetadata names what is known of the device and its app, with the values that are allowed; nil: any.
	PushTokenMetadata = map[string][]string{
		"device_id": nil, "device_model": nil, "manufacturer": nil, "os_version": nil, "sdk_version": nil,
		"app_name": nil, "app_version": nil, "app_build": nil, "app_id": nil,
		"klaviyo_sdk": {"android", "flutter", "flutter_community", "react_native", "swift"},
		"os_name":     {"android", "ios", "ipados", "macos", "tvos"},
		"environment": {"debug", "release"},
	}
)

// Position is the token's place in the order of PushTokens.
func (t *PushToken) Position(string) Position { return momentPosition(t.CreatedAt, t.ID) }

var pushTokenListing = listing{
	query: "push_token_select",
	id:    column{expression: "id"},
	fields: map[string]column{
		"id":                {expression: "id"},
		"profile.id":        {expression: "profile_id"},
		"enablement_status": {expression: "enablement_status"},
		"platform":          {expression: "platform"},
	},
	sorts: map[string]column{"created": {expression: "created_at", kind: moment}},
}

// PushTokens reads a page. Fields are those of the public API's push tokens.
func (s *Store) PushTokens(ctx context.Context, p Page) (rows []PushToken, more bool, err error) {
	return selectPage[PushToken](ctx, s, pushTokenListing, p)
}

// PushToken reads one by its id or by the token itself, or returns ErrNotFound.
func (s *Store) PushToken(ctx context.Context, id string) (PushToken, error) {
	return selectOne[PushToken](ctx, s, "push token", id, query("push_token_select")+"\nwhere id = $1 or token = $1 order by id = $1 desc limit 1")
}

// PushTokensOf reads those of the profiles, the oldest first.
func (s *Store) PushTokensOf(ctx context.Context, profiles []string) ([]PushToken, error) {
	var rows []PushToken
	err := s.DB.SelectContext(ctx, &rows, query("push_token_select")+"\nwhere profile_id = any($1) order by created_at, id", pq.Array(profiles))
	if err != nil {
		return nil, fmt.Errorf("reading push tokens of %d profiles: %w", len(profiles), err)
	}
	return rows, nil
}

// UpsertPushToken writes a token, or moves one that is known to the profile. It returns what is stored then.
func (s *Store) UpsertPushToken(ctx context.Context, tx *sqlx.Tx, t PushToken) (PushToken, error) {
	var stored PushToken
	err := tx.GetContext(ctx, &stored, query("push_token_upsert"), t.ID, t.Token, t.Platform, t.Vendor, t.EnablementStatus,
		t.Background, t.Metadata, t.ProfileID, t.CreatedAt)
	if err != nil {
		return PushToken{}, fmt.Errorf("writing a push token: %w", err)
	}
	return stored, nil
}

// DeletePushToken deletes one by its id or by the token itself, or returns ErrNotFound.
func (s *Store) DeletePushToken(ctx context.Context, id string) error {
	return changed(s.DB.ExecContext(ctx, query("push_token_delete"), id))
}

// UnregisterPushToken deletes a token, of the vendor unless that is empty, if it is the profile's, and says whether it was.
func (s *Store) UnregisterPushToken(ctx context.Context, tx *sqlx.Tx, token, vendor, profile string) (bool, error) {
	err := changed(tx.ExecContext(ctx, query("push_token_unregister"), token, vendor, profile))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("unregistering a push token: %w", err)
	}
	return true, nil
}
