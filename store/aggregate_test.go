package store_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx/types"
	"pgregory.net/rapid"

	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// zones have all that clocks do: change by an hour or by half of one, at midnight, not at all, and differ from UTC by
// quarters of an hour.
var zones = []string{"UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns",
	"Africa/Cairo", "America/Havana", "Asia/Beirut", "Pacific/Chatham", "Africa/Casablanca", "America/Santiago"}

// label is what somebody with a calendar would call the interval that a moment is in.
func label(interval clock.Interval, t time.Time) string {
	switch interval {
	case clock.Hour:
		return t.Format("2006-01-02T15 -07:00")
	case clock.Day:
		return t.Format(time.DateOnly)
	case clock.Week:
		year, week := t.ISOWeek()
		return fmt.Sprintf("%d-W%d", year, week)
	default:
		return t.Format("2006-01")
	}
}

type aggregated struct {
	count, people int64
	total         *big.Rat
}

// TestAggregatesAreWhatCountingByHandGives holds the SQL and the buckets to a loop over all events.
func TestAggregatesAreWhatCountingByHandGives(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	var events []store.Event
	rapid.Check(t, func(rt *rapid.T) {
		zone := clock.Zone(rapid.SampledFrom(zones).Draw(rt, "zone"))
		interval := rapid.SampledFrom([]clock.Interval{clock.Hour, clock.Day, clock.Week, clock.Month}).Draw(rt, "interval")
		moment := momentsIn(zone)
		events = append(events, moreEvents(rt, s, moment)...)

		since := moment.Draw(rt, "since")
		until := since.Add(time.Duration(rapid.IntRange(1, 60*24*3600).Draw(rt, "length")) * time.Second)
		starts := clock.Buckets(interval, since, until, zone)
		a := store.Aggregate{MetricID: "AAAAAA", Unique: rapid.Bool().Draw(rt, "unique"), Total: rapid.Bool().Draw(rt, "total"), Size: 1 + rapid.IntRange(0, 3).Draw(rt, "size")}
		a.Since, a.Until = slices.Clone(starts), append(slices.Clone(starts[1:]), until)
		a.Since[0] = since
		a.By = rapid.SampledFrom([][]string{nil, {"URL"}, {store.DimensionCurrency}, {"URL", "Bot Click"}, {"$flow", store.DimensionCurrency}}).Draw(rt, "by")
		a.Sort = rapid.SampledFrom(append([]string{"", "count", "unique", "sum_value"}, a.By...)).Draw(rt, "sort")
		a.Descending = rapid.Bool().Draw(rt, "descending")
		a.Where = rapid.SampledFrom([][]store.Condition{nil,
			{{Field: "URL", Operator: "equals", Value: ""}}, {{Field: "URL", Operator: "contains", Value: "ü"}},
			{{Field: store.DimensionCurrency, Operator: "any", Value: []string{"EUR", "XXX"}}, {Field: "Bot Click", Operator: "equals", Value: "true"}},
		}).Draw(rt, "where")

		want := countByHand(a, interval, zone, since, until, events)
		got := map[string]map[string]aggregated{}
		ranks := []*big.Rat{}
		for pages := 0; ; pages++ {
			groups, more, err := s.Aggregate(t.Context(), a)
			if err != nil {
				rt.Fatal(err)
			}
			if len(groups) > a.Size || more && len(groups) != a.Size || pages > 100 {
				rt.Fatalf("page %d has %d groups of %d, more is %t", pages, len(groups), a.Size, more)
			}
			for _, g := range groups {
				key := strings.Join(g.Dims, "\x00")
				if got[key] != nil {
					rt.Fatalf("the group %q comes twice", g.Dims)
				}
				got[key] = map[string]aggregated{}
				for _, c := range g.Cells {
					got[key][label(interval, starts[c.Bucket])] = aggregated{c.Count, c.People, rational(string(c.Total))}
				}
				if a.Sort == "count" || a.Sort == "unique" || a.Sort == "sum_value" {
					ranks = append(ranks, rational(g.Rank))
				}
			}
			if !more {
				break
			}
			a.After = &groups[len(groups)-1].AggregatePlace
		}
		if !slices.IsSortedFunc(ranks, func(x, y *big.Rat) int {
			if a.Descending {
				x, y = y, x
			}
			return x.Cmp(y)
		}) {
			rt.Errorf("the ranks by %s are %v", a.Sort, ranks)
		}
		compareAggregates(rt, want, got)
	})
}

// momentsIn gives moments of two years, many of them near a change of the zone's clocks or at midnight there.
func momentsIn(zone *time.Location) *rapid.Generator[time.Time] {
	start := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	return rapid.Custom(func(t *rapid.T) time.Time {
		at := start.Add(time.Duration(rapid.IntRange(0, 500*24*3600).Draw(t, "seconds")) * time.Second)
		switch rapid.IntRange(0, 3).Draw(t, "near") {
		case 0:
			if _, changes := at.In(zone).ZoneBounds(); !changes.IsZero() && changes.Year() < 2027 {
				at = changes.Add(time.Duration(rapid.IntRange(-3*3600, 3*3600).Draw(t, "from the change")) * time.Second)
			}
		case 1:
			y, m, d := at.In(zone).Date()
			at = clock.Midnight(y, m, d, zone).Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "from midnight")) * time.Second)
		}
		return at.UTC()
	})
}

