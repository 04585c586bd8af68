-- name: plan_insert
insert into plan (hash, flow_id, body) values ($1, $2, $3) on conflict (hash) do nothing

-- name: plan_by_hash
select body from plan where hash = $1

-- name: flow_upsert
insert into flow (id, name, status, hash) values ($1, $2, $3, $4)
on conflict (id) do update set name = excluded.name, status = excluded.status, hash = excluded.hash,
    archived = false, deleted_at = null, updated_at = now()
where (flow.name, flow.status, flow.hash, flow.archived)
    is distinct from (excluded.name, excluded.status, excluded.hash, false)

-- name: flow_trigger_delete
delete from flow_trigger where flow_id = $1

-- name: flow_trigger_insert
insert into flow_trigger (flow_id, kind, key) values ($1, $2, $3) on conflict do nothing

-- name: flow_version_insert
insert into flow_version (flow_id, hash, status)
select $1, $2, $3
where not exists (
    select from (select hash, status from flow_version where flow_id = $1 order by applied_at desc limit 1) v
    where v.hash = $2 and v.status = $3)

-- name: flow_by_id
select id, name, status, hash, archived, paused_at is not null as paused, created_at, updated_at from flow where id = $1

-- name: flows
select id, name, status, hash, archived, paused_at is not null as paused, created_at, updated_at from flow order by id

-- name: template_upsert
insert into template (id, source) values ($1, $2)
on conflict (id) do update set source = excluded.source, updated_at = now()
where template.source is distinct from excluded.source

-- name: templates_by_id
select id, source from template where id = any($1)

-- name: flow_listing
-- Flows that are not deleted, with the public API's word for what triggers them.
select id, name, status, hash, archived, paused, created_at, updated_at, trigger_type from (
    select f.id, f.name, f.status, f.hash, f.archived, f.paused_at is not null as paused, f.created_at, f.updated_at,
        coalesce((
            select case t.kind when 'list' then 'Added to List' when 'segment' then 'Added to List' when 'date' then 'Date Based'
                when 'price_drop' then 'Price Drop' when 'low_inventory' then 'Low Inventory' else 'Metric' end
            from flow_trigger t where t.flow_id = f.id order by t.kind, t.key limit 1), 'Unconfigured') as trigger_type
    from flow f where f.deleted_at is null
) flow

-- name: flows_triggered
-- The ids of flows with a trigger of kind $1 by one of the keys $2.
select distinct flow_id from flow_trigger where kind = $1 and key = any($2)

-- name: flow_triggers
-- The flows, deleted ones aside, that the keys $2 of kind $1 trigger.
select distinct t.key, t.flow_id
from flow_trigger t join flow f on f.id = t.flow_id and f.deleted_at is null
where t.kind = $1 and t.key = any($2)
order by t.key, t.flow_id

-- name: flow_hold
-- Keeps others from changing the flow until the transaction ends.
select id from flow where id = $1 and deleted_at is null for update

-- name: flow_taken
select exists (select from flow where id = $1)

-- name: flow_delete
update flow set archived = true, paused_at = null, deleted_at = now(), updated_at = now() where id = $1 and deleted_at is null

-- name: template_ids
select id from template

-- name: template_by_id
select id, source, updated_at from template where id = $1
