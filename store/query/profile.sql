-- name: profile_select
-- When somebody was last active is looked up in the index of events: keeping it in the profile would rewrite the row and
-- all its index entries for nearly every event.
select id, email, phone_number, external_id, anonymous_id, first_name, last_name, organization, locale, title,
    image, location, properties, created_at, updated_at,
    (select event.time from event where event.profile_id = profile.id order by event.time desc limit 1) as last_event_at
from profile

-- name: profile_lock
-- Followed by a condition on id: see LockProfiles.
select id, email, phone_number, external_id, anonymous_id, first_name, last_name, organization, locale, title,
    image, location, properties, created_at, updated_at,
    (select event.time from event where event.profile_id = profile.id order by event.time desc limit 1) as last_event_at,
    case when aliased then (
        select jsonb_agg(jsonb_build_object('kind', a.kind, 'key', a.key)) from profile_alias a where a.profile_id = profile.id
    ) end as aliases
from profile

-- name: profile_lock_named
-- The same where nothing is to be known of them but who they are.
select id, email, phone_number, external_id, anonymous_id,
    case when aliased then (
        select jsonb_agg(jsonb_build_object('kind', a.kind, 'key', a.key)) from profile_alias a where a.profile_id = profile.id
    ) end as aliases
from profile

-- name: profile_by_key
-- The ids of those that one of the keys {keys} of a kind names, now or formerly. Only the kinds that are asked for are
-- looked at: planning a union of all of them takes Postgres longer than the rest of a batch.
select id from profile where {column} = any({keys}::text[])
union all
select profile_id from profile_alias where kind = '{kind}' and key = any({keys}::text[])

-- name: profile_insert
insert into profile (id, email, phone_number, external_id, anonymous_id, first_name, last_name, organization, locale,
    title, image, location, properties, created_at, updated_at)
select id, email, phone_number, external_id, anonymous_id, first_name, last_name, organization, locale,
    title, image, location, properties, created_at, updated_at
from jsonb_to_recordset($1) as fresh (id text, email text, phone_number text, external_id text, anonymous_id text,
    first_name text, last_name text, organization text, locale text, title text, image text, location jsonb,
    properties jsonb, created_at timestamptz, updated_at timestamptz)
order by lower(email), external_id, phone_number, anonymous_id
on conflict do nothing
returning id

-- name: profile_update
-- Writes profiles, and nudges the runs that watch them.
with written as (
    update profile p set
        email = changed.email, phone_number = changed.phone_number, external_id = changed.external_id,
        anonymous_id = changed.anonymous_id, first_name = changed.first_name, last_name = changed.last_name,
        organization = changed.organization, locale = changed.locale, title = changed.title, image = changed.image,
        location = changed.location, properties = changed.properties, updated_at = changed.updated_at
    from jsonb_to_recordset($1) as changed (id text, email text, phone_number text, external_id text, anonymous_id text,
        first_name text, last_name text, organization text, locale text, title text, image text, location jsonb,
        properties jsonb, updated_at timestamptz)
    where p.id = changed.id
    returning p.id
), nudged as (
    insert into nudge (run_id)
    select distinct w.run_id from written p join watch w on w.profile_id = p.id and w.kind = 'profile'
)
select id from written

-- name: profile_date_replace
-- Makes the dates of the profiles $2 be those in $1. Triggers of the table queue what differs for the date planner.
with wanted as (
    select profile_id, property, year, month, day
    from jsonb_to_recordset($1) as x (profile_id text, property text, year smallint, month smallint, day smallint)
), gone as (
    delete from profile_date d
    where d.profile_id = any($2::text[])
      and not exists (select from wanted w where w.profile_id = d.profile_id and w.property = d.property)
)
insert into profile_date as d (profile_id, property, year, month, day, zone)
select w.profile_id, w.property, w.year, w.month, w.day, coalesce(left(p.location ->> 'timezone', 64), '')
from wanted w join profile p on p.id = w.profile_id
on conflict (profile_id, property) do update
    set year = excluded.year, month = excluded.month, day = excluded.day
    where (d.year, d.month, d.day) is distinct from (excluded.year, excluded.month, excluded.day)
