-- name: property_type_lock
-- One process at a time adds to the counts: they cannot wait for each other in a circle, and none exceeds the bound
-- on the properties of a metric because of the other.
select pg_advisory_xact_lock(hashtext('property_type'))

-- name: property_type_add
-- Adds what was counted ($1). Of properties that are new, only as many are taken as make $2 of a metric; the metrics of
-- those that were not are returned. A row keeps at most $3 samples.
with input as materialized (
    select * from jsonb_to_recordset($1) as x (metric_id text, name text, kind text, count bigint, first_seen timestamptz,
        last_seen timestamptz, samples jsonb)
), fresh as materialized (
    select distinct i.metric_id, i.name from input i
    where not exists (select from property_type t where t.metric_id = i.metric_id and t.name = i.name)
), full_to as materialized (
    select f.metric_id, (select count(distinct t.name) from property_type t where t.metric_id = f.metric_id) as n
    from (select distinct metric_id from fresh) f
), ranked as materialized (
    select f.metric_id, f.name, r.n + row_number() over (partition by f.metric_id order by f.name) as n
    from fresh f join full_to r using (metric_id)
), added as (
    insert into property_type as t (metric_id, name, kind, count, first_seen, last_seen, samples)
    select i.metric_id, i.name, i.kind, i.count, i.first_seen, i.last_seen, coalesce(i.samples, '[]')
    from input i left join ranked r using (metric_id, name)
    where r.n is null or r.n <= $2
    order by i.metric_id, i.name, i.kind
    on conflict (metric_id, name, kind) do update set
        count = t.count + excluded.count,
        first_seen = least(t.first_seen, excluded.first_seen),
        last_seen = greatest(t.last_seen, excluded.last_seen),
        samples = case when jsonb_array_length(t.samples) >= $3 or jsonb_array_length(excluded.samples) = 0 then t.samples else (
            select jsonb_agg(value order by n) from (
                select value, min(n) as n from jsonb_array_elements(t.samples || excluded.samples) with ordinality e (value, n)
                group by value order by 2 limit $3
            ) d) end
)
select distinct metric_id from ranked where n > $2

-- name: property_source_add
insert into property_source as s (metric_id, count)
select metric_id, count from jsonb_to_recordset($1) as x (metric_id text, count bigint)
order by metric_id
on conflict (metric_id) do update set count = s.count + excluded.count

-- name: property_type_names
select distinct name from property_type where metric_id = $1

-- name: property_type_select
select md5(t.metric_id || '/' || t.name) as id, t.metric_id, coalesce(m.name, '') as metric, t.name, t.kind, t.count, t.first_seen,
    t.last_seen, t.samples, coalesce(s.count, 0) as looked_at
from property_type t
left join metric m on m.id = t.metric_id
left join property_source s on s.metric_id = t.metric_id

-- name: property_type_forget
-- Empties the samples of the metrics that a profile has events of.
update property_type t set samples = '[]'
where t.samples <> '[]' and t.metric_id in (select distinct e.metric_id from event e where e.profile_id = $1)

-- name: property_seen
-- How often the properties of the metrics with the names $1, and those of profiles (''), have had values of each kind. Services
-- that report metrics of one name count together.
with source as (
    select coalesce(m.name, '') as metric, s.metric_id, s.count
    from property_source s left join metric m on m.id = s.metric_id
    where s.metric_id = '' or m.name = any($1)
), totals as (
    select metric, sum(count) as sampled from source group by metric
), kinds as (
    select s.metric, t.name, t.kind, sum(t.count) as count
    from source s join property_type t using (metric_id) group by s.metric, t.name, t.kind
)
select t.metric, t.sampled, coalesce(k.name, '') as name, coalesce(k.kind, '') as kind, coalesce(k.count, 0) as count
from totals t left join kinds k using (metric)
