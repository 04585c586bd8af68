-- name: date_plan_open
insert into date_plan (flow_id, planned_till) values ($1, $2) on conflict (flow_id) do nothing

-- name: date_plan_lock
select planned_till, hash from date_plan where flow_id = $1 for update

-- name: date_plan_try
select planned_till, hash from date_plan where flow_id = $1 for update skip locked

-- name: date_plan_set
update date_plan set planned_till = $2, hash = $3 where flow_id = $1

-- name: date_plan_forget
-- A flow that lets nobody in misses what comes meanwhile.
delete from date_plan where flow_id <> all($1)

-- name: date_zones
-- The zones of the people in the slots, hopping from one to the next in the slot's index.
with recursive hop as (
    select s.slot, (select min(d.zone) from profile_date d where d.property = $1 and d.{slot} = s.slot) as zone
    from unnest($2::smallint[]) as s (slot)
    union all
    select h.slot, (select min(d.zone) from profile_date d where d.property = $1 and d.{slot} = h.slot and d.zone > h.zone)
    from hop h where h.zone is not null
)
select distinct zone from hop where zone is not null

-- name: date_people
select d.profile_id, d.property, d.year, d.month, d.day, d.zone
from unnest($2::smallint[]) as s (slot)
join profile_date d on d.property = $1 and d.{slot} = s.slot

-- name: date_people_in_zones
select d.profile_id, d.property, d.year, d.month, d.day, d.zone
from unnest($2::smallint[], $3::text[]) as s (slot, zone)
join profile_date d on d.property = $1 and d.{slot} = s.slot and d.zone = s.zone

-- name: date_of_people
select d.profile_id, d.property, d.year, d.month, d.day, d.zone
from profile_date d where d.profile_id = any($1) and d.property = any($2)

-- name: date_entry_insert
-- Who was entered or refused for the day is passed over, unless that run ended because the date had moved away: then
-- the entry gets a number. $7 holds the reasons.
insert into outbox (flow_id, profile_id, entry_key, due_at, place_from, ahead)
select $1, x.profile_id, k.entry_key, x.due_at, x.place_from, $6
from unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) with ordinality as x (profile_id, entry_key, due_at, place_from, n)
cross join lateral (
    select count(*) as runs, count(*) filter (where r.status = 'exited' and r.reason = any($7::text[])) as moved
    from run r
    where r.flow_id = $1 and r.profile_id = x.profile_id
      and (r.entry_key = x.entry_key or starts_with(r.entry_key, x.entry_key || '/'))
) before
cross join lateral (
    select x.entry_key || case when before.moved > 0 then '/' || before.moved + 1 else '' end as entry_key
) k
where before.moved = before.runs
  and not exists (select from refusal r where r.flow_id = $1 and r.profile_id = x.profile_id and r.entry_key = k.entry_key)
order by x.n

-- name: date_change_take
delete from date_change where id in (select id from date_change order by id limit $1 for update skip locked)
returning profile_id, property, changed_at

-- name: date_change_insert
insert into date_change (profile_id, property, changed_at)
select x, $2, $3 from unnest($1::text[]) x

-- name: date_change_nudge
-- Runs whose date may have changed under them are looked at now.
insert into nudge (run_id)
select r.id
from (select distinct profile_id, property from unnest($1::text[], $2::text[]) as c (profile_id, property)) c
join flow_trigger t on t.kind = 'date' and t.key = c.property
join run r on r.profile_id = c.profile_id and r.flow_id = t.flow_id and r.status = 'active' and starts_with(r.entry_key, 'date/')
