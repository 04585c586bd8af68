package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx/types"
	"github.com/lib/pq"
)

// Profile is a person. A nil attribute is not set.
type Profile struct {
	ID           string         `db:"id" json:"id"`
	Email        *string        `db:"email" json:"email"`
	PhoneNumber  *string        `db:"phone_number" json:"phone_number"` // E.164
	ExternalID   *string        `db:"external_id" json:"external_id"`
	AnonymousID  *string        `db:"anonymous_id" json:"anonymous_id"`
	FirstName    *string        `db:"first_name" json:"first_name"`
	LastName     *string        `db:"last_name" json:"last_name"`
	Organization *string        `db:"organization" json:"organization"`
	Locale       *string        `db:"locale" json:"locale"`
	Title        *string        `db:"title" json:"title"`
	Image        *string        `db:"image" json:"image"`
	Location     types.JSONText `db:"location" json:"location"`     // an object; see LocationFields
	Properties   types.JSONText `db:"properties" json:"properties"` // an object: the custom properties
	CreatedAt    time.Time      `db:"created_at" json:"created_at"`
	UpdatedAt    time.Time      `db:"updated_at" json:"updated_at"`
	LastEventAt  *time.Time     `db:"last_event_at" json:"last_event_at"` // when the latest event happened; read only

	Aliases  types.NullJSONText `db:"aliases" json:"-"`   // only of LockProfiles; see ReadAliases
	SortedBy *time.Time         `db:"sorted_by" json:"-"` // only of Profiles sorted by something that is not the profile's own
}

// Names of attributes, as the API, expressions and templates call them.
var (
	Identifiers    = []string{"external_id", "email", "phone_number", "anonymous_id"} // the stronger first
	Attributes     = []string{"first_name", "last_name", "organization", "locale", "title", "image"}
	LocationFields = []string{"address1", "address2", "city", "country", "region", "zip", "latitude", "longitude", "timezone", "ip"}
)

// Attribute gives the place of an identifier or attribute by its name, or nil.
func (p *Profile) Attribute(name string) **string {
	switch name {
	case "email":
		return &p.Email
	case "phone_number":
		return &p.PhoneNumber
	case "external_id":
		return &p.ExternalID
	case "anonymous_id":
		return &p.AnonymousID
	case "first_name":
		return &p.FirstName
	case "last_name":
		return &p.LastName
	case "organization":
		return &p.Organization
	case "locale":
		return &p.Locale
	case "title":
		return &p.Title
	case "image":
		return &p.Image
	}
	return nil
}

// Position is the profile's place in an order of Profiles.
func (p *Profile) Position(sort string) Position {
	switch sort {
	case "created":
		return momentPosition(p.CreatedAt, p.ID)
	case "updated":
		return momentPosition(p.UpdatedAt, p.ID)
	case "email":
		if p.Email == nil {
			return position(nil, p.ID)
		}
		lower := strings.ToLower(*p.Email)
		return position(&lower, p.ID)
	case suppressionTime, listSuppressionTime:
		if p.SortedBy == nil {
			return position(nil, p.ID)
		}
		return momentPosition(*p.SortedBy, p.ID)
	default:
		return position(&p.ID, p.ID)
	}
}

var profileListing = listing{
	query: "profile_select",
	id:    column{expression: "id"},
	fields: map[string]column{
		"id":           {expression: "id"},
		"email":        {expression: "lower(email)"},
		"phone_number": {expression: "phone_number"},
		"external_id":  {expression: "external_id"},
		"created":      {expression: "created_at", kind: moment},
		"updated":      {expression: "updated_at", kind: moment},
		"job":          {expression: "exists (select from job_profile j where j.profile_id = profile.id and j.job_id %s)"},
		"subscriptions.email.marketing.suppression.reason": {
			expression: "exists (select from suppression s where s.profile_id = profile.id and s.channel = 'email' and s.reason %s)"},
		suppressionTime: {kind: moment,
			expression: "exists (select from suppression s where s.profile_id = profile.id and s.channel = 'email' and s.at %s)"},
		"subscriptions.email.marketing.list_suppressions.reason": {
			expression: "exists (select from list_suppression s where s.profile_id = profile.id and s.reason %s)"},
		listSuppressionTime: {kind: moment,
			expression: "exists (select from list_suppression s where s.profile_id = profile.id and s.at %s)"},
		"subscriptions.email.marketing.list_suppressions.list_id": {
			expression: "exists (select from list_suppression s where s.profile_id = profile.id and s.list_id %s)"},
	},
	sorts: map[string]column{
		"id":      {expression: "id"},
		"email":   {expression: "lower(email)", nullable: true},
		"created": {expression: "created_at", kind: moment},
		"updated": {expression: "updated_at", kind: moment},
		suppressionTime: {kind: moment, nullable: true, nullsLast: true, as: "sorted_by",
			expression: "(select max(s.at) from suppression s where s.profile_id = profile.id and s.channel = 'email')"},
		listSuppressionTime: {kind: moment, nullable: true, nullsLast: true, as: "sorted_by",
			expression: "(select max(s.at) from list_suppression s where s.profile_id = profile.id)"},
	},
}

// Sorts by the latest of somebody's suppressions. Those who have none come last.
const (
	suppressionTime     = "subscriptions.email.marketing.suppression.timestamp"
	listSuppressionTime = "subscriptions.email.marketing.list_suppressions.timestamp"
)

// Profiles reads a page. Fields and sorts are those of the public API's profiles.
func (s *Store) Profiles(ctx context.Context, p Page) (rows []Profile, more bool, err error) {
	return selectPage[Profile](ctx, s, profileListing, p)
}

// Profile reads one, or returns ErrNotFound.
func (s *Store) Profile(ctx context.Context, id string) (Profile, error) {
	return selectOne[Profile](ctx, s, "profile", id, query("profile_select")+"\nwhere id = $1")
}

// ProfilesByID reads those that exist, in no particular order.
func (s *Store) ProfilesByID(ctx context.Context, ids []string) ([]Profile, error) {
	var rows []Profile
	if err := s.DB.SelectContext(ctx, &rows, query("profile_select")+"\nwhere id = any($1)", pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading %d profiles: %w", len(ids), err)
	}
	return rows, nil
}
