package api

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/store"
)

// pageOf is a page of rows that are at hand: few, such as the actions of a flow. value gives a row's field: a
// string or a time.
func pageOf[T any](rows []T, p store.Page, id func(*T) string, value func(row *T, field string) any) ([]T, bool, error) {
	kept := slices.DeleteFunc(slices.Clone(rows), func(row T) bool {
		return slices.ContainsFunc(p.Where, func(c store.Condition) bool { return !holds(c, value(&row, c.Field)) })
	})
	order := func(a, b T) int {
		c := order(value(&a, p.Sort), value(&b, p.Sort))
		if c == 0 {
			c = strings.Compare(id(&a), id(&b))
		}
		if p.Descending {
			return -c
		}
		return c
	}
	slices.SortFunc(kept, order)
	if p.From != nil {
		at := slices.IndexFunc(kept, func(row T) bool { return id(&row) == p.From.ID })
		if at < 0 {
			return nil, false, store.ErrPosition // it is gone, and with it its place
		}
		if p.Backward {
			from := max(0, at-p.Size)
			return kept[from:at], from > 0, nil
		}
		kept = kept[at+1:]
	}
	more := len(kept) > p.Size
	return kept[:min(len(kept), p.Size)], more, nil
}

func order(a, b any) int {
	if t, ok := a.(time.Time); ok {
		return t.Compare(b.(time.Time))
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// holds says whether a value passes a condition.
func holds(c store.Condition, value any) bool {
	text := fmt.Sprint(value)
	switch c.Operator {
	case "any":
		return slices.Contains(c.Value.([]string), text)
	case "contains":
		return strings.Contains(text, c.Value.(string))
	case "starts-with":
		return strings.HasPrefix(text, c.Value.(string))
	case "ends-with":
		return strings.HasSuffix(text, c.Value.(string))
	}
	o := order(value, c.Value)
	switch c.Operator {
	case "greater-than":
		return o > 0
	case "greater-or-equal":
		return o >= 0
	case "less-than":
		return o < 0
	case "less-or-equal":
		return o <= 0
	}
	return o == 0
}
