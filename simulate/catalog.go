package simulate

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/store"
)

// ReadCatalog reads the items that the shop sells. An item needs an id only; its title is the id then, and it has
// an image, as recommendations leave out what has none.
func ReadCatalog(v flow.Value) []store.Item {
	var items []store.Item
	seen := map[string]bool{}
	for _, place := range v.Items("catalog", maxCatalog) {
		found := place.Fields("an item", flow.Field{Name: "id", Required: true, Example: "mug"}, flow.Field{Name: "title"},
			flow.Field{Name: "description"}, flow.Field{Name: "url"}, flow.Field{Name: "image"}, flow.Field{Name: "price"},
			flow.Field{Name: "metadata"}, flow.Field{Name: "published"}, flow.Field{Name: "inventory"}, flow.Field{Name: "categories"})
		if !found["id"].Given() {
			continue
		}
		item := store.Item{ID: found["id"].Passage("id", 200), Published: true}
		if item.ID == "" || seen[item.ID] {
			found["id"].Fail("", "an item's id must be there, once")
			continue
		}
		seen[item.ID] = true
		item.Title, item.URL, item.Image = item.ID, "https://shop.example/"+item.ID, "https://shop.example/"+item.ID+".png"
		for name, to := range map[string]*string{"title": &item.Title, "description": &item.Description, "url": &item.URL, "image": &item.Image} {
			if v := found[name]; v.Given() {
				*to = v.Passage(name, maxText)
			}
		}
		if price := found["price"]; price.Given() {
			if amount, err := strconv.ParseFloat(price.Number("price"), 64); err == nil {
				item.Price = &amount
			}
		}
		if metadata := found["metadata"]; metadata.Given() {
			metadata.Entries("metadata", 100)
			item.Metadata, _ = json.Marshal(object(metadata))
		}
		if published := found["published"]; published.Given() {
			item.Published = published.Data() == true
		}
		if inventory := found["inventory"]; inventory.Given() {
			if n, err := strconv.Atoi(inventory.Number("inventory")); err == nil {
				item.Variants = []store.Variant{{ID: item.ID + "-1", Title: item.Title, Price: item.Price, Inventory: n,
					InventoryPolicy: store.HideOutOfStock, Published: true}}
			}
		}
		if categories := found["categories"]; categories.Given() {
			for _, c := range categories.Items("categories", 20) {
				name := c.Text("a category", 200)
				item.Categories = append(item.Categories, store.Category{ID: name, Name: name})
			}
		}
		items = append(items, item)
	}
	return items
}

func (s *Simulation) stock(ctx context.Context, items []store.Item, at time.Time) error {
	return s.store.Tx(ctx, func(tx *sqlx.Tx) error { return s.store.UpsertItems(ctx, tx, items, at) })
}
