-- name: failures
-- Steps that failed or whose fate is unknown, and those that are being repeated, newest first.
select * from (
    select o.at, r.flow_id, o.run_id, o.step, o.kind, r.profile_id, o.result, o.reason, coalesce(o.detail ->> 'error', '') as error
    from outcome o join run r on r.id = o.run_id
    where o.result in ('failed', 'held') and ($1 = '' or r.flow_id = $1)
    union all
    select t.failed_at, r.flow_id, t.run_id, t.step, t.kind, r.profile_id, 'retrying', t.reason, t.error
    from retry t join run r on r.id = t.run_id
    where $1 = '' or r.flow_id = $1
) all_of_them
order by at desc, run_id, step limit $2

-- name: failure_retry
-- Asks that failed steps which send something be repeated: only those of which it is known that nothing arrived.
with failed as (
    delete from outcome o using run r
    where r.id = o.run_id and o.result = 'failed' and o.kind in ('webhook', 'alert', 'email') and ($1 = '' or r.flow_id = $1)
    returning o.run_id, o.step, o.kind, o.reason, coalesce(o.detail ->> 'error', '') as error, o.at
), free as (
    update message m set status = 'claimed', attempts = 0, error = '', owner = '', retry_at = null, handed_at = null
    from failed f where m.send_key = 'run/' || f.run_id || '/' || f.step and m.status = 'failed'
), asked as (
    insert into retry (run_id, step, kind, reason, error, failed_at, due_at)
    select run_id, step, kind, reason, error, at, $2 from failed
    on conflict (run_id, step) do update set due_at = excluded.due_at
)
select count(*) from failed

-- name: retry_wake
select pg_notify('legato_retry', '')

-- name: retry_take
-- The oldest that are due, which are then due again only when whoever takes them has not finished by $2.
update retry t set due_at = $2
from (select run_id, step from retry where due_at <= $1 order by due_at limit $3 for update skip locked) due
where t.run_id = due.run_id and t.step = due.step
returning t.run_id, t.step, t.due_at

-- name: retry_over
delete from retry where step = $1 and run_id = any($2)

-- name: retry_later
update retry set due_at = x.due_at
from unnest($2::text[], $3::timestamptz[]) as x (run_id, due_at)
where retry.step = $1 and retry.run_id = x.run_id