func moreEvents(rt *rapid.T, s *store.Store, moment *rapid.Generator[time.Time]) []store.Event {
	var fresh []store.Event
	for range rapid.IntRange(1, 30).Draw(rt, "events") {
		at := moment.Draw(rt, "time")
		id := store.EventID(at)
		e := store.Event{ID: id, UniqueID: id, Time: at, RecordedAt: at, Properties: types.JSONText(rapid.SampledFrom([]string{
			`{}`, `{"URL":"https://a.example/ü","Bot Click":true}`, `{"URL":"B"}`, `{"URL":null,"$flow":"f"}`, `{"URL":["x",1],"$flow":"g","Bot Click":"true"}`,
			`{"URL":"` + strings.Repeat("ü", 1100) + `"}`,
		}).Draw(rt, "properties"))}
		e.MetricID = rapid.SampledFrom([]string{"AAAAAA", "AAAAAA", "AAAAAA", "BBBBBB"}).Draw(rt, "metric")
		e.ProfileID = rapid.SampledFrom([]string{"p1", "p2", "p3"}).Draw(rt, "profile")
		if v := rapid.SampledFrom([]string{"", "0", "-3.5", "12.25", "1e20"}).Draw(rt, "value"); v != "" {
			n := json.Number(v)
			e.Value = &n
		}
		if c := rapid.SampledFrom([]string{"", "EUR", "USD"}).Draw(rt, "currency"); c != "" {
			e.Currency = &c
		}
		if err := s.EnsureEventPartition(rt.Context(), at); err != nil {
			rt.Fatal(err)
		}
		fresh = append(fresh, e)
	}
	if _, err := s.DB.NamedExec(`insert into event (id, profile_id, metric_id, time, unique_id, value, currency, properties)
		values (:id, :profile_id, :metric_id, :time, :unique_id, :value, :currency, :properties)`, fresh); err != nil {
		rt.Fatal(err)
	}
	return fresh
}

func rational(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic("not a number: " + s)
	}
	return r
}

// property is a dimension of an event, read the plain way.
func property(e *store.Event, name string) string {
	if name == store.DimensionCurrency {
		if e.Currency == nil {
			return ""
		}
		return *e.Currency
	}
	var all map[string]any
	if err := json.Unmarshal(e.Properties, &all); err != nil {
		panic(err)
	}
	switch v := all[name].(type) {
	case nil:
		return ""
	case string:
		return string([]rune(v)[:min(len([]rune(v)), store.MaxDimension)])
	case []any:
		return `["x", 1]` // as jsonb writes the only one there is
	default:
		return fmt.Sprint(v)
	}
}

func countByHand(a store.Aggregate, interval clock.Interval, zone *time.Location, since, until time.Time, events []store.Event) map[string]map[string]aggregated {
	all := map[string]map[string]aggregated{}
	seen := map[string]bool{}
	for i := range events {
		e := &events[i]
		if e.MetricID != a.MetricID || e.Time.Before(since) || !e.Time.Before(until) || slices.ContainsFunc(a.Where, func(c store.Condition) bool {
			p := property(e, c.Field)
			switch c.Operator {
			case "equals":
				return p != c.Value
			case "contains":
				return !strings.Contains(p, c.Value.(string))
			default:
				return !slices.Contains(c.Value.([]string), p)
			}
		}) {
			continue
		}
		dims := make([]string, len(a.By))
		for j, name := range a.By {
			dims[j] = property(e, name)
		}
		key, bucket := strings.Join(dims, "\x00"), label(interval, e.Time.In(zone))
		if all[key] == nil {
			all[key] = map[string]aggregated{}
		}
		cell := all[key][bucket]
		cell.count++
		if cell.total == nil {
			cell.total = new(big.Rat)
		}
		if e.Value != nil && (a.Total || a.Sort == "sum_value") {
			cell.total.Add(cell.total, rational(string(*e.Value)))
		}
		if person := key + "\x01" + bucket + "\x01" + e.ProfileID; !seen[person] && (a.Unique || a.Sort == "unique") {
			seen[person] = true
			cell.people++
		}
		all[key][bucket] = cell
	}
	return all
}

func compareAggregates(rt *rapid.T, want, got map[string]map[string]aggregated) {
	same := maps.EqualFunc(want, got, func(x, y map[string]aggregated) bool {
		return maps.EqualFunc(x, y, func(x, y aggregated) bool {
			return x.count == y.count && x.people == y.people && x.total.Cmp(y.total) == 0
		})
	})
	if !same {
		rt.Fatalf("counted by hand %v\nin SQL %v", want, got)
	}
}
