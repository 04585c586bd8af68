package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// eraseSteps are the statements that remove what is known of the person with the profile $1, in their order. There is
// one for every table with a profile_id; a test looks that none is forgotten. Lists, suppressions, devices, further
// addresses and dates go with the profile.
var eraseSteps = []string{
	"erase_outbox", // first: it waits for dispatchers that are letting the person into a flow, whose runs are there then
	"erase_retry", "erase_review", "erase_run", "erase_watch", "erase_outcome", "erase_message", "erase_event", "erase_event_key",
	"erase_purchase", "erase_refusal", "erase_date_change", "erase_send_timer", "erase_property_type",
	"erase_job_error", "erase_job_profile", "erase_list_member", "erase_suppression", "erase_consent", "erase_list_suppression",
	"erase_push_token", "erase_profile_alias", "erase_webhook_delivery",
}

// Erased is what was left of a person, without what told who they were.
type Erased struct {
	ProfileID string `json:"profile"`
	Events    int    `json:"events"`   // whose texts were redacted
	Messages  int    `json:"messages"` // whose addresses were
	Runs      int    `json:"runs"`     // that were inside, and were cancelled
}

// EraseProfile deletes a profile that LockForMerge has locked, and redacts what stays of it: texts in events, addresses
// of messages. Runs inside are cancelled for the reason. words are what the person is known by: they are redacted
// wherever they occur, also as names of properties and in numbers.
func (s *Store) EraseProfile(ctx context.Context, tx *sqlx.Tx, id, phone string, words []string, reason string) (Erased, error) {
	erased := Erased{ProfileID: id}
	var err error
	for _, step := range eraseSteps {
		var args []any
		switch step {
		case "erase_run":
			if erased.Runs, err = s.CancelRuns(ctx, tx, Selection{Profile: id}, reason); err != nil {
				return erased, err
			}
			args = []any{id}
		case "erase_event", "erase_outcome":
			args = []any{id, pq.Array(words)}
		case "erase_property_type", "erase_job_error", "erase_webhook_delivery":
			args = []any{pq.Array(words)}
		case "erase_review":
			args = []any{id, reason}
		case "erase_send_timer":
			args = []any{id, phone}
		default:
			args = []any{id}
		}
		result, err := tx.ExecContext(ctx, query(step), args...)
		if err != nil {
			return erased, fmt.Errorf("%s: %w", step, err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return erased, fmt.Errorf("%s: %w", step, err)
		}
		switch step {
		case "erase_event":
			erased.Events = int(n)
		case "erase_message":
			erased.Messages = int(n)
		}
	}
	if err := changed(tx.ExecContext(ctx, query("profile_delete"), id)); err != nil {
		return erased, fmt.Errorf("deleting profile %s: %w", id, err)
	}
	return erased, nil
}

// HoldJobs keeps workers from the jobs that are not done, until the transaction ends. It comes before LockForMerge.
func (s *Store) HoldJobs(ctx context.Context, tx *sqlx.Tx) error {
	if _, err := tx.ExecContext(ctx, query("erase_job_hold")); err != nil {
		return fmt.Errorf("holding jobs: %w", err)
	}
	return nil
}

// DropFromJobs takes what waits to be done about a person out of the jobs that HoldJobs holds. Emails of the keys are in
// lower case.
func (s *Store) DropFromJobs(ctx context.Context, tx *sqlx.Tx, k Keys) error {
	if _, err := tx.ExecContext(ctx, query("erase_job_part"), pq.Array(k.IDs), pq.Array(k.ExternalIDs), pq.Array(k.Emails),
		pq.Array(k.PhoneNumbers), pq.Array(k.AnonymousIDs)); err != nil {
		return fmt.Errorf("dropping a person from jobs: %w", err)
	}
	return nil
}

// Words are what a person is known by, in lower case, as EraseProfile looks for them: identifiers, names and the parts
// of the address, but none so short that it would be found everywhere.
func (p *Profile) Words(aliases []Alias) []string {
	var words []string
	add := func(word string) {
		if word = strings.ToLower(strings.TrimSpace(word)); len(word) >= 4 {
			words = append(words, word)
		}
	}
	for _, name := range append(append([]string{}, Identifiers...), "first_name", "last_name", "image") {
		if value := *p.Attribute(name); value != nil {
			add(*value)
		}
	}
	if p.PhoneNumber != nil {
		add(strings.TrimPrefix(*p.PhoneNumber, "+")) // as a number
	}
	for _, a := range aliases {
		add(a.Value)
		if a.Kind == "phone_number" {
			add(strings.TrimPrefix(a.Value, "+"))
		}
	}
	var location map[string]any
	if json.Unmarshal(p.Location, &location) == nil {
		for _, name := range []string{"address1", "address2", "ip"} {
			if text, ok := location[name].(string); ok {
				add(text)
			}
		}
	}
	return words
}
