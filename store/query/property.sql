-- name: profile_change_properties
-- Changes custom properties of the profile $1, and nudges the runs that watch it: create $2 (where there is none yet) and
-- set $3, increment $4, append $5, remove $6, unset $7. A change after which they would take more than $8 bytes, and more
-- than before, is left out; fits says whether it was made.
with old as (
    select id, properties as p from profile where id = $1 for no key update
), assigned as (
    select id, p as before, p || coalesce((
        select jsonb_object_agg(c.key, c.value) from jsonb_each($2::jsonb) c where not p ? c.key
    ), '{}') || $3::jsonb as p from old
), counted as (
    select id, before, p || coalesce((
        select jsonb_object_agg(i.key,
            coalesce(case when jsonb_typeof(p -> i.key) = 'number' then (p ->> i.key)::numeric end, 0) + (i.value #>> '{}')::numeric)
        from jsonb_each($4::jsonb) i
    ), '{}') as p from assigned
), longer as (
    -- What was a single value becomes a list's first.
    select id, before, p || coalesce((
        select jsonb_object_agg(a.key, l.list || coalesce((
            select jsonb_agg(v.value order by v.n) from jsonb_array_elements(a.value) with ordinality v (value, n)
            where not exists (select from jsonb_array_elements(l.list) x where x.value = v.value)
        ), '[]'))
        from jsonb_each($5::jsonb) a, lateral (
            select case coalesce(jsonb_typeof(p -> a.key), 'null') when 'array' then p -> a.key when 'null' then '[]'::jsonb
                else jsonb_build_array(p -> a.key) end as list
        ) l
    ), '{}') as p from counted
), shorter as (
    select id, before, (p || coalesce((
        select jsonb_object_agg(r.key, coalesce((
            select jsonb_agg(v.value order by v.n) from jsonb_array_elements(p -> r.key) with ordinality v (value, n)
            where not exists (select from jsonb_array_elements(r.value) x where x.value = v.value)
        ), '[]'))
        from jsonb_each($6::jsonb) r where jsonb_typeof(p -> r.key) = 'array'
    ), '{}')) - $7::text[] as p from longer
), changed as (
    select id, p, octet_length(p::text) <= greatest($8::int, octet_length(before::text)) as fits from shorter
), written as (
    update profile set updated_at = now(), properties = c.p from changed c where profile.id = c.id and c.fits
    returning profile.id
), nudged as (
    insert into nudge (run_id)
    select distinct w.run_id from written p join watch w on w.profile_id = p.id and w.kind = 'profile'
)
select p as properties, fits, now() as at from changed
