-- What the properties of events and profiles are, inferred as they arrive; months that are made without holding up events.

-- +goose Up
-- One row for each kind of value that a property has had. Written every few seconds by every process, so that rows
-- have room to be updated in place.
create table property_type (
    metric_id  text collate "C" not null,        -- '' for the custom properties of profiles
    name       text collate "C" not null,
    kind       text collate "C" not null,        -- text | digits (text that may be Unix seconds) | number | date | boolean | list | object
    count      bigint not null,                  -- of values
    first_seen timestamptz not null,             -- when the first one was recorded
    last_seen  timestamptz not null,
    samples    jsonb not null default '[]',      -- a few values; never of profiles
    primary key (metric_id, name, kind)
) with (fillfactor = 70);
create index property_type_id on property_type (md5(metric_id || '/' || name));

-- How many events of a metric, or writes of profiles (''), the kinds above come from.
create table property_source (
    metric_id text collate "C" primary key,
    count     bigint not null
) with (fillfactor = 70);

-- What is there already, as far as the latest events and profiles show it.
-- +goose StatementBegin
create function property_kind(value jsonb) returns text language sql immutable as $$
    select case jsonb_typeof(value) when 'array' then 'list' when 'string' then
        case when value #>> '{}' ~ '^(\d{4}-[01]\d-[0-3]\d([T ][0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?)?|[01]\d/[0-3]\d/(\d\d|\d{4})( [0-2]\d:[0-5]\d(:[0-5]\d)?)?)$'
            then 'date' when value #>> '{}' ~ '^\d{9,11}$' then 'digits' else 'text' end
        else jsonb_typeof(value) end
$$;
-- +goose StatementEnd
with looked as materialized (
    select m.id as metric_id, e.properties, e.recorded_at
    from metric m, lateral (
        select properties, recorded_at from event where metric_id = m.id order by time desc, id desc limit 500
    ) e
    union all
    select '', p.properties, p.updated_at
    from (select properties, updated_at from profile order by updated_at desc, id desc limit 2000) p
), counted as (
    insert into property_source select metric_id, count(*) from looked group by metric_id
), kinds as (
    select l.metric_id, p.key as name, property_kind(p.value) as kind, count(*) as count, min(l.recorded_at) as first_seen, max(l.recorded_at) as last_seen
    from looked l, jsonb_each(case jsonb_typeof(l.properties) when 'object' then l.properties end) p
    where p.value <> 'null' and char_length(p.key) <= 255
    group by l.metric_id, p.key, property_kind(p.value)
)
insert into property_type (metric_id, name, kind, count, first_seen, last_seen)
select metric_id, name, kind, count, first_seen, last_seen
from (select *, dense_rank() over (partition by metric_id order by name) as n from kinds) k
where n <= 1000;
drop function property_kind(jsonb);

-- A partition that is made by itself and then attached, unlike one that is created as a part, lets others write events
-- meanwhile.
-- +goose StatementBegin
create or replace function ensure_event_partition(moment timestamptz) returns void language plpgsql as $$
declare
    first date := date_trunc('month', moment at time zone 'UTC');
    name  text := 'event_' || to_char(first, 'YYYYMM');
begin
    if to_regclass(name) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('ensure_event_partition'));
    -- Whoever had the lock before may have made it, which to_regclass need not have heard of.
    if exists (select from pg_class c where c.relname = name and c.relnamespace = current_schema::regnamespace) then
        return;
    end if;
    execute format('create table %I (like event including all excluding indexes)', name);
    execute format('alter table event attach partition %I for values from (%L) to (%L)',
        name, first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00');
end
$$;
-- +goose StatementEnd

-- +goose Down
drop table property_source, property_type;

-- +goose StatementBegin
create or replace function ensure_event_partition(moment timestamptz) returns void language plpgsql as $$
declare
    first date := date_trunc('month', moment at time zone 'UTC');
    name  text := 'event_' || to_char(first, 'YYYYMM');
begin
    if to_regclass(name) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('ensure_event_partition'));
    execute format('create table if not exists %I partition of event for values from (%L) to (%L)',
        name, first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00');
end
$$;
-- +goose StatementEnd
