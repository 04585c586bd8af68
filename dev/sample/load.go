package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// loader copies rows into the tables.
type loader struct {
	ctx  context.Context
	tx   *sqlx.Tx
	now  time.Time
	base string
}

// copy sends rows of a table; each calls add with the values of the columns.
func (l loader) copy(table string, columns []string, rows func(add func(values ...any) error) error) error {
	statement, err := l.tx.PrepareContext(l.ctx, fmt.Sprintf("copy %s (%s) from stdin", table, strings.Join(columns, ", ")))
	if err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	err = rows(func(values ...any) error {
		_, err := statement.ExecContext(l.ctx, values...)
		return err
	})
	if err == nil {
		_, err = statement.ExecContext(l.ctx) // flushes
	}
	if err := errors.Join(err, statement.Close()); err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	return nil
}

func (l loader) account() error {
	organization, err := json.Marshal(map[string]any{
		"name": shopName, "url": l.base + "/sample", "full_address": "12 Harbour Street, Portland, ME 04101, United States",
		"address1": "12 Harbour Street", "city": "Portland", "region": "Maine", "zip": "04101", "country": "United States",
	})
	if err != nil {
		return err
	}
	_, err = l.tx.ExecContext(l.ctx, `
		insert into account (id, name, timezone, currency, locale, organization) values ($1, $2, 'America/New_York', 'USD', 'en-US', $3)
		on conflict (id) do update set name = excluded.name, timezone = excluded.timezone, organization = excluded.organization`,
		Company, shopName, string(organization))
	return err
}

func (l loader) catalog(shelves []*category) error {
	err := l.copy("catalog_category", []string{"id", "name"}, func(add func(...any) error) error {
		for _, shelf := range shelves {
			if err := add(shelf.id, shelf.name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	each := func(f func(p *product) error) error {
		for _, shelf := range shelves {
			for i := range shelf.products {
				if err := f(&shelf.products[i]); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err = l.copy("catalog_item", []string{"id", "title", "description", "url", "image", "price", "metadata", "created_at", "updated_at"}, func(add func(...any) error) error {
		created := l.now.Add(-2 * year)
		return each(func(p *product) error {
			return add(p.id, p.title, p.note, pageURL(l.base, p.id), pictureURL(l.base, p.id), amount(p.price), `{"brand": "`+shopName+`"}`, created, created)
		})
	})
	if err != nil {
		return err
	}
	err = l.copy("catalog_item_category", []string{"item_id", "category_id"}, func(add func(...any) error) error {
		return each(func(p *product) error { return add(p.id, p.category.id) })
	})
	if err != nil {
		return err
	}
	return l.copy("catalog_variant", []string{"id", "item_id", "title", "sku", "price", "inventory"}, func(add func(...any) error) error {
		return each(func(p *product) error {
			for _, v := range p.variants {
				if err := add(v.id, p.id, v.title, v.sku, amount(v.price), v.inventory); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (l loader) profiles(all []*person, events []event) error {
	last := map[*person]time.Duration{}
	for _, e := range events { // in the order of time
		last[e.person] = e.before
	}
	err := l.copy("profile", []string{"id", "email", "phone_number", "external_id", "first_name", "last_name", "locale", "location",
		"properties", "created_at", "updated_at"}, func(add func(...any) error) error {
		for _, p := range all {
			location, err := json.Marshal(map[string]any{
				"city": p.city.name, "region": p.city.region, "zip": p.city.zip, "country": p.country.name, "timezone": p.city.zone,
				"latitude": p.city.latitude, "longitude": p.city.longitude,
			})
			if err != nil {
				return err
			}
			properties, err := json.Marshal(p.properties)
			if err != nil {
				return err
			}
			created := l.now.Add(-p.created)
			seen := created
			if before, ok := last[p]; ok {
				seen = l.now.Add(-before)
			}
			if err := add(p.id, text(p.email), text(p.phone), p.externalID, p.first, p.last, p.country.locale, string(location),
				string(properties), created, seen); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.copy("profile_date", []string{"profile_id", "property", "year", "month", "day"}, func(add func(...any) error) error {
		for _, p := range all {
			if err := add(p.id, "birthday", p.birthday.Year(), int(p.birthday.Month()), p.birthday.Day()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l loader) list(all []*person) error {
	begun := l.now.Add(-2 * year)
	if _, err := l.tx.ExecContext(l.ctx, "insert into list (id, name, created_at, updated_at) values ($1, 'Newsletter', $2, $2)", Newsletter, begun); err != nil {
		return err
	}
	err := l.copy("list_member", []string{"list_id", "profile_id", "joined_at"}, func(add func(...any) error) error {
		for _, p := range all {
			if p.subscribed {
				if err := add(Newsletter, p.id, l.now.Add(-p.created)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.copy("suppression", []string{"profile_id", "channel", "reason", "at"}, func(add func(...any) error) error {
		for _, p := range all {
			if p.unsubscribed {
				if err := add(p.id, "email", "UNSUBSCRIBE", l.now.Add(-p.created/2)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// text is null for "".
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// amount keeps a price exact on its way into a numeric.
func amount(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
