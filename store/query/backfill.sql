-- name: backfill_insert
insert into backfill (flow_id, kind, key, placed, per_second, since, until, cursor_time, total)
values ($1, $2, $3, $4, $5, $6, $7, $6, $8)
on conflict (flow_id) where status = 'running' do nothing
returning *

-- name: backfill_latest
select * from backfill where flow_id = $1 order by id desc limit 1

-- name: backfill_running
select id from backfill where status = 'running' order by id

-- name: backfill_take
select * from backfill where id = $1 and status = 'running' for update skip locked

-- name: backfill_cancel
update backfill set status = 'cancelled', finished_at = now() where flow_id = $1 and status = 'running'

-- name: backfill_advance
update backfill set cursor_time = $2, cursor_id = $3, seen = seen + $4, status = case when $5 then 'done' else status end,
    finished_at = case when $5 then now() end
where id = $1

-- name: backfill_events_count
select count(*) from event e join metric m on m.id = e.metric_id where m.name = $1 and e.time >= $2 and e.time < $3

-- name: backfill_members_count
select count(*) from list_member where list_id = $1 and joined_at >= $2 and joined_at < $3

-- name: backfill_events
select e.profile_id, 'event/' || e.id as entry_key, e.id::text as event_id, e.time as at, e.id::text as cursor_id
from event e
where e.metric_id in (select id from metric where name = $1)
  and (e.time, e.id) > ($2, coalesce(nullif($3, '')::uuid, '00000000-0000-0000-0000-000000000000'::uuid)) and e.time < $4
order by e.time, e.id limit $5

-- name: backfill_members
select m.profile_id, 'list/' || m.list_id || '/' || (extract(epoch from m.joined_at) * 1000000)::bigint as entry_key,
    '' as event_id, m.joined_at as at, m.profile_id as cursor_id
from list_member m
where m.list_id = $1 and (m.joined_at, m.profile_id) > ($2, $3) and m.joined_at < $4
order by m.joined_at, m.profile_id limit $5

-- name: outbox_insert_past
-- Somebody who has a run for the same entry is in already, or was.
insert into outbox (flow_id, profile_id, entry_key, event_id, event_time, place_from, past)
select $1, x.profile_id, x.entry_key, nullif(x.event_id, '')::uuid, case when x.event_id <> '' then x.at end,
    case when $6 then x.at end, true
from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) as x (profile_id, entry_key, event_id, at)
where not exists (select from run r where r.flow_id = $1 and r.profile_id = x.profile_id and r.entry_key = x.entry_key)
