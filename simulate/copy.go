package simulate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/flow/plan"
	"github.com/lib/pq"
)

// concerned finds the people whom the flow's triggers may have let in during the window, at most one more than most.
func (s *Simulation) concerned(ctx context.Context, w Window) ([]string, error) {
	var metrics, lists []string
	property := ""
	for i := range s.Program.Plan.Triggers {
		switch t := &s.Program.Plan.Triggers[i]; t.Kind() {
		case plan.TriggerMetric:
			metrics = append(metrics, t.Key())
		case plan.TriggerList:
			lists = append(lists, t.Key())
		case plan.TriggerDate:
			property = t.Key()
		default:
			return nil, fmt.Errorf("simulating a %s trigger over history is not available yet", t.Kind())
		}
	}
	var people []string
	err := s.store.DB.SelectContext(ctx, &people, s.real(`
		select profile_id from (
			select e.profile_id from $event e join $metric m on m.id = e.metric_id
			where m.name = any($1) and e.time >= $3 and e.time < $4
			union
			select j.profile_id from $list_member j join $list l on l.id = j.list_id
			where (l.id = any($2) or l.name = any($2)) and j.joined_at >= $3 and j.joined_at < $4
			union
			select d.profile_id from $profile_date d where d.property = $5
		) x
		where exists (select from $profile p where p.id = x.profile_id)
		order by profile_id limit $6`), pq.Array(metrics), pq.Array(lists), w.From, w.Till, property, w.People+1)
	if err != nil {
		return nil, fmt.Errorf("finding the people concerned: %w", err)
	}
	return people, nil
}

// real fills in the tables of the real database: $name stands for one.
func (s *Simulation) real(statement string) string {
	tables := slices.Clone(s.scratch.tables)
	slices.SortFunc(tables, func(a, b string) int { return len(b) - len(a) }) // list_member before list
	for _, table := range tables {
		statement = strings.ReplaceAll(statement, "$"+table, pq.QuoteIdentifier(s.scratch.real)+"."+pq.QuoteIdentifier(table))
	}
	return statement
}

// copy takes people into the scratch, with what was known of them when the window began, and the catalog.
// Profiles, their dates and suppressions, and the catalog are kept in their present state only.
func (s *Simulation) copy(ctx context.Context, people []string, w Window) error {
	var months []time.Time
	err := s.store.DB.SelectContext(ctx, &months, s.real(
		`select distinct date_trunc('month', time, 'UTC') from $event where profile_id = any($1) and time < $2`), pq.Array(people), w.From)
	if err != nil {
		return fmt.Errorf("reading how far history goes back: %w", err)
	}
	for _, month := range months {
		if err := s.store.EnsureEventPartition(ctx, month); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		table, where string
		args         []any
	}{
		{"profile", "id = any($1)", []any{pq.Array(people)}},
		{"profile_date", "profile_id = any($1)", []any{pq.Array(people)}},
		{"suppression", "profile_id = any($1)", []any{pq.Array(people)}},
		{"metric", "true", nil},
		{"list", "true", nil},
		{"list_member", "profile_id = any($1) and joined_at < $2", []any{pq.Array(people), w.From}},
		{"event", "profile_id = any($1) and time < $2", []any{pq.Array(people), w.From}},
		{"purchase", "profile_id = any($1)", []any{pq.Array(people)}},
		{"catalog_category", "true", nil},
		{"catalog_item", "true", nil},
		{"catalog_item_category", "true", nil},
		{"catalog_variant", "true", nil},
	} {
		var columns []string
		err := s.store.DB.SelectContext(ctx, &columns, `select quote_ident(attname) from pg_attribute
			where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`, part.table)
		if err != nil {
			return fmt.Errorf("reading the columns of %s: %w", part.table, err)
		}
		list := strings.Join(columns, ", ")
		statement := "insert into " + part.table + " (" + list + ") select " + list + " from " + s.real("$"+part.table) + " where " + part.where
		if _, err := s.store.DB.ExecContext(ctx, statement, part.args...); err != nil {
			return fmt.Errorf("copying %s (is the database up to date? legato migrate): %w", part.table, err)
		}
	}
	return nil
}
