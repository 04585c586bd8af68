package api

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// description is what the machinery of collections, filters and sparse fields has to know of a resource type.
type description struct {
	name       string // the type, as in "type": "profile"
	path       string // of the collection
	attributes []string
	additional []string // attributes that are left out unless asked for
	includes   []string // relationships that include takes
	filters    map[string]filterField
	sorts      []string
	order      string // the sort when none is given
	size       int    // of a page
	maxSize    int    // 0: the size is fixed
}

// filterField is a field that can be filtered by.
type filterField struct {
	kind      filterKind
	operators []string
}

type filterKind int

const (
	filterText    filterKind = iota
	filterEmail              // compared without regard to case
	filterTime               // ISO 8601
	filterSeconds            // Unix seconds
	filterFlag               // true or false
)

var (
	equality = []string{"equals"}
	choice   = []string{"equals", "any"}
	strictly = []string{"greater-than", "less-than"}
	ranges   = []string{"greater-than", "greater-or-equal", "less-than", "less-or-equal"}
	presence = []string{"has"}
	parts    = []string{"contains", "ends-with", "equals", "starts-with"}
	moments  = []string{"equals", "greater-or-equal", "greater-than", "less-or-equal", "less-than"}
)

// value reads a comparison's value as the field's type.
func (f filterField) value(c comparison) (any, error) {
	if c.operator == "has" {
		return nil, nil
	}
	if c.operator == "any" {
		if !c.list || len(c.values) == 0 {
			return nil, errors.New(`must be a list such as ["a","b"]`)
		}
		all := make([]string, len(c.values))
		for i, v := range c.values {
			text, err := f.text(v)
			if err != nil {
				return nil, err
			}
			all[i] = text
		}
		return all, nil
	}
	if c.list {
		return nil, errors.New("must not be a list")
	}
	switch f.kind {
	case filterTime:
		return instant(c.values[0].instant())
	case filterFlag:
		return c.values[0].flag()
	case filterSeconds:
		return instant(c.values[0].seconds())
	default:
		return f.text(c.values[0])
	}
}

func instant(t time.Time, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (f filterField) text(v literal) (string, error) {
	if !v.quoted {
		return "", fmt.Errorf("must be a string in quotes, not %s", shorten(v.text))
	}
	if f.kind == filterEmail {
		return strings.ToLower(v.text), nil
	}
	return v.text, nil
}

// flag reads true or false.
func (l literal) flag() (any, error) {
	if l.text != "true" && l.text != "false" {
		return nil, fmt.Errorf("must be true or false, not %s", shorten(l.text))
	}
	return l.text == "true", nil
}
