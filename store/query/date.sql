-- name: date_plan_open
insert into date_plan (flow_id, planned_till) values ($1, $2) on conflict (flow_id) do nothing

-- name: date_plan_lock
select planned_till from date_plan where flow_id = $1 for update skip locked

-- name: date_plan_set
update date_plan set planned_till = $2 where flow_id = $1

-- name: date_candidates
-- People whose stored month and day are among those that can matter, found by profile_date_anniversary.
select d.profile_id, d.year, d.month, d.day, coalesce(p.location ->> 'timezone', '') as timezone
from unnest($2::int[], $3::int[]) as x (month, day)
join profile_date d on d.property = $1 and d.month = x.month and d.day = x.day
join profile p on p.id = d.profile_id
where $4::text[] is null or d.profile_id = any($4)
