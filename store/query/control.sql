-- name: runs_cancel
with gone as (
    update run set status = 'cancelled', reason = $5, finished_at = now() + ahead * interval '1 microsecond', due_at = null, place_from = null
    where status = 'active' and ($1 = '' or flow_id = $1) and ($2 = '' or step = $2) and ($3 = '' or id = $3)
      and ($4 = '' or profile_id = $4)
    returning id
), unwatched as (
    delete from watch w using gone where w.run_id = gone.id
), told as (
    insert into nudge (run_id) select id from gone
)
select count(*) from gone

-- name: runs_move_on
with moved as (
    update run set due_at = least(due_at, now() + ahead * interval '1 microsecond')
    where status = 'active' and ($1 = '' or flow_id = $1) and ($2 = '' or step = $2) and ($3 = '' or id = $3)
      and ($4 = '' or profile_id = $4)
    returning id
), told as (
    insert into nudge (run_id) select id from moved
)
select count(*) from moved

-- name: runs_active
select id, flow_id, hash, profile_id, entry_key, cohort_id, event_id, event_time, entered_at, ahead, step, due_at,
    status, reason, finished_at, depth, place_from, data
from run
where status = 'active' and ($1 = '' or flow_id = $1) and ($2 = '' or step = $2) and ($3 = '' or id = $3)
  and ($4 = '' or profile_id = $4)
order by due_at, id limit $5

-- name: runs_migrate
with moved as (
    update run r set hash = $3, step = x.new
    from unnest($4::text[], $5::text[]) as x (old, new)
    where r.id = any($1) and r.status = 'active' and r.hash = $2 and r.step = x.old
    returning r.*
), unwatched as (
    delete from watch w using moved where w.run_id = moved.id
)
select id, flow_id, hash, profile_id, entry_key, cohort_id, event_id, event_time, entered_at, ahead, step, due_at,
    status, reason, finished_at, depth, place_from, data
from moved

-- name: flow_pause
update flow set paused_at = coalesce(paused_at, now()), updated_at = now() where id = $1 and not archived

-- name: flow_resume
update flow set paused_at = null, updated_at = now() where id = $1

-- name: flow_nudge_due
-- Those that were due meanwhile, and those that may have missed what they wait for.
insert into nudge (run_id)
select id from run r
where flow_id = $1 and status = 'active'
  and (due_at <= now() + ahead * interval '1 microsecond' or exists (select from watch w where w.run_id = r.id))

-- name: flow_archive
update flow set archived = true, paused_at = null, updated_at = now() where id = $1

-- name: flow_versions
select flow_id, hash, status, applied_at from flow_version where flow_id = $1 order by applied_at desc limit $2

-- name: flow_inside
select hash, step, count(*) as people from run where flow_id = $1 and status = 'active' group by hash, step order by hash, step

-- name: cohorts_on_version
select distinct r.cohort_id from run r join cohort c on c.id = r.cohort_id and c.started_at is not null
where r.flow_id = $1 and r.hash = $2 and r.status = 'active' order by r.cohort_id
