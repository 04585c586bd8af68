package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
)

// Account is the shop itself.
type Account struct {
	ID           string         `db:"id"` // the public company id
	Name         string         `db:"name"`
	Timezone     string         `db:"timezone"` // IANA
	Currency     string         `db:"currency"` // ISO 4217
	Locale       string         `db:"locale"`
	Organization []byte         `db:"organization"` // name, url and address parts, as JSON
	Industry     *string        `db:"industry"`
	Test         bool           `db:"test_account"`
	Tracking     types.JSONText `db:"tracking"` // a Tracking
}

// Account reads the account, or the defaults where none was set up.
func (s *Store) Account(ctx context.Context) (*Account, error) {
	account := Account{Timezone: "UTC", Currency: "USD", Locale: "en-US", Tracking: types.JSONText("{}")}
	if err := s.DB.GetContext(ctx, &account, query("account")); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading the account: %w", err)
	}
	return &account, nil
}

// EnsureAccount makes the account under the public company id, or a random one if that is empty, unless there is one.
func (s *Store) EnsureAccount(ctx context.Context, id string) error {
	return s.Tx(ctx, func(tx *sqlx.Tx) error { return ensureAccount(ctx, tx, id) })
}

func ensureAccount(ctx context.Context, tx *sqlx.Tx, id string) error {
	if id == "" {
		id = ShortID()
	}
	if _, err := tx.ExecContext(ctx, query("account_alone")); err != nil {
		return fmt.Errorf("waiting to make the account: %w", err)
	}
	if _, err := tx.ExecContext(ctx, query("account_insert"), id); err != nil {
		return fmt.Errorf("making the account: %w", err)
	}
	return nil
}

// ChangeAccount gives the account to change, makes it first if there is none, and keeps what change leaves of it. Two
// changes at a time come one after the other.
func (s *Store) ChangeAccount(ctx context.Context, change func(a *Account) error) (*Account, error) {
	var a Account
	err := s.Tx(ctx, func(tx *sqlx.Tx) error {
		if err := ensureAccount(ctx, tx, ""); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &a, query("account")); err != nil {
			return fmt.Errorf("reading the account: %w", err)
		}
		if err := change(&a); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, query("account_update"), a.ID, a.Name, a.Timezone, a.Currency, a.Locale, string(a.Organization), a.Industry, a.Test, a.Tracking)
		if err != nil {
			return fmt.Errorf("changing the account: %w", err)
		}
		return nil
	})
	return &a, err
}

// Values gives the organization as templates see it: its name, url and address parts.
func (a *Account) Values() map[string]any {
	values, err := object(a.Organization)
	if err != nil || len(values) == 0 {
		values = map[string]any{}
	}
	if _, ok := values["name"]; !ok {
		values["name"] = a.Name
	}
	return values
}

// AddressFields are the parts of the organization's address.
var AddressFields = []string{"address1", "address2", "city", "region", "zip", "country"}
