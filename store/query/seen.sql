-- name: seen_events
-- What the properties of the latest $2 events of each of the metrics $1 are, by metric, property and kind of value. The texts
-- are some of the values, cut.
with wanted as (
    select m.id, m.name from metric m where m.name = any($1)
), sampled as (
    select w.name as metric, e.properties from wanted w, lateral (
        select e.properties from event e where e.metric_id = w.id order by e.time desc, e.id desc limit $2
    ) e
), totals as (
    select metric, count(*) as sampled from sampled group by metric
), kinds as (
    select s.metric, p.key, jsonb_typeof(p.value) as kind, count(*) as count,
        (array_agg(left(p.value #>> '{}', 41)) filter (where jsonb_typeof(p.value) = 'string'))[1:$3] as texts
    from sampled s, jsonb_each(s.properties) p where p.value <> 'null'
    group by s.metric, p.key, kind order by count desc limit $4
)
select t.metric, t.sampled, coalesce(k.key, '') as name, coalesce(k.kind, '') as kind, coalesce(k.count, 0) as count, k.texts
from totals t left join kinds k on k.metric = t.metric

-- name: seen_profiles
-- The same of the $1 profiles that changed last.
with sampled as (
    select properties from profile order by updated_at desc, id desc limit $1
), totals as (
    select count(*) as sampled from sampled
), kinds as (
    select p.key, jsonb_typeof(p.value) as kind, count(*) as count,
        (array_agg(left(p.value #>> '{}', 41)) filter (where jsonb_typeof(p.value) = 'string'))[1:$2] as texts
    from sampled s, jsonb_each(s.properties) p where p.value <> 'null'
    group by p.key, kind order by count desc limit $3
)
select '' as metric, t.sampled, coalesce(k.key, '') as name, coalesce(k.kind, '') as kind, coalesce(k.count, 0) as count, k.texts
from totals t left join kinds k on true
