package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Person is a profile as expressions and templates see it.
type Person struct {
	ID         string
	Email      string
	Name       string // first and last name, as far as known
	Timezone   string // as stored, unchecked; "" when unknown
	Suppressed []string
	Values     map[string]any // standard attributes over custom properties
}

// SuppressedOn says whether the person may not be reached on the channel.
func (p *Person) SuppressedOn(channel string) bool { return slices.Contains(p.Suppressed, channel) }

type personRow struct {
	ID           string         `db:"id"`
	Email        sql.NullString `db:"email"`
	PhoneNumber  sql.NullString `db:"phone_number"`
	ExternalID   sql.NullString `db:"external_id"`
	AnonymousID  sql.NullString `db:"anonymous_id"`
	FirstName    sql.NullString `db:"first_name"`
	LastName     sql.NullString `db:"last_name"`
	Organization sql.NullString `db:"organization"`
	Locale       sql.NullString `db:"locale"`
	Title        sql.NullString `db:"title"`
	Image        sql.NullString `db:"image"`
	Location     []byte         `db:"location"`
	Properties   []byte         `db:"properties"`
	CreatedAt    time.Time      `db:"created_at"`
	UpdatedAt    time.Time      `db:"updated_at"`
	Suppressed   pq.StringArray `db:"suppressed"`
}

// People reads the profiles with these ids. An id without a profile is not in it.
func (s *Store) People(ctx context.Context, ids []string) (map[string]*Person, error) {
	var rows []personRow
	if err := s.DB.SelectContext(ctx, &rows, query("people"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading profiles: %w", err)
	}
	people := make(map[string]*Person, len(rows))
	for i := range rows {
		person, err := rows[i].person()
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", rows[i].ID, err)
		}
		people[person.ID] = person
	}
	return people, nil
}

func (r *personRow) person() (*Person, error) {
	values, err := object(r.Properties)
	if err != nil {
		return nil, fmt.Errorf("properties: %w", err)
	}
	location, err := object(r.Location)
	if err != nil {
		return nil, fmt.Errorf("location: %w", err)
	}
	for name, value := range map[string]sql.NullString{
		"email": r.Email, "phone_number": r.PhoneNumber, "external_id": r.ExternalID, "anonymous_id": r.AnonymousID,
		"first_name": r.FirstName, "last_name": r.LastName, "organization": r.Organization, "locale": r.Locale,
		"title": r.Title, "image": r.Image,
	} {
		delete(values, name)
		if value.Valid {
			values[name] = value.String
		}
	}
	values["id"] = r.ID
	values["location"] = location
	values["created"] = r.CreatedAt.UTC()
	values["updated"] = r.UpdatedAt.UTC()
	person := &Person{ID: r.ID, Email: r.Email.String, Suppressed: r.Suppressed, Values: values}
	person.Timezone, _ = location["timezone"].(string)
	person.Name = r.FirstName.String
	if r.LastName.String != "" {
		if person.Name != "" {
			person.Name += " "
		}
		person.Name += r.LastName.String
	}
	return person, nil
}

// TriggerEvent names an event that let somebody into a flow.
type TriggerEvent struct {
	ID   string
	Time time.Time
}

// Happening is an event as expressions and templates see it.
type Happening struct {
	RecordedAt time.Time
	Values     map[string]any // its properties; value, currency, time, id and metric over them
}

type happeningRow struct {
	ID         string          `db:"id"`
	Time       time.Time       `db:"time"`
	RecordedAt time.Time       `db:"recorded_at"`
	Value      sql.NullFloat64 `db:"value"`
	Currency   sql.NullString  `db:"currency"`
	Properties []byte          `db:"properties"`
	Metric     string          `db:"metric"`
}

func (r *happeningRow) happening() (Happening, error) {
	values, err := object(r.Properties)
	if err != nil {
		return Happening{}, fmt.Errorf("event %s: %w", r.ID, err)
	}
	if r.Value.Valid {
		values["value"], values["$value"] = r.Value.Float64, r.Value.Float64
	}
	if r.Currency.Valid {
		values["currency"], values["$value_currency"] = r.Currency.String, r.Currency.String
	}
	values["time"], values["id"], values["metric"] = r.Time.UTC(), r.ID, r.Metric
	return Happening{RecordedAt: r.RecordedAt, Values: values}, nil
}

// TriggerEvents reads events by id and time. One that is not there is not in it.
func (s *Store) TriggerEvents(ctx context.Context, q sqlx.QueryerContext, events []TriggerEvent) (map[string]Happening, error) {
	if len(events) == 0 {
		return nil, nil
	}
	ids, moments := make([]string, len(events)), make([]time.Time, len(events))
	for i, e := range events {
		ids[i], moments[i] = e.ID, e.Time
	}
	var rows []happeningRow
	if err := sqlx.SelectContext(ctx, q, &rows, query("trigger_events"), pq.Array(ids), times(moments)); err != nil {
		return nil, fmt.Errorf("reading trigger events: %w", err)
	}
	happenings := make(map[string]Happening, len(rows))
	for _, row := range rows {
		happening, err := row.happening()
		if err != nil {
			return nil, err
		}
		happenings[row.ID] = happening
	}
	return happenings, nil
}

// MembersOf tells which of the profiles are in the list, named by id or by name.
func (s *Store) MembersOf(ctx context.Context, list string, profiles []string) (map[string]bool, error) {
	var ids []string
	if err := s.DB.SelectContext(ctx, &ids, query("members_of_list"), list, pq.Array(profiles)); err != nil {
		return nil, fmt.Errorf("reading list %s: %w", list, err)
	}
	members := make(map[string]bool, len(ids))
	for _, id := range ids {
		members[id] = true
	}
	return members, nil
}

// object reads a JSON object. Whole numbers stay exact as int, others become float64.
func object(data []byte) (map[string]any, error) {
	values := map[string]any{}
	if len(bytes.TrimSpace(data)) == 0 {
		return values, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil {
		return nil, err
	}
	if values == nil { // the JSON value null
		return map[string]any{}, nil
	}
	return numbers(values).(map[string]any), nil
}

func numbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for key, inner := range v {
			v[key] = numbers(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = numbers(inner)
		}
	}
	return value
}
