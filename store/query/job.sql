-- name: job_select
select id, kind, status, list_ids, total, completed, failed, skipped, created_at, started_at, completed_at, expires_at
from job

-- name: job_insert
insert into job (id, kind, list_ids, total, failed, created_at, expires_at, status, started_at, completed_at)
values ($1, $2, $3, $4, $5, $6::timestamptz, $7, $8::text, case when $8 = 'complete' then $6 end, case when $8 = 'complete' then $6 end)

-- name: job_part_insert
insert into job_part (job_id, position, items)
select $1, position, items from unnest($2::integer[], $3::jsonb[]) as part (position, items)

-- name: job_members
-- Makes the members that the list $2 has now what is to be done, in parts of $3, and gives how many they are.
with member as (
    select profile_id, (row_number() over (order by profile_id) - 1)::integer as n from list_member where list_id = $2
), part as (
    insert into job_part (job_id, position, items)
    select $1, n / $3 * $3, jsonb_agg(jsonb_build_object('position', n, 'change', jsonb_build_object('ID', profile_id)) order by n)
    from member
    group by n / $3
)
select count(*) from member

-- name: job_total
update job set total = $2, status = $3::text, started_at = case when $3 = 'complete' then created_at end, completed_at = case when $3 = 'complete' then created_at end
where id = $1

-- name: job_take
-- Locks the next part of the oldest job that has work and that nobody else works on.
select p.job_id, p.position, p.items, j.kind, j.list_ids
from (
    select id, kind, list_ids from job where status in ('queued', 'processing') order by created_at, id limit 1 for update skip locked
) j
join lateral (select * from job_part where job_id = j.id order by position limit 1) p on true

-- name: job_advance
-- Takes part $2 of a job away and counts what came of it. The last part completes the job.
with gone as (
    delete from job_part where job_id = $1 and position = $2
)
update job set completed = completed + $3, failed = failed + $4, skipped = skipped + $5, started_at = coalesce(started_at, $6::timestamptz),
    status = case when exists (select from job_part p where p.job_id = $1 and p.position <> $2) then 'processing' else 'complete' end,
    completed_at = case when exists (select from job_part p where p.job_id = $1 and p.position <> $2) then null else $6 end
where id = $1

-- name: job_split
-- Makes two parts of one, the second from position $3 on.
with rest as (
    insert into job_part (job_id, position, items) values ($1, $3, $5)
)
update job_part set items = $4 where job_id = $1 and position = $2

-- name: job_error_insert
insert into job_error (id, job_id, position, code, title, detail, pointer, payload)
select id, $1, position, code, title, detail, pointer, payload
from jsonb_to_recordset($2) as x (id text, position integer, code text, title text, detail text, pointer text, payload jsonb)

-- name: job_error_select
select id, job_id, position, code, title, detail, pointer, payload from job_error

-- name: job_profile_insert
insert into job_profile (job_id, profile_id) select $1, unnest($2::text[]) on conflict do nothing

-- name: job_cancel
with left_out as (
    delete from job_part p using job j where j.id = $1 and j.status in ('queued', 'processing') and p.job_id = j.id
)
update job set status = 'cancelled', completed_at = $2 where id = $1 and status in ('queued', 'processing')

-- name: job_lock
select id from job where id = $1 for update

-- name: job_expire
delete from job where id in (select id from job where expires_at < $1 order by expires_at limit 100)
