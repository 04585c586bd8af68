package ingest

import (
	"encoding/json"
	"strconv"
	"strings"
)

// orderedProduct is the metric of which each event is one line of an order.
const orderedProduct = "Ordered Product"

// itemProperties are where senders put the catalog's id of what was bought; the first that is set counts.
var itemProperties = []string{"ProductID", "Product ID", "ProductId", "product_id", "ItemID", "Item ID", "ItemId", "item_id"}

// purchase reads what an Ordered Product event says was bought, and how many (property Quantity, else 1). The
// id is nil if it does not say.
func purchase(properties json.RawMessage) (item *string, quantity *json.Number) {
	var all map[string]json.RawMessage
	if json.Unmarshal(properties, &all) != nil {
		return nil, nil
	}
	for _, name := range itemProperties {
		id := scalar(all[name])
		if id == "" || len(id) > MaxKeyLength {
			continue
		}
		n := json.Number("1")
		if q := scalar(all["Quantity"]); q != "" {
			if f, err := strconv.ParseFloat(q, 64); err == nil && f > 0 && f < 1e9 {
				n = json.Number(strconv.FormatFloat(f, 'f', -1, 64))
			}
		}
		return &id, &n
	}
	return nil, nil
}

// scalar gives a string's or number's text, or nothing.
func scalar(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}
