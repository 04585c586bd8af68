-- name: outbox_take
-- The oldest waiting entries, passing over those that another dispatcher holds. An entry whose cause is older
-- but which became visible later is simply taken later.
select id, flow_id, profile_id, entry_key, event_id, event_time, due_at, ahead, depth, place_from, past, created_at
from outbox order by id limit $1 for update skip locked

-- name: outbox_delete
delete from outbox where id = any($1)

-- name: run_lock_entries
-- One lock per person and flow, in one order, so that two simultaneous entries cannot both pass a re-entry rule.
select pg_advisory_xact_lock(hashtextextended($1 || '/' || p, 0))
from (select distinct p from unnest($2::text[]) p order by p) as people

-- name: run_last_entries
-- A run that ended because its date moved does not count: the person starts anew. Neither does one whose filter was
-- false when its date came: it was planned ahead, and the person never entered.
select p.id as profile_id, (
    select r.entered_at from run r
    where r.flow_id = $1 and r.profile_id = p.id and r.reason not in ('Date Changed', 'Date Removed', 'Fails Flow Filters at Entry')
    order by r.entered_at desc limit 1
) as entered_at
from unnest($2::text[]) as p (id)

-- name: run_existing_entries
select r.profile_id, r.entry_key
from unnest($2::text[], $3::text[]) as x (profile_id, entry_key)
join run r on r.flow_id = $1 and r.profile_id = x.profile_id and r.entry_key = x.entry_key

-- name: cohort_insert
insert into cohort (id, flow_id, hash, size) values ($1, $2, $3, $4)

-- name: run_insert
insert into run (id, flow_id, hash, profile_id, entry_key, cohort_id, event_id, event_time, entered_at, ahead, due_at, depth, place_from,
    step)
select x.id, $1, $2, x.profile_id, x.entry_key, $3, x.event_id, x.event_time, x.entered_at, x.ahead, x.due_at, x.depth, x.place_from, x.step
from unnest($4::text[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[], $9::timestamptz[], $10::bigint[], $11::timestamptz[],
        $12::smallint[], $13::timestamptz[], $14::text[])
    as x (id, profile_id, entry_key, event_id, event_time, entered_at, ahead, due_at, depth, place_from, step)

-- name: refusal_insert
insert into refusal (flow_id, profile_id, entry_key, reason, at)
select $1, x.profile_id, x.entry_key, x.reason, x.at
from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) as x (profile_id, entry_key, reason, at)
on conflict (flow_id, profile_id, entry_key) do nothing

-- name: cohort_started
update cohort set started_at = now() where id = any($1)

-- name: cohort_unstarted
-- Cohorts whose start Temporal has not acknowledged: their dispatcher died, or Temporal was away.
select id, flow_id, hash, size from cohort
where started_at is null and created_at < now() - make_interval(secs => $1)
order by created_at limit $2 for update skip locked

-- name: cohort_runs
select id, profile_id, due_at, ahead, step from run where cohort_id = $1 and status = 'active' order by id

-- name: runs_by_id
select r.id, r.flow_id, r.hash, r.profile_id, r.entry_key, r.cohort_id, r.event_id, r.event_time, r.entered_at, r.ahead,
    r.step, r.due_at, r.status, r.reason, r.finished_at, r.depth, r.place_from, r.data, f.paused_at is not null as paused
from run r left join flow f on f.id = r.flow_id
where r.id = any($1)

-- name: runs_move
-- Only a run that is still where the caller found it moves: a second advance of the same run changes nothing. Neither
-- does one whose profile was merged into another meanwhile.
update run r set step = x.step, due_at = x.due_at, ahead = x.ahead, status = x.status, reason = x.reason,
    finished_at = x.finished_at, place_from = x.place_from, data = x.data::jsonb
from unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[],
        $8::text[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[])
    as x (id, step, due_at, ahead, status, reason, finished_at, from_step, from_due, place_from, data, profile_id)
where r.id = x.id and r.profile_id = x.profile_id and r.status = 'active' and r.step = x.from_step and r.due_at is not distinct from x.from_due
returning r.id

-- name: runs_of_profile
select id, flow_id, hash, profile_id, entry_key, cohort_id, event_id, event_time, entered_at, ahead, step, due_at,
    status, reason, finished_at, depth, place_from, data
from run where profile_id = $1 order by entered_at, id limit $2

-- name: outcome_insert
insert into outcome (run_id, entered_at, step, kind, result, reason, detail, at)
select x.run_id, x.entered_at, x.step, x.kind, x.result, x.reason, nullif(x.detail, '')::jsonb, x.at
from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
    as x (run_id, entered_at, step, kind, result, reason, detail, at)
on conflict (run_id, step, entered_at) do nothing
returning run_id, step

-- name: outcomes_of_runs
select run_id, entered_at, step, kind, result, reason, detail, at
from outcome where run_id = any($1) order by at, run_id, step

-- name: refusals_of_profile
select flow_id, profile_id, entry_key, reason, at from refusal where profile_id = $1 order by at, entry_key limit $2
