package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// PropertyType is what a property of a metric's events, or a custom property of profiles, has been so far.
type PropertyType struct {
	ID       string // as the public API names it
	MetricID string // "" for profiles
	Metric   string // the metric's name
	Name     string
	Kinds    []PropertyKind // those that it has had, the most frequent first
	LookedAt int64          // how many events or writes of profiles that comes from
}

// PropertyKind is one kind of value that a property has had.
type PropertyKind struct {
	Kind                string            // one of the Kind constants but KindDigits, which is text here
	Count               int64             // of values
	FirstSeen, LastSeen time.Time         // when they were recorded
	Samples             []json.RawMessage // a few different values; never of profiles
}

// Kind is the kind of most of its values; of two as frequent, the one seen last.
func (p *PropertyType) Kind() string { return p.Kinds[0].Kind }

// WritePropertyTypes writes what has been counted of properties since the last time. A Store does it by itself every few
// seconds and when it is closed.
func (s *Store) WritePropertyTypes(ctx context.Context) error {
	s.types.flush.Lock()
	defer s.types.flush.Unlock()
	taken := s.types.take()
	if len(taken) == 0 {
		return nil
	}
	kinds, sources := tallyRows(taken)
	full := map[string][]string{}
	err := s.Tx(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, query("property_type_lock")); err != nil {
			return err
		}
		var metrics []string
		if err := tx.SelectContext(ctx, &metrics, query("property_type_add"), document(kinds), MaxMetricProperties, maxSamples); err != nil {
			return err
		}
		for _, id := range metrics {
			var names []string
			if err := tx.SelectContext(ctx, &names, query("property_type_names"), id); err != nil {
				return err
			}
			full[id] = names
		}
		_, err := tx.ExecContext(ctx, query("property_source_add"), document(sources))
		return err
	})
	if err != nil {
		s.types.putBack(taken, s.flushTypes)
		return fmt.Errorf("writing the types of properties: %w", err)
	}
	for id, names := range full {
		s.types.setFull(id, names)
	}
	return nil
}

type kindRow struct {
	MetricID  string            `json:"metric_id"`
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	Count     int64             `json:"count"`
	FirstSeen time.Time         `json:"first_seen"`
	LastSeen  time.Time         `json:"last_seen"`
	Samples   []json.RawMessage `json:"samples"`
}

type sourceRow struct {
	MetricID string `json:"metric_id"`
	Count    int64  `json:"count"`
}

func tallyRows(taken map[string]*tallySource) (kinds []kindRow, sources []sourceRow) {
	kinds = []kindRow{}
	for metricID, source := range taken {
		sources = append(sources, sourceRow{metricID, source.count})
		for name, byKind := range source.properties {
			for kind, k := range byKind {
				row := kindRow{metricID, name, kind, k.count, k.first.UTC(), k.last.UTC(), []json.RawMessage{}}
				if impersonal(name) {
					row.Samples = append(row.Samples, k.samples...)
				}
				kinds = append(kinds, row)
			}
		}
	}
	return kinds, sources
}

// IgnorePropertyTypes counts no properties from now on: for a store whose events are made up.
func (s *Store) IgnorePropertyTypes() { s.types.ignore() }

// MetricProperties gives the properties of a metric's events, by name. For profiles the metric is "".
func (s *Store) MetricProperties(ctx context.Context, metricID string) ([]PropertyType, error) {
	return s.propertyTypes(ctx, "t.metric_id = $1", metricID)
}

// PropertyTypes gives the properties of profiles and of the events of all metrics, or only of those with that name.
func (s *Store) PropertyTypes(ctx context.Context, metric string) ([]PropertyType, error) {
	return s.propertyTypes(ctx, "($1 = '' or m.name = $1)", metric)
}

// PropertyType gives one property by its id, or returns ErrNotFound.
func (s *Store) PropertyType(ctx context.Context, id string) (PropertyType, error) {
	found, err := s.propertyTypes(ctx, "md5(t.metric_id || '/' || t.name) = $1", id)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return PropertyType{}, err
	}
	return found[0], nil
}

