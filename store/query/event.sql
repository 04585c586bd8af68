-- name: event_select
select event.id, event.profile_id, event.metric_id, metric.name as metric, event.time, event.recorded_at,
    event.unique_id, event.value, event.currency, event.properties, event.backfill
from event join metric on metric.id = event.metric_id

-- name: event_partition
select ensure_event_partition($1)

-- name: event_insert
-- Stores what is new of $1, received at $2, with all that follows from it: the flows that it triggers, the webhooks that
-- are told and what was bought. Gives what is not new. The profiles are locked, so nobody else claims their keys.
with input as materialized (
    select * from jsonb_to_recordset($1) as x (id uuid, profile_id text, metric_id text, metric text, time timestamptz,
        unique_id text, chosen boolean, value numeric, currency text, properties jsonb, backfill boolean,
        item_id text, quantity numeric, depth smallint)
), claimed as (
    insert into event_key (profile_id, metric_id, unique_id)
    select profile_id, metric_id, unique_id from input where chosen
    on conflict do nothing
    returning profile_id, metric_id, unique_id
), stored as (
    insert into event (id, profile_id, metric_id, time, recorded_at, unique_id, value, currency, properties, backfill, depth)
    select id, profile_id, metric_id, time, $2, unique_id, value, currency, properties, backfill, coalesce(depth, 0)
    from input i
    where not chosen or exists (
        select from claimed c
        where c.profile_id = i.profile_id and c.metric_id = i.metric_id and c.unique_id = i.unique_id)
    on conflict do nothing
    returning id
), fresh as (
    select i.* from input i join stored using (id)
), entered as (
    insert into outbox (flow_id, profile_id, entry_key, event_id, event_time, depth)
    select t.flow_id, e.profile_id, 'event/' || e.id, e.id, e.time, coalesce(e.depth, 0)
    from fresh e
    join flow_trigger t on t.kind = 'metric' and t.key = e.metric
    join flow f on f.id = t.flow_id and f.status in ('live', 'manual') and not f.archived
    where not e.backfill
    order by e.id
), nudged as (
    insert into nudge (run_id)
    select distinct w.run_id from fresh e
    join watch w on w.profile_id = e.profile_id and (w.kind = 'event' and w.key = e.metric or w.kind = 'profile')
), told as (
    insert into webhook_queue (webhook_id, event_id, event_time, topic, size)
    select w.id, e.id, e.time, m.topic, octet_length(e.properties::text)
    from webhook_topic t
    join webhook w on w.id = t.webhook_id and w.enabled
    join metric m on m.topic = t.topic
    join fresh e on e.metric_id = m.id
    where not e.backfill
    order by e.id
), bought as (
    insert into purchase as p (profile_id, item_id, quantity, last_at)
    select profile_id, item_id, sum(quantity), max(time)
    from fresh
    where item_id is not null
    group by profile_id, item_id
    on conflict (profile_id, item_id) do update
        set quantity = p.quantity + excluded.quantity, last_at = greatest(p.last_at, excluded.last_at)
)
select id from input where id not in (select id from stored)
