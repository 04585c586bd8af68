package expression

import (
	"cmp"
	"strings"
	"time"
)

// align brings two canonical values to one kind: text next to a time is read as a date, text next to a duration
// as a duration. It reports false when either is missing or the kinds do not meet.
func align(a, b any) (any, any, bool) {
	if a == nil || b == nil {
		return nil, nil, false
	}
	ka, kb := kindOf(a), kindOf(b)
	switch {
	case ka == kb:
		return a, b, true
	case ka == text && (kb == instant || kb == duration):
		a = readAs(kb, a.(string))
		return a, b, a != nil
	case kb == text && (ka == instant || ka == duration):
		b = readAs(ka, b.(string))
		return a, b, b != nil
	}
	return nil, nil, false
}

func readAs(k kind, s string) any {
	if k == instant {
		if t, ok := ParseDate(s); ok {
			return t
		}
		return nil
	}
	if d, err := ParseDuration(s); err == nil {
		return d
	}
	return nil
}

// equal answers == (or != when negated).
func (e *evaluation) equal(a, b any, negated bool) (bool, error) {
	a, b, ok := align(a, b)
	if !ok {
		return false, nil
	}
	is := e.same(a, b)
	return is != negated, e.spend(0)
}

// same compares two canonical values of one kind, lists and objects in depth. It stops with any answer when the
// work is used up, which the next spend reports.
func (e *evaluation) same(a, b any) bool {
	if e.work--; e.work < 0 {
		return false
	}
	switch a := a.(type) {
	case time.Time:
		return a.Equal(b.(time.Time))
	case []any:
		b := b.([]any)
		if len(a) != len(b) {
			return false
		}
		for i := range a {
			if !e.sameItem(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b := b.(map[string]any)
		if len(a) != len(b) {
			return false
		}
		for k, v := range a {
			w, ok := b[k]
			if !ok || !e.sameItem(v, w) {
				return false
			}
		}
		return true
	}
	return a == b
}

// sameItem compares what is inside lists and objects, where null equals null.
func (e *evaluation) sameItem(a, b any) bool {
	a, b = canonical(a), canonical(b)
	return kindOf(a) == kindOf(b) && (a == nil) == (b == nil) && (a == nil || e.same(a, b))
}

// order answers < <= > >=.
func order(op string, a, b any) bool {
	a, b, ok := align(a, b)
	if !ok {
		return false
	}
	var c int
	switch a := a.(type) {
	case float64:
		c = cmp.Compare(a, b.(float64))
	case string:
		c = strings.Compare(a, b.(string))
	case time.Time:
		c = a.Compare(b.(time.Time))
	case time.Duration:
		c = cmp.Compare(a, b.(time.Duration))
	default:
		return false
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// in answers "x in list"; an item of another type is not the same.
func (e *evaluation) in(x, items any, negated bool) (bool, error) {
	l, ok := items.([]any)
	if x == nil || !ok {
		return false, nil
	}
	for _, item := range l {
		is, err := e.equal(x, canonical(item), false)
		if is || err != nil {
			return !negated, err
		}
	}
	return negated, e.spend(len(l) / 8)
}

// contains looks for a part in text, and for an equal item in a list.
func (e *evaluation) contains(x, part any, negated bool) (bool, error) {
	if _, ok := x.([]any); ok {
		return e.in(part, x, negated)
	}
	s, p, ok, err := e.texts(x, part)
	return ok && strings.Contains(s, p) != negated, err
}

// texts takes two values that must both be text.
func (e *evaluation) texts(a, b any) (string, string, bool, error) {
	s, isText := a.(string)
	p, alsoText := b.(string)
	if !isText || !alsoText {
		return "", "", false, nil
	}
	return s, p, true, e.spend(len(s) / 1024)
}
