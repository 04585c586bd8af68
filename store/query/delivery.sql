-- name: delivery_ready
-- Webhooks that have something queued and room for another call, each locked against others who would form it too.
select w.id from webhook w
where w.enabled and exists (select from webhook_queue q where q.webhook_id = w.id)
    and (select count(*) from webhook_delivery d where d.webhook_id = w.id and d.finished_at is null) < $1
order by w.id
limit 20
for no key update skip locked

-- name: delivery_form
-- Makes a call with the id $2 of what is queued first for the webhook $1: at most $3 events, and no more once they have $4 bytes.
with first as (
    select id, size from webhook_queue where webhook_id = $1 order by id limit $3
), fitting as (
    select id from (select id, sum(size) over (order by id) - size as before from first) f where before < $4
), taken as (
    delete from webhook_queue q using fitting f where q.id = f.id
    returning q.id, q.event_id, q.event_time, q.topic, q.created_at
)
insert into webhook_delivery (id, webhook_id, events, queued_at, created_at, next_at)
select $2, $1, jsonb_agg(jsonb_build_object('id', event_id, 'time', event_time, 'topic', topic) order by id), min(created_at), $5, $5
from taken having count(*) > 0

-- name: delivery_claim
-- The call that is due first becomes the caller's until $2. Whoever is killed meanwhile loses it to another then.
with due as (
    select d.id from webhook_delivery d join webhook w on w.id = d.webhook_id and w.enabled
    where d.finished_at is null and d.next_at <= $1
    order by d.next_at, d.id
    limit 1
    for update of d skip locked
)
update webhook_delivery d set attempts = attempts + 1, next_at = $2
from due, webhook w
where d.id = due.id and w.id = d.webhook_id
returning d.id, d.webhook_id, d.events, d.queued_at, d.created_at, d.attempts, w.endpoint_url, w.secret_key

-- name: delivery_events
select event.id, event.profile_id, event.metric_id, metric.name as metric, event.time, event.recorded_at,
    event.unique_id, event.value, event.currency, event.properties, event.backfill
from unnest($1::uuid[], $2::timestamptz[]) as x (id, time)
join lateral (select * from event e where e.id = x.id and e.time = x.time limit 1) event on true
join metric on metric.id = event.metric_id

-- name: delivery_done
update webhook_delivery set delivered = true, finished_at = $2, next_at = null, status = $3, error = null where id = $1

-- name: delivery_taken
update webhook set failing_since = null where id = $1 and failing_since is not null

-- name: delivery_again
update webhook_delivery set next_at = $2, status = $3, error = $4 where id = $1 and finished_at is null

-- name: delivery_failed
update webhook_delivery set finished_at = $2, next_at = null, status = $3, error = $4 where id = $1 and finished_at is null

-- name: delivery_failing
-- Notes that calls of the webhook fail, and disables it if they have since before $3. Says whether it did.
update webhook set failing_since = coalesce(failing_since, $2), enabled = enabled and coalesce(failing_since > $3, true),
    disabled_reason = case when failing_since <= $3 then $4 else disabled_reason end
where id = $1 and enabled
returning not enabled

-- name: delivery_drop
update webhook_delivery set finished_at = $2, next_at = null, error = $3 where webhook_id = $1 and finished_at is null

-- name: delivery_purge
delete from webhook_delivery where finished_at < $1

-- name: delivery_orphans
delete from webhook_queue q where not exists (select from webhook w where w.id = q.webhook_id)

-- name: delivery_list
select d.id, d.webhook_id, d.events, d.queued_at, d.created_at, d.next_at, d.attempts, d.delivered, d.status, d.error, d.finished_at, w.name as webhook
from webhook_delivery d join webhook w on w.id = d.webhook_id
where ($1 = '' or d.webhook_id = $1 or w.name = $1) and ($2 = '' or case when d.finished_at is null then 'waiting' when d.delivered then 'delivered' else 'failed' end = $2)
order by d.created_at desc, d.id desc
limit $3
