-- name: review_insert
insert into review (flow_id, run_id, entered_at, step, kind, profile_id, ahead, created_at)
select $1, x.run_id, x.entered_at, x.step, x.kind, x.profile_id, x.ahead, $2
from unnest($3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::bigint[])
    as x (run_id, entered_at, step, kind, profile_id, ahead)
on conflict (run_id, step) do nothing

-- name: reviews_waiting
-- The oldest first, after the id $4.
select v.id, v.flow_id, v.run_id, v.entered_at, v.step, v.kind, v.profile_id, v.ahead, v.created_at, coalesce(p.email, '') as email
from review v left join profile p on p.id = v.profile_id
where v.decision = '' and ($1 = '' or v.flow_id = $1) and ($2 = '' or v.step = $2) and ($3::bigint[] is null or v.id = any($3)) and v.id > $4
order by v.id limit $5

-- name: review_approve
with approved as (
    update review set decision = 'approved', decided_at = $4, decided_by = $5, due_at = $4
    where decision = '' and ($1 = '' or flow_id = $1) and ($2 = '' or step = $2) and ($3::bigint[] is null or id = any($3))
    returning id
), told as (
    select pg_notify('legato_review', '') where exists (select from approved)
)
select count(*) from approved left join told on true

-- name: review_cancel
-- The step's outcome is written at once. With $6 the person leaves the flow, too.
with cancelled as (
    update review set decision = 'cancelled', decided_at = $4, decided_by = $5, done_at = $4
    where decision = '' and ($1 = '' or flow_id = $1) and ($2 = '' or step = $2) and ($3::bigint[] is null or id = any($3))
    returning run_id, entered_at, step, kind, ahead
), outcomes as (
    insert into outcome (run_id, entered_at, step, kind, result, reason, at)
    select run_id, entered_at, step, kind, 'skipped', $7, $4::timestamptz + ahead * interval '1 microsecond' from cancelled
    on conflict do nothing
), gone as (
    update run r set status = 'cancelled', reason = $7, finished_at = $4::timestamptz + r.ahead * interval '1 microsecond', due_at = null
    where $6 and r.id in (select run_id from cancelled) and r.status = 'active'
    returning r.id
), unwatched as (
    delete from watch where run_id in (select id from gone)
), nudged as (
    insert into nudge (run_id) select id from gone
)
select count(*) from cancelled

-- name: flow_cancel_reviews
-- What waits for review in the flow $1, which is no more, for the reason $2.
with cancelled as (
    update review set decision = 'cancelled', decided_at = now(), decided_by = $2, done_at = now()
    where decision = '' and flow_id = $1
    returning run_id, entered_at, step, kind, ahead
)
insert into outcome (run_id, entered_at, step, kind, result, reason, at)
select run_id, entered_at, step, kind, 'skipped', $2, now() + ahead * interval '1 microsecond' from cancelled
on conflict do nothing

-- name: review_settle
-- What was done by an attempt that died before it could say so.
update review v set done_at = $1
from outcome o
where v.decision = 'approved' and v.done_at is null and v.due_at <= $1
  and o.run_id = v.run_id and o.step = v.step and o.entered_at = v.entered_at

-- name: review_take
-- Those that wait for a worker, passing over paused flows and those that another worker takes.
update review v set due_at = $2
where v.id in (
    select r.id from review r left join flow f on f.id = r.flow_id
    where r.decision = 'approved' and r.done_at is null and r.due_at <= $1 and f.paused_at is null
    order by r.due_at, r.id limit $3 for update of r skip locked)
returning v.id, v.flow_id, v.run_id, v.entered_at, v.step, v.kind, v.profile_id, v.ahead, v.created_at, '' as email

-- name: review_finish
update review v set done_at = case when x.again is null then $1::timestamptz end, due_at = coalesce(x.again, v.due_at), ahead = x.ahead
from unnest($2::bigint[], $3::timestamptz[], $4::bigint[]) as x (id, again, ahead)
where v.id = x.id and v.done_at is null