func (s *Store) propertyTypes(ctx context.Context, where string, arg any) ([]PropertyType, error) {
	var rows []struct {
		ID        string    `db:"id"`
		MetricID  string    `db:"metric_id"`
		Metric    string    `db:"metric"`
		Name      string    `db:"name"`
		Kind      string    `db:"kind"`
		Count     int64     `db:"count"`
		FirstSeen time.Time `db:"first_seen"`
		LastSeen  time.Time `db:"last_seen"`
		Samples   []byte    `db:"samples"`
		LookedAt  int64     `db:"looked_at"`
	}
	sql := query("property_type_select") + "\nwhere " + where + "\norder by metric, t.metric_id, t.name, t.count desc, t.last_seen desc, t.kind"
	if err := s.DB.SelectContext(ctx, &rows, sql, arg); err != nil {
		return nil, fmt.Errorf("reading the types of properties: %w", err)
	}
	var all []PropertyType
	for _, r := range rows {
		if n := len(all); n == 0 || all[n-1].MetricID != r.MetricID || all[n-1].Name != r.Name {
			all = append(all, PropertyType{ID: r.ID, MetricID: r.MetricID, Metric: r.Metric, Name: r.Name, LookedAt: r.LookedAt})
		}
		kind := PropertyKind{Kind: r.Kind, Count: r.Count, FirstSeen: r.FirstSeen, LastSeen: r.LastSeen}
		if err := json.Unmarshal(r.Samples, &kind.Samples); err != nil {
			return nil, fmt.Errorf("reading the samples of %s: %w", r.Name, err)
		}
		all[len(all)-1].include(kind)
	}
	for i := range all {
		slices.SortStableFunc(all[i].Kinds, func(a, b PropertyKind) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), b.LastSeen.Compare(a.LastSeen))
		})
	}
	return all, nil
}

// include adds a kind. Texts of digits are texts.
func (p *PropertyType) include(k PropertyKind) {
	if k.Kind == KindDigits {
		k.Kind = KindText
	}
	for i := range p.Kinds {
		if have := &p.Kinds[i]; have.Kind == k.Kind {
			have.Count += k.Count
			have.Samples = append(have.Samples, k.Samples...)
			if k.FirstSeen.Before(have.FirstSeen) {
				have.FirstSeen = k.FirstSeen
			}
			if k.LastSeen.After(have.LastSeen) {
				have.LastSeen = k.LastSeen
			}
			return
		}
	}
	p.Kinds = append(p.Kinds, k)
}

// ForgetSamples empties the samples of all metrics of which the profile has events: they fill again from other people's.
// What a process has sampled in the last few seconds and not written yet may still come.
func (s *Store) ForgetSamples(ctx context.Context, tx *sqlx.Tx, profileID string) error {
	if _, err := tx.ExecContext(ctx, query("property_type_forget"), profileID); err != nil {
		return fmt.Errorf("forgetting samples: %w", err)
	}
	return nil
}

// SeenKind is how often a property has had values of one kind.
type SeenKind struct {
	Metric  string `db:"metric"`  // of events; "" of profiles
	Sampled int    `db:"sampled"` // how many events or writes of profiles were looked at
	Name    string `db:"name"`    // "" where none of them has a property
	Kind    string `db:"kind"`    // one of the Kind constants
	Count   int    `db:"count"`
}

// Seen gives the kinds of the properties of profiles and of the events of the metrics. A metric without events is not in it.
func (s *Store) Seen(ctx context.Context, metrics []string) ([]SeenKind, error) {
	var kinds []SeenKind
	if err := s.DB.SelectContext(ctx, &kinds, query("property_seen"), pq.Array(metrics)); err != nil {
		return nil, fmt.Errorf("reading the types of properties: %w", err)
	}
	return kinds, nil
}

// closeTypes writes what is left, for a last time.
func (s *Store) closeTypes() error {
	s.types.stop()
	ctx, cancel := context.WithTimeout(context.Background(), tallyInterval)
	defer cancel()
	return s.WritePropertyTypes(ctx)
}

// recordProfile notes the properties that a write sets: those of after that before lacks or has with another value.
func (s *Store) recordProfile(tx *sqlx.Tx, at time.Time, before, after map[string]json.RawMessage) {
	set := map[string]json.RawMessage{}
	for name, value := range after {
		if string(before[name]) != string(value) {
			set[name] = value
		}
	}
	if len(set) == 0 {
		return
	}
	s.record(tx, recorded{properties: []byte(document(set)), at: at})
}
