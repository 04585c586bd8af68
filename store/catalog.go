package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/types"
	"github.com/lib/pq"
)

// Item is something the shop sells.
type Item struct {
	ID          string         `db:"id" json:"id"` // the sender's id
	Title       string         `db:"title" json:"title"`
	Description string         `db:"description" json:"description"`
	URL         string         `db:"url" json:"url"`
	Image       string         `db:"image" json:"image"`
	Price       *float64       `db:"price" json:"price"` // in the account's currency
	Metadata    types.JSONText `db:"metadata" json:"metadata"`
	Published   bool           `db:"published" json:"published"`
	CreatedAt   time.Time      `db:"created_at" json:"-"`
	UpdatedAt   time.Time      `db:"updated_at" json:"-"`
	Variants    []Variant      `db:"-" json:"-"`
	Categories  []Category     `db:"-" json:"-"`
}

// Inventory policies: what happens when a variant is out of stock.
const (
	SellAlways     = 0
	HideOutOfStock = 1
	SellOutOfStock = 2
)

// Variant is one way in which an item is sold.
type Variant struct {
	ID              string   `db:"id" json:"id"`
	ItemID          string   `db:"item_id" json:"item_id"`
	Title           string   `db:"title" json:"title"`
	SKU             string   `db:"sku" json:"sku"`
	Price           *float64 `db:"price" json:"price"`
	Inventory       int      `db:"inventory" json:"inventory"`
	InventoryPolicy int      `db:"inventory_policy" json:"inventory_policy"`
	Published       bool     `db:"published" json:"published"`
}

// Category is a group of items.
type Category struct {
	ID   string `db:"id" json:"id"`
	Name string `db:"name" json:"name"`
}

const maxItems = 10_000 // in one call

// UpsertItems stores items as they are given: the variants and categories of each become those that it has here. It
// runs a few statements whatever the number of items, in the transaction given. now is the time of the update.
func (s *Store) UpsertItems(ctx context.Context, tx *sqlx.Tx, items []Item, now time.Time) error {
	if len(items) == 0 {
		return nil
	}
	if len(items) > maxItems {
		return fmt.Errorf("storing items: %d at once; at most %d are taken", len(items), maxItems)
	}
	set, err := flatten(items)
	if err != nil {
		return fmt.Errorf("storing items: %w", err)
	}
	for _, step := range []struct {
		name string
		args []any
	}{
		{"catalog_item_upsert", []any{set.json(items), now}},
		{"catalog_category_upsert", []any{set.json(set.categories)}},
		{"catalog_item_category_replace", []any{pq.Array(set.ids), pq.Array(set.memberItems), pq.Array(set.memberCategories)}},
		{"catalog_variant_upsert", []any{set.json(set.variants)}},
		{"catalog_variant_drop_others", []any{pq.Array(set.ids), pq.Array(set.variantIDs)}},
	} {
		if set.err != nil {
			return fmt.Errorf("storing items: %w", set.err)
		}
		if _, err := tx.ExecContext(ctx, query(step.name), step.args...); err != nil {
			return fmt.Errorf("storing items (%s): %w", step.name, err)
		}
	}
	return nil
}

// itemSet is many items, taken apart for one statement per table.
type itemSet struct {
	ids                           []string
	categories                    []Category
	memberItems, memberCategories []string
	variants                      []Variant
	variantIDs                    []string
	err                           error
}

func (set *itemSet) json(v any) string {
	data, err := json.Marshal(v)
	if err != nil && set.err == nil {
		set.err = err
	}
	return string(data)
}

func flatten(items []Item) (*itemSet, error) {
	set := &itemSet{categories: []Category{}, variants: []Variant{}}
	seenItem, seenVariant, names := map[string]bool{}, map[string]bool{}, map[string]string{}
	for i := range items {
		item := &items[i]
		switch {
		case item.ID == "":
			return nil, errors.New("an item has no id")
		case item.Title == "":
			return nil, fmt.Errorf("item %s has no title", item.ID)
		case seenItem[item.ID]:
			return nil, fmt.Errorf("item %s is given twice", item.ID)
		}
		seenItem[item.ID] = true
		set.ids = append(set.ids, item.ID)
		if len(item.Metadata) == 0 {
			item.Metadata = types.JSONText("{}")
		}
		for _, c := range item.Categories {
			if c.ID == "" {
				return nil, fmt.Errorf("a category of item %s has no id", item.ID)
			}
			if _, ok := names[c.ID]; !ok {
				names[c.ID] = c.Name
				set.categories = append(set.categories, c)
			}
			set.memberItems = append(set.memberItems, item.ID)
			set.memberCategories = append(set.memberCategories, c.ID)
		}
		for _, v := range item.Variants {
			switch {
			case v.ID == "":
				return nil, fmt.Errorf("a variant of item %s has no id", item.ID)
			case seenVariant[v.ID]:
				return nil, fmt.Errorf("variant %s is given twice", v.ID)
			case v.InventoryPolicy < SellAlways || v.InventoryPolicy > SellOutOfStock:
				return nil, fmt.Errorf("variant %s has the inventory policy %d; it must be 0, 1 or 2", v.ID, v.InventoryPolicy)
			}
			seenVariant[v.ID] = true
			v.ItemID = item.ID
			set.variants = append(set.variants, v)
			set.variantIDs = append(set.variantIDs, v.ID)
		}
	}
	return set, nil
}

// Item gives an item with its variants and categories.
func (s *Store) Item(ctx context.Context, id string) (*Item, error) {
	items, err := s.Items(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, ErrNotFound
	}
	return &items[0], nil
}

// Items gives the items that exist among ids, in the order of their ids, with their variants and categories.
func (s *Store) Items(ctx context.Context, ids []string) ([]Item, error) {
	var items []Item
	if err := s.DB.SelectContext(ctx, &items, query("catalog_items_by_id"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading items: %w", err)
	}
	at := make(map[string]*Item, len(items))
	for i := range items {
		at[items[i].ID] = &items[i]
	}
	var variants []Variant
	if err := s.DB.SelectContext(ctx, &variants, query("catalog_variants_of_items"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading variants: %w", err)
	}
	for _, v := range variants {
		if item := at[v.ItemID]; item != nil {
			item.Variants = append(item.Variants, v)
		}
	}
	var members []struct {
		ItemID string `db:"item_id"`
		Category
	}
	if err := s.DB.SelectContext(ctx, &members, query("catalog_categories_of_items"), pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("reading categories: %w", err)
	}
	for _, m := range members {
		if item := at[m.ItemID]; item != nil {
			item.Categories = append(item.Categories, m.Category)
		}
	}
	return items, nil
}
