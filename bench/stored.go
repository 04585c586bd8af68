package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// storedMonths is how many months the stored events are spread over.
const storedMonths = 24

// pageViews is how many people's pages are read.
const pageViews = 300

// stored compares ingestion into a store that has many events with that into one that has none, reads profiles and
// counts events.
func stored(ctx context.Context, s *stage, o options) ([]row, error) {
	l, err := s.posting(ctx, o)
	if err != nil {
		return nil, err
	}
	before, few, err := s.manyLoads(ctx, l, "few", o.rounds)
	if err != nil {
		return nil, err
	}
	if err := s.fill(ctx, o.rows); err != nil {
		return nil, err
	}
	after, many, err := s.manyLoads(ctx, l, "many", o.rounds)
	if err != nil {
		return nil, err
	}
	took, err := s.pages(ctx)
	if err != nil {
		return nil, err
	}
	counted, err := s.aggregates(ctx, o.rows)
	if err != nil {
		return nil, err
	}
	return append([]row{{
		work: fmt.Sprintf("single-event POSTs with %d events stored", o.rows), ours: after.String(),
		against: "the same with next to none", theirs: before.String(), ratio: after.over(before, "%.2f"), goal: "0.9",
	}, {
		work: "processor time for each: API, Postgres, client", ours: many.String(), against: "the same with next to none", theirs: few.String(),
		ratio: fmt.Sprintf("%.2f", few.each()/many.each()), goal: "0.9",
	}, {
		work:    fmt.Sprintf("profile page: a profile and the latest 50 of its %d events", o.rows/storePeople),
		against: "–", ours: fmt.Sprintf("p50 %s, p99 %s", milliseconds(took[len(took)/2]), milliseconds(took[len(took)*99/100])),
		ratio: "–", goal: "under 10 ms",
	}}, counted...), nil
}

// manyLoads sends the load again and again.
func (s *stage) manyLoads(ctx context.Context, l load, prefix string, rounds int) (rates, shares, error) {
	var all rates
	var sum shares
	for round := range rounds {
		l.Prefix = fmt.Sprintf("%s%d-", prefix, round)
		result, used, err := s.sendLoad(ctx, l)
		if err != nil {
			return nil, sum, err
		}
		sum.add(used, result.Processor, result.Accepted)
		all = append(all, result.rate())
	}
	return all, sum, nil
}

// fill stores so many events of the people, half of them of one metric, spread over the months before this one and in the
// order of their times, each with a unique_id, as ingestion would.
func (s *stage) fill(ctx context.Context, n int) error {
	for _, statement := range []string{
		"insert into metric (id, name) select 'Bench' || i, 'Bench ' || i from generate_series(1, 20) i",
	} {
		if _, err := s.store.DB.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	now := time.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, -storedMonths, 0)
	done := 0
	for i := range storedMonths {
		until := n * (i + 1) / storedMonths
		s.progress(fmt.Sprintf("stored: %d of %d events", done, n))
		if err := s.store.EnsureEventPartition(ctx, month); err != nil {
			return err
		}
		if _, err := s.store.DB.ExecContext(ctx, `
			with made as (
				select i, 'post' || lpad((i * 7919::bigint % $4 + 1)::text, 8, '0') as profile_id, 'Bench' || case i % 2 when 0 then 1 else 2 + i % 19 end as metric_id,
					date_trunc('second', $1::timestamptz + (i - $2) * interval '27 days' / ($3 - $2)) as time
				from generate_series($2::bigint, $3::bigint - 1) i
			), keyed as (
				insert into event_key (profile_id, metric_id, unique_id) select profile_id, metric_id, 'stored' || i from made
			)
			insert into event (id, profile_id, metric_id, time, recorded_at, unique_id, value, properties)
			select overlay(overlay(md5(i::text) placing lpad(to_hex((extract(epoch from time) * 1000)::bigint), 12, '0') from 1) placing '7' from 13)::uuid,
				profile_id, metric_id, time, time, 'stored' || i, 59,
				jsonb_build_object('ProductName', 'Tea pot', 'ProductID', 'P' || i % 60, 'Categories', '["Kitchen"]'::jsonb, 'Price', 59)
			from made`, month, done, until, storePeople); err != nil {
			return err
		}
		month, done = month.AddDate(0, 1, 0), until
	}
	s.progress("stored: letting Postgres settle")
	return s.settle(ctx)
}

// pages reads people and their latest events through the API, and gives how long each took, sorted.
func (s *stage) pages(ctx context.Context) ([]time.Duration, error) {
	var took []time.Duration
	for i := range pageViews + 20 {
		id := fmt.Sprintf("post%08d", rand.IntN(storePeople)+1)
		query := url.Values{"filter": {fmt.Sprintf("equals(profile_id,%q)", id)}, "page[size]": {"50"}, "sort": {"-datetime"}, "include": {"metric"}}
		start := time.Now()
		for _, path := range []string{"/api/profiles/" + id, "/api/events?" + query.Encode()} {
			if err := s.get(ctx, path); err != nil {
				return nil, err
			}
		}
		if i >= 20 { // the first ones prepare statements
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	return took, nil
}

// get reads a path, for which the answer has to be 200.
func (s *stage) get(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", authorization)
	request.Header.Set("revision", "2026-07-15")
	response, err := poster.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, response.Status, said)
	}
	return err
}
