package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/legato-flow/legato/store"
)

// cursor is a place between two rows of an order, as the opaque page[cursor] says it.
type cursor struct {
	Sort   string  `json:"s"`
	Value  *string `json:"v"`
	ID     string  `json:"i"`
	Before bool    `json:"b,omitempty"` // the page ends here instead of beginning here
}

func newCursor(sort string, p store.Position, before bool) string {
	b, err := json.Marshal(cursor{Sort: sort, Value: p.Value, ID: p.ID, Before: before})
	if err != nil {
		panic(err) // strings always encode
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

var errCursor = errors.New("is not a cursor that this collection gave for this sort")

func parseCursor(s, sort string) (cursor, error) {
	var c cursor
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(b) || json.Unmarshal(b, &c) != nil || c.Sort != sort || c.ID == "" {
		return c, errCursor
	}
	return c, nil
}
