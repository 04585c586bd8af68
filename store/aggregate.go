package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

// Aggregate asks for numbers of the events of one metric, by time and by dimensions.
type Aggregate struct {
	MetricID   string
	Since      []time.Time // of the buckets, rising; what happened in [Since, Until) counts
	Until      []time.Time // of the buckets, each at most the next one's Since
	By         []string    // properties of the events, or DimensionCurrency
	Where      []Condition // on such properties; one that is missing compares as ""
	Unique     bool        // count people
	Total      bool        // add up values
	Sort       string      // one of By, or count, unique or sum_value over all buckets; empty: the dimensions in order
	Descending bool
	After      *AggregatePlace // the group before the first one wanted
	Size       int             // groups wanted at most
}

// DimensionCurrency is the currency of an event's value, which is not among its properties.
const DimensionCurrency = "$value_currency"

// MaxDimension is how many characters of a property count as a dimension; the rest is cut off.
const MaxDimension = 1000

// AggregatePlace is a group's place in the order of an Aggregate.
type AggregatePlace struct {
	Rank string
	Dims []string
}

// AggregateGroup is the events that share their dimensions, in the buckets that have any.
type AggregateGroup struct {
	AggregatePlace
	Cells []AggregateCell
}

// AggregateCell is a group's events in one bucket.
type AggregateCell struct {
	Bucket int // index into Since
	Count  int64
	People int64       // who have such an event; 0 without Unique
	Total  json.Number // of the values; events without one count as 0. It is 0 without Total
}

// Aggregate reads the groups in order, and says whether more follow.
func (s *Store) Aggregate(ctx context.Context, a Aggregate) (groups []AggregateGroup, more bool, err error) {
	sql, args, err := a.compile()
	if err != nil {
		return nil, false, err
	}
	var rows []struct {
		Dims   pq.StringArray `db:"dims"`
		Rank   string         `db:"rank"`
		Bucket int            `db:"bucket"`
		Count  int64          `db:"count"`
		People int64          `db:"people"`
		Total  json.Number    `db:"total"`
	}
	if err := s.DB.SelectContext(ctx, &rows, sql, args...); err != nil {
		return nil, false, fmt.Errorf("aggregating the events of metric %s: %w", a.MetricID, err)
	}
	for _, r := range rows {
		if n := len(groups); n == 0 || !slices.Equal(groups[n-1].Dims, r.Dims) {
			if n == a.Size {
				return groups, true, nil
			}
			groups = append(groups, AggregateGroup{AggregatePlace: AggregatePlace{Rank: r.Rank, Dims: r.Dims}})
		}
		last := &groups[len(groups)-1]
		last.Cells = append(last.Cells, AggregateCell{Bucket: r.Bucket - 1, Count: r.Count, People: r.People, Total: r.Total})
	}
	return groups, false, nil
}

// compile writes the statement. Everything that a sender chose is an argument.
func (a *Aggregate) compile() (string, []any, error) {
	if len(a.Since) == 0 || len(a.Since) != len(a.Until) {
		return "", nil, errors.New("aggregating: there are no buckets, or some lack an end")
	}
	args := []any{a.MetricID, pq.Array(instants(a.Since)), pq.Array(instants(a.Until))}
	argument := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	dimension := func(name string) string {
		if name == DimensionCurrency {
			return "coalesce(currency, '')"
		}
		return "coalesce(left(properties ->> " + argument(name) + "::text, " + strconv.Itoa(MaxDimension) + "), '')"
	}
	dims := make([]string, len(a.By))
	for i, name := range a.By {
		dims[i] = dimension(name) + ` collate "C"`
	}
	where, err := a.where(dimension, argument)
	if err != nil {
		return "", nil, err
	}
	rank, cast, err := a.rank()
	if err != nil {
		return "", nil, err
	}
	operator, direction := ">", ""
	if a.Descending {
		operator, direction = "<", " desc"
	}
	after := "true"
	if a.After != nil {
		// The rank comes first in either direction, dimensions tell equal ranks apart.
		r, d := argument(a.After.Rank), argument(pq.Array(a.After.Dims))
		after = fmt.Sprintf("(rank %s %s::%s or rank = %[2]s::%[3]s and dims > %s::text[])", operator, r, cast, d)
	}
	name, total, group := "aggregate_plain", "0::numeric", "group by 1"
	if a.Unique || a.Sort == "unique" {
		name = "aggregate_people"
	}
	if a.Total || a.Sort == "sum_value" {
		total = "coalesce(sum(value), 0)"
	}
	if len(a.By) == 0 {
		group = "having count(*) > 0"
	}
	return strings.NewReplacer(
		"{dims}", "array["+strings.Join(dims, ", ")+"]::text[]", "{where}", where, "{total}", total, "{group}", group,
		"{rank}", rank, "{after}", after, "{direction}", direction, "{limit}", strconv.Itoa(a.Size+1),
	).Replace(query(name) + "\n" + query("aggregate_page")), args, nil
}

func instants(times []time.Time) []string {
	all := make([]string, len(times))
	for i, t := range times {
		all[i] = t.UTC().Format(time.RFC3339Nano)
	}
	return all
}

// rank is the expression that groups are sorted by, and its type.
func (a *Aggregate) rank() (expression, cast string, err error) {
	switch a.Sort {
	case "":
		return "0", "integer", nil
	case "count":
		return "sum(count)", "numeric", nil
	case "unique":
		return "sum(people)", "numeric", nil
	case "sum_value":
		return "sum(total)", "numeric", nil
	}
	i := slices.Index(a.By, a.Sort)
	if i < 0 {
		return "", "", fmt.Errorf("aggregating: there is no sort %q", a.Sort)
	}
	return fmt.Sprintf(`dims[%d] collate "C"`, i+1), "text", nil
}

func (a *Aggregate) where(dimension func(string) string, argument func(any) string) (string, error) {
	var b strings.Builder
	for _, c := range a.Where {
		b.WriteString(" and ")
		field := dimension(c.Field)
		if test, ok := textTests[c.Operator]; ok {
			fmt.Fprintf(&b, test, field, argument(c.Value)+"::text")
			continue
		}
		switch value := c.Value.(type) {
		case []string:
			b.WriteString(field + " = any(" + argument(pq.Array(value)) + "::text[])")
		case string:
			b.WriteString(field + " = " + argument(value))
		default:
			return "", fmt.Errorf("aggregating: %s cannot be compared with %T", c.Field, c.Value)
		}
	}
	return b.String(), nil
}
