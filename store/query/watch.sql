-- name: watch_lock
-- Ingest locks the profiles of the events that it stores: after this, an event is either there to be seen, or
-- its transaction sees the watches written here.
select id from profile where id = any($1) order by id for share

-- name: watch_insert
insert into watch (run_id, profile_id, step, kind, key, since)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
on conflict (run_id, step, kind, key) do nothing

-- name: watch_nudge_past
insert into nudge (run_id)
select distinct w.run_id
from unnest($1::text[], $2::text[]) as x (run_id, step)
join watch w on w.run_id = x.run_id and w.step = x.step and w.kind = 'event'
join run r on r.id = w.run_id
join metric m on m.name = w.key
where exists (
    select from event e
    where e.profile_id = w.profile_id and e.metric_id = m.id and e.time >= date_trunc('second', w.since)
      and (e.time > w.since or e.recorded_at > w.since) and e.id is distinct from r.event_id)

-- name: watch_delete
delete from watch w using unnest($1::text[], $2::text[]) as x (run_id, step)
where w.run_id = x.run_id and (x.step = '' or w.step = x.step)

-- name: events_since
-- The latest that were recorded: every event is looked at when it comes, so older ones were looked at before.
select x.n, e.id, e.time, e.recorded_at, e.value, e.currency, e.properties, m.name as metric
from unnest($1::text[], $2::timestamptz[], $3::text[]) with ordinality as x (profile_id, since, but, n)
cross join metric m
join lateral (
    select * from event e
    where e.profile_id = x.profile_id and e.metric_id = m.id and e.time >= date_trunc('second', x.since)
      and (e.time > x.since or e.recorded_at > x.since) and e.id::text <> x.but
    order by e.recorded_at desc limit $5
) e on true
where m.name = any($4)
order by x.n, e.time, e.recorded_at

-- name: nudge_insert
insert into nudge (run_id) select unnest($1::text[])

-- name: nudge_take
select n.id, n.run_id, r.cohort_id, c.started_at is not null as started
from nudge n
left join run r on r.id = n.run_id and r.status in ('active', 'cancelled') -- the cohort of one that was taken out forgets it
left join cohort c on c.id = r.cohort_id
order by n.id limit $1 for update of n skip locked

-- name: nudge_delete
delete from nudge where id = any($1)
