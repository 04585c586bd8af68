package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/legato-flow/legato/store"
)

// query is what the parameters of a request ask for.
type query struct {
	fields     map[string][]string // by type; absent means every attribute
	additional map[string][]string // attributes by type that are left out unless asked for
	include    []string
	page       store.Page
	text       url.Values
}

// wants says whether an attribute of a type that is left out otherwise has been asked for.
func (q *query) wants(kind, attribute string) bool {
	return slices.Contains(q.additional[kind], attribute)
}

// includes says whether resources of a relationship have been asked for.
func (q *query) includes(name string) bool { return slices.Contains(q.include, name) }

// parameters of a request are parsed for what a route allows: shapes of types in the answer, and listing for
// a collection.
type parameters struct {
	shapes  []*description // the main one first, then those that can be included
	listing bool
	company bool // takes the company_id, which admitClient has read
}

func (p parameters) parse(r *http.Request) (*query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "The query is not well-formed: %s.", err)
	}
	q := &query{fields: map[string][]string{}, additional: map[string][]string{}, text: values}
	var found problems
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if len(values[name]) > 1 {
			found = append(found, invalidParameter(name, "%s is given more than once.", shorten(name)))
			continue
		}
		if err := p.parameter(q, name, values[name][0]); err != nil {
			found = append(found, invalidParameter(name, "%s %s.", shorten(name), err))
		}
	}
	if p.listing {
		if err := p.position(q); err != nil {
			found = append(found, invalidParameter("page[cursor]", "page[cursor] %s.", err))
		}
	}
	if len(found) > 0 {
		return nil, found
	}
	if err := permitIncludes(r.Context(), q.include); err != nil {
		return nil, err
	}
	return q, nil
}

func (p parameters) parameter(q *query, name, value string) error {
	if p.company && name == companyParameter {
		return nil
	}
	for _, d := range p.shapes {
		switch name {
		case "fields[" + d.name + "]":
			return choose(q.fields, d.name, value, append(append([]string{"id"}, d.attributes...), d.additional...))
		case "additional-fields[" + d.name + "]":
			if len(d.additional) > 0 {
				return choose(q.additional, d.name, value, d.additional)
			}
		}
	}
	if len(p.shapes) > 0 && name == "include" && len(p.shapes[0].includes) > 0 {
		return q.parseInclude(p.shapes[0], value)
	}
	if p.listing {
		d := p.shapes[0]
		switch {
		case name == "filter" && len(d.filters) > 0:
			return q.parseFilter(d, value)
		case name == "sort" && len(d.sorts) > 0:
			q.page.Sort, q.page.Descending = strings.CutPrefix(value, "-")
			if !slices.Contains(d.sorts, q.page.Sort) {
				return fmt.Errorf("must be one of %s, with - before it for the reverse order", strings.Join(d.sorts, ", "))
			}
			return nil
		case name == "page[size]" && d.maxSize > 0:
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > d.maxSize {
				return fmt.Errorf("must be a number from 1 to %d", d.maxSize)
			}
			q.page.Size = n
			return nil
		case name == "page[cursor]":
			return nil // read once the sort is known
		}
	}
	return fmt.Errorf("is not a parameter of this operation; known are %s", strings.Join(p.known(), ", "))
}

func (p parameters) known() []string {
	var all []string
	if p.company {
		all = append(all, companyParameter)
	}
	for _, d := range p.shapes {
		all = append(all, "fields["+d.name+"]")
		if len(d.additional) > 0 {
			all = append(all, "additional-fields["+d.name+"]")
		}
	}
	if len(p.shapes) > 0 && len(p.shapes[0].includes) > 0 {
		all = append(all, "include")
	}
	if p.listing {
		if len(p.shapes[0].filters) > 0 {
			all = append(all, "filter")
		}
		all = append(all, "page[cursor]")
		if p.shapes[0].maxSize > 0 {
			all = append(all, "page[size]")
		}
		if len(p.shapes[0].sorts) > 0 {
			all = append(all, "sort")
		}
	}
	if len(all) == 0 {
		return []string{"none"}
	}
	return all
}

// choose reads a comma-separated list whose elements are all among the allowed ones.
func choose(into map[string][]string, kind, value string, allowed []string) error {
	into[kind] = []string{}
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.TrimSpace(name); name == "" && value == "" {
			return nil
		}
		if !slices.Contains(allowed, name) {
			return fmt.Errorf("has %q, which is not one of %s", shorten(name), strings.Join(allowed, ", "))
		}
		into[kind] = append(into[kind], name)
	}
	return nil
}

func (q *query) parseInclude(d *description, value string) error {
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(d.includes, name) {
			return fmt.Errorf("has %q, which is not one of %s", shorten(name), strings.Join(d.includes, ", "))
		}
		if !slices.Contains(q.include, name) {
			q.include = append(q.include, name)
		}
	}
	return nil
}

func (q *query) parseFilter(d *description, value string) error {
	comparisons, err := parseFilter(value)
	if err != nil {
		return err
	}
	for _, c := range comparisons {
		f, ok := d.filters[c.field]
		if !ok {
			return fmt.Errorf("has the field %q, which is not one of %s", shorten(c.field), strings.Join(slices.Sorted(maps.Keys(d.filters)), ", "))
		}
		if !slices.Contains(f.operators, c.operator) {
			return fmt.Errorf("has %s for %s, which takes %s", c.operator, c.field, strings.Join(f.operators, ", "))
		}
		condition := store.Condition{Field: c.field, Operator: c.operator}
		if condition.Value, err = f.value(c); err != nil {
			return fmt.Errorf("has a value for %s that %w", c.field, err)
		}
		q.page.Where = append(q.page.Where, condition)
	}
	return nil
}

// position completes the page: its order, its size and where it begins.
func (p parameters) position(q *query) error {
	d := p.shapes[0]
	if q.page.Sort == "" {
		q.page.Sort, q.page.Descending = strings.TrimPrefix(d.order, "-"), strings.HasPrefix(d.order, "-")
	}
	if q.page.Size == 0 {
		q.page.Size = d.size
	}
	text := q.text.Get("page[cursor]")
	if text == "" {
		return nil
	}
	c, err := parseCursor(text, q.sort())
	if err != nil {
		return err
	}
	q.page.From, q.page.Backward = &store.Position{Value: c.Value, ID: c.ID}, c.Before
	return nil
}

// sort names the order, as in the parameter.
func (q *query) sort() string {
	if q.page.Descending {
		return "-" + q.page.Sort
	}
	return q.page.Sort
}
