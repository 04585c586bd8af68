-- Dates that are found by where they recur, and that make a difference as soon as they change.

-- +goose Up
-- The zone is the person's, as stored and unchecked: with it an index gives those alone for whom it is nine o'clock.
alter table profile_date
    add column zone text collate "C" not null default '',
    add column anniversary smallint generated always as ((month * 100 + day)::smallint) stored,
    add column weekday smallint generated always as (extract(dow from make_date(year, month, day))::smallint) stored;
update profile_date d set zone = left(p.location ->> 'timezone', 64)
from profile p where p.id = d.profile_id and p.location ->> 'timezone' <> '';
alter table profile_date alter column zone drop default;
-- With nothing unique in them, these stay small: Postgres keeps equal keys once.
create index profile_date_yearly on profile_date (property, anniversary, zone);
create index profile_date_monthly on profile_date (property, day, zone);
create index profile_date_weekly on profile_date (property, weekday, zone);
drop index profile_date_anniversary;

-- +goose StatementBegin
create function profile_date_zone() returns trigger language plpgsql as $$
begin
    new.zone := coalesce((select left(location ->> 'timezone', 64) from profile where id = new.profile_id), '');
    return new;
end
$$;
-- +goose StatementEnd
create trigger profile_date_zone before insert on profile_date
    for each row when (new.zone is null) execute function profile_date_zone();

-- +goose StatementBegin
create function profile_zone() returns trigger language plpgsql as $$
begin
    update profile_date set zone = coalesce(left(new.location ->> 'timezone', 64), '') where profile_id = new.id;
    return null;
end
$$;
-- +goose StatementEnd
create trigger profile_zone after update of location on profile
    for each row when (old.location ->> 'timezone' is distinct from new.location ->> 'timezone') execute function profile_zone();

-- Dates that changed, waiting for the planner: written in the statement that changes them, if a flow uses them.
create table date_change (
    id         bigint generated always as identity primary key,
    profile_id text collate "C" not null,
    property   text not null,
    changed_at timestamptz not null default now()
);
-- +goose StatementBegin
create function profile_date_changed() returns trigger language plpgsql as $$
begin
    insert into date_change (profile_id, property)
    select c.profile_id, c.property from changed c
    where exists (select from flow_trigger t where t.kind = 'date' and t.key = c.property);
    return null;
end
$$;
create function date_change_wake() returns trigger language plpgsql as $$
begin
    if exists (select from fresh) then
        perform pg_notify('legato_dates', '');
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger profile_date_inserted after insert on profile_date referencing new table as changed
    for each statement execute function profile_date_changed();
create trigger profile_date_updated after update on profile_date referencing new table as changed
    for each statement execute function profile_date_changed();
create trigger profile_date_deleted after delete on profile_date referencing old table as changed
    for each statement execute function profile_date_changed();
create trigger date_change_wake after insert on date_change referencing new table as fresh
    for each statement execute function date_change_wake();

-- For which version of the flow the planner looked ahead: another one is looked at again.
alter table date_plan add column hash text not null default '';

-- Entries by a date were named after the day on which somebody enters; now it is the day on which the date recurs,
-- so that a run can tell whether the date is still the same.
-- +goose StatementBegin
create function date_occurrence(key text, trigger jsonb, stored int) returns text language plpgsql immutable as $$
declare
    day    date := substr(key, 6)::date - coalesce((trigger ->> 'days')::int, 0);
    months int := coalesce((trigger ->> 'months')::int, 0);
    first  date := date_trunc('month', day) - make_interval(months => months);
    length int := extract(day from first + interval '1 month' - interval '1 day');
    number int := extract(day from day);
begin
    if months <> 0 then
        if number = extract(day from date_trunc('month', day) + interval '1 month' - interval '1 day') and stored > number then
            number := stored;
        end if;
        day := first + least(number, length) - 1;
    end if;
    return 'date/' || to_char(day, 'YYYY-MM-DD') || '/moved'; -- the keys that are there already must not be in the way
end
$$;
create function date_trigger(body jsonb) returns jsonb language sql immutable as $$
    select coalesce(body -> 'trigger' -> 'date', (
        select t -> 'date' from jsonb_array_elements(case jsonb_typeof(body -> 'triggers') when 'array' then body -> 'triggers' end) t
        where t ? 'date' limit 1))
$$;
-- +goose StatementEnd
update run r set entry_key = date_occurrence(r.entry_key, date_trigger(p.body), (
        select d.day from profile_date d where d.profile_id = r.profile_id and d.property = date_trigger(p.body) ->> 'property'))
from plan p where p.hash = r.hash and r.entry_key ~ '^date/\d{4}-\d\d-\d\d$' and date_trigger(p.body) is not null;
update run set entry_key = left(entry_key, -length('/moved')) where entry_key like 'date/%/moved';
update refusal r set entry_key = date_occurrence(r.entry_key, date_trigger(p.body), (
        select d.day from profile_date d where d.profile_id = r.profile_id and d.property = date_trigger(p.body) ->> 'property'))
from flow f join plan p on p.hash = f.hash
where f.id = r.flow_id and r.entry_key ~ '^date/\d{4}-\d\d-\d\d$' and date_trigger(p.body) is not null;
update refusal set entry_key = left(entry_key, -length('/moved')) where entry_key like 'date/%/moved';
update outbox r set entry_key = left(date_occurrence(r.entry_key, date_trigger(p.body), (
        select d.day from profile_date d where d.profile_id = r.profile_id and d.property = date_trigger(p.body) ->> 'property')),
        -length('/moved'))
from flow f join plan p on p.hash = f.hash
where f.id = r.flow_id and r.entry_key ~ '^date/\d{4}-\d\d-\d\d$' and date_trigger(p.body) is not null;
drop function date_occurrence, date_trigger;

-- +goose Down
alter table date_plan drop column hash;
drop trigger profile_date_inserted on profile_date;
drop trigger profile_date_updated on profile_date;
drop trigger profile_date_deleted on profile_date;
drop trigger profile_date_zone on profile_date;
drop trigger profile_zone on profile;
drop table date_change;
drop function date_change_wake, profile_date_changed, profile_date_zone, profile_zone;
create index profile_date_anniversary on profile_date (property, month, day, profile_id);
alter table profile_date drop column zone, drop column anniversary, drop column weekday;
