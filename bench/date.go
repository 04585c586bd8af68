package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/flow/program"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/clock"
	"github.com/legato-flow/legato/migrations"
	"github.com/legato-flow/legato/store"
)

// dates lets the planner look at a day of a million people's dates, minute by minute, and compares what a look costs
// with one statement that reads everybody. Rows read are what Postgres counts in profile_date and its indexes.
func dates(ctx context.Context, s *stage, o options) ([]row, error) {
	db, err := s.database(ctx, "dates")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := fillDates(ctx, db, o.dates); err != nil {
		return nil, err
	}
	var rows []row
	for _, repeat := range []string{plan.Yearly, plan.Monthly, plan.Weekly} {
		r, err := planDay(ctx, db, s, repeat, o.dates)
		if err != nil {
			return nil, fmt.Errorf("planning %s dates: %w", repeat, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// database opens a fresh, migrated database on the stage's server.
func (s *stage) database(ctx context.Context, name string) (*store.Store, error) {
	if _, err := s.store.DB.ExecContext(ctx, "create database "+name); err != nil {
		return nil, err
	}
	db, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	_, err = migrations.Run(ctx, db.DB.DB)
	return db, err
}

// open connects to one of the databases on the stage's server.
func (s *stage) open(ctx context.Context, name string) (*store.Store, error) {
	u, err := url.Parse(s.url)
	if err != nil {
		return nil, err
	}
	u.Path = "/" + name
	return store.Open(ctx, u.String(), 4)
}

// fillDates makes people in forty zones with birthdays that are spread over fifty years.
func fillDates(ctx context.Context, db *store.Store, n int) error {
	for _, statement := range []string{
		`insert into profile (id, location)
			select 'p' || lpad(i::text, 8, '0'), jsonb_build_object('timezone', z.names[1 + i % array_length(z.names, 1)])
			from generate_series(1, $1) i,
			    (select array_agg(name order by md5(name)) as names from (
			        select name from pg_timezone_names where name ~ '^(Europe|America|Asia|Australia|Africa|Pacific)/[A-Za-z_]+$' order by md5(name) limit 40) x) z`,
		`insert into profile_date (profile_id, property, year, month, day)
			select 'p' || lpad(i::text, 8, '0'), 'birthday', extract(year from d), extract(month from d), extract(day from d)
			from generate_series(1, $1) i, lateral (select date '1950-01-01' + (i * 7919::bigint % 18262)::int as d) x`,
	} {
		if _, err := db.DB.ExecContext(ctx, statement, n); err != nil {
			return err
		}
	}
	_, err := db.DB.ExecContext(ctx, "vacuum analyze")
	return err
}

// planDay plans a day, look by look.
func planDay(ctx context.Context, db *store.Store, s *stage, repeat string, n int) (row, error) {
	trigger := plan.DateTrigger{Property: "birthday", At: "09:00", Timezone: plan.PersonZone, Repeat: repeat}
	p := &plan.Plan{Format: plan.Format, Flow: repeat, Name: repeat, Triggers: []plan.Trigger{{Date: &trigger}},
		Reentry: plan.Reentry{Mode: plan.Always}, Entry: "mail", Steps: []plan.Step{{ID: "mail", Kind: plan.KindEmail, Email: &plan.Email{Template: "t"}}}}
	if _, err := db.DB.ExecContext(ctx, "update flow set status = 'draft'"); err != nil {
		return row{}, err
	}
	if err := db.Tx(ctx, func(tx *sqlx.Tx) error { return db.ApplyFlow(ctx, tx, p, plan.Live) }); err != nil {
		return row{}, err
	}
	now := time.Date(2026, time.May, 13, 0, 0, 0, 0, time.UTC)
	planner := &ingest.Planner{
		Store: db, Clock: clock.Clock{Now: func() time.Time { return now }, Speed: 1}, Programs: &program.Cache{Load: db.Plan},
		Spread: 10 * time.Minute, Log: s.log,
	}
	if _, err := planner.Plan(ctx); err != nil { // the first look sees the whole horizon
		return row{}, err
	}
	before, err := readDates(ctx, db)
	if err != nil {
		return row{}, err
	}
	found, worst, start := 0, time.Duration(0), time.Now()
	const looks = 24 * 60
	for range looks {
		now = now.Add(time.Minute)
		look := time.Now()
		entries, err := planner.Plan(ctx)
		if err != nil {
			return row{}, err
		}
		found += entries
		worst = max(worst, time.Since(look))
	}
	took := time.Since(start)
	after, err := readDates(ctx, db)
	if err != nil {
		return row{}, err
	}
	scan, err := scanDates(ctx, db)
	if err != nil {
		return row{}, err
	}
	look := took / looks
	return row{
		work: fmt.Sprintf("a day of %s dates among %d people, %d looks: %d entries", repeat, n, looks, found), against: "a look that reads everybody",
		ours:   fmt.Sprintf("%.1f ms a look, longest %.0f ms; %d rows read in all, %.2f an entry", ms(look), ms(worst), after-before, float64(after-before)/float64(max(1, found))),
		theirs: fmt.Sprintf("%.0f ms and %d rows a look", ms(scan), n), ratio: fmt.Sprintf("%.0f", float64(scan)/float64(look)),
	}, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// readDates counts the entries of profile_date's indexes, and its rows without one, that have been read so far.
func readDates(ctx context.Context, db *store.Store) (int64, error) {
	db.DB.SetMaxIdleConns(0) // a connection reports at the latest when it is closed
	time.Sleep(500 * time.Millisecond)
	db.DB.SetMaxIdleConns(4)
	var n int64
	err := db.DB.GetContext(ctx, &n, `select t.seq_tup_read + (select sum(idx_tup_read)::bigint from pg_stat_user_indexes where relname = 'profile_date')
		from pg_stat_user_tables t where relname = 'profile_date'`)
	return n, err
}

// scanDates says how long Postgres takes to read everybody's date.
func scanDates(ctx context.Context, db *store.Store) (time.Duration, error) {
	var text []byte
	err := db.DB.GetContext(ctx, &text, `explain (analyze, buffers, format json)
		select d.profile_id from profile_date d join profile p on p.id = d.profile_id
		where d.property = 'birthday' and (make_timestamptz(2026, d.month, least(d.day, 28), 9, 0, 0, p.location ->> 'timezone'))
		    between '2026-05-13 09:00Z' and '2026-05-13 09:01Z'`)
	if err != nil {
		return 0, err
	}
	var explained []struct {
		Time float64 `json:"Execution Time"`
	}
	if err := json.Unmarshal(text, &explained); err != nil || len(explained) != 1 {
		return 0, fmt.Errorf("reading an explanation: %w", err)
	}
	return time.Duration(explained[0].Time * float64(time.Millisecond)), nil
}
