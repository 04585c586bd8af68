package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Page asks for one page of a noun's rows: which, in what order, from where.
type Page struct {
	Where      []Condition
	Sort       string // one of the noun's sort names
	Descending bool
	From       *Position // the row just outside the page; nil is the beginning
	Backward   bool      // the page ends before From instead of beginning after it
	Size       int
}

// Condition compares one of the noun's fields. Operator is equals, any, greater-than, greater-or-equal,
// less-than, less-or-equal, contains, starts-with, ends-with or has.
type Condition struct {
	Field, Operator string
	Value           any // string, time.Time, bool, or []string with any
}

// Position is a row's place in an order: its value there, and its id to tell rows with one value apart. That is
// what keeps pages from repeating or losing rows while others are inserted.
type Position struct {
	Value *string
	ID    string
}

// ErrPosition is returned for a Position that no row of the noun can have.
var ErrPosition = errors.New("no such position")

// Kinds of columns.
type kind int

const (
	text kind = iota
	moment
	identity // a uuid
)

// column is how a field or sort name is said in SQL. A %s in the expression stands for the whole comparison.
type column struct {
	expression string
	kind       kind
	nullable   bool
	as         string // of a sort by something that the noun's row lacks: the name to select it by
	nullsLast  bool   // in both directions; else nulls are larger than everything
}

// listing is what paging needs to know of a noun.
type listing struct {
	query  string // the statement that selects, without where
	id     column
	fields map[string]column
	sorts  map[string]column
}

var comparisons = map[string]string{
	"equals": "=", "any": "= any", "greater-than": ">", "greater-or-equal": ">=", "less-than": "<", "less-or-equal": "<=",
}

// textTests compare a part of a text. The value may stand in them twice.
var textTests = map[string]string{
	"contains": "strpos(%[1]s, %[2]s) > 0", "starts-with": "starts_with(%[1]s, %[2]s)", "ends-with": "right(%[1]s, char_length(%[2]s)) = %[2]s",
}

// selectPage reads the page, and says whether more rows follow in its direction.
func selectPage[T any](ctx context.Context, s *Store, l listing, p Page) (rows []T, more bool, err error) {
	sql, args, err := l.compile(p)
	if err != nil {
		return nil, false, err
	}
	if err := s.DB.SelectContext(ctx, &rows, sql, args...); err != nil {
		return nil, false, fmt.Errorf("reading a page: %w", err)
	}
	if more = len(rows) > p.Size; more {
		rows = rows[:p.Size]
	}
	if p.Backward {
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	return rows, more, nil
}

// compile writes the statement. Names come from the listing's maps only, values are arguments.
func (l listing) compile(p Page) (string, []any, error) {
	var where []string
	var args []any
	argument := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	for _, c := range p.Where {
		field, ok := l.fields[c.Field]
		if !ok {
			return "", nil, fmt.Errorf("no field %q to filter by", c.Field)
		}
		if c.Operator == "has" {
			where = append(where, field.expression+" is not null")
			continue
		}
		if test, ok := textTests[c.Operator]; ok {
			value := argument(c.Value) + "::text"
			where = append(where, fmt.Sprintf(test, field.expression, value))
			continue
		}
		operator, ok := comparisons[c.Operator]
		if !ok {
			return "", nil, fmt.Errorf("no operator %q", c.Operator)
		}
		value := c.Value
		if list, ok := value.([]string); ok {
			value = pq.Array(list)
		}
		where = append(where, field.compare(operator, argument(value)))
	}
	sort, ok := l.sorts[p.Sort]
	if !ok {
		return "", nil, fmt.Errorf("no sort %q", p.Sort)
	}
	descending := p.Descending != p.Backward
	nullsEnd := !descending // whether nulls come at the end of what is read
	if sort.nullsLast {
		nullsEnd = !p.Backward
	}
	if p.From != nil {
		after, err := l.after(sort, *p.From, descending, nullsEnd, argument)
		if err != nil {
			return "", nil, err
		}
		where = append(where, after)
	}
	sql := query(l.query)
	if sort.as != "" {
		sql = strings.Replace(sql, "\nfrom ", ",\n    "+sort.expression+" as "+sort.as+"\nfrom ", 1)
	}
	if len(where) > 0 {
		sql += "\nwhere " + strings.Join(where, "\n  and ")
	}
	direction := ""
	if descending {
		direction = " desc"
	}
	nulls := ""
	if nullsEnd == descending { // otherwise Postgres does so by itself
		nulls = map[bool]string{true: " nulls last", false: " nulls first"}[nullsEnd]
	}
	sql += fmt.Sprintf("\norder by %s%s%s, %s%s\nlimit %d", sort.expression, direction, nulls, l.id.expression, direction, p.Size+1)
	return sql, args, nil
}

// after is the condition for rows beyond a position.
func (l listing) after(sort column, from Position, descending, nullsEnd bool, argument func(any) string) (string, error) {
	id, err := l.id.read(from.ID)
	if err != nil {
		return "", err
	}
	operator := ">"
	if descending {
		operator = "<"
	}
	if from.Value == nil {
		if !sort.nullable {
			return "", ErrPosition
		}
		same := fmt.Sprintf("%s is null and %s %s %s", sort.expression, l.id.expression, operator, argument(id))
		if !nullsEnd {
			return fmt.Sprintf("(%s or %s is not null)", same, sort.expression), nil
		}
		return "(" + same + ")", nil
	}
	value, err := sort.read(*from.Value)
	if err != nil {
		return "", err
	}
	beyond := fmt.Sprintf("(%s, %s) %s (%s, %s)", sort.expression, l.id.expression, operator, argument(value), argument(id))
	if sort.nullable && nullsEnd {
		return fmt.Sprintf("(%s or %s is null)", beyond, sort.expression), nil
	}
	return beyond, nil
}

func (c column) compare(operator, argument string) string {
	if operator == "= any" {
		argument = "(" + argument + ")"
	}
	comparison := operator + " " + argument
	if strings.Contains(c.expression, "%s") {
		return fmt.Sprintf(c.expression, comparison)
	}
	return c.expression + " " + comparison
}

// read turns a position's text into the column's type.
func (c column) read(s string) (any, error) {
	switch c.kind {
	case moment:
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil || t.Year() < 1 || t.Year() > 9999 {
			return nil, ErrPosition
		}
		return t, nil
	case identity:
		id, err := uuid.Parse(s)
		if err != nil {
			return nil, ErrPosition
		}
		return id.String(), nil
	default:
		if strings.ContainsRune(s, 0) {
			return nil, ErrPosition
		}
		return s, nil
	}
}

func position(value *string, id string) Position { return Position{Value: value, ID: id} }

func momentPosition(t time.Time, id string) Position {
	value := t.UTC().Format(time.RFC3339Nano)
	return Position{Value: &value, ID: id}
}
