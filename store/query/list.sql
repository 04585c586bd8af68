-- name: list_ids
select id from list where id = $1 or name = $1 order by id

-- name: list_select
select id, name, opt_in_process, created_at, updated_at from list

-- name: list_by_id
select id, name, opt_in_process, created_at, updated_at from list where id = $1

-- name: list_insert
insert into list (id, name, opt_in_process, created_at, updated_at) values ($1, $2, $3, $4, $4)

-- name: list_size
select count(*) from list_member where list_id = $1

-- name: list_hold
select id from list where id = $1 for key share

-- name: list_known_profiles
select id from profile where id = any($1) order by id for key share

-- name: list_join
-- Makes $2 members of the list $1, and enters those who were not into the flows that the list triggers.
with joined as (
    insert into list_member (list_id, profile_id, joined_at)
    select $1, id, $3::timestamptz from unnest($2::text[]) id
    order by id
    on conflict do nothing
    returning profile_id, joined_at
), entered as (
    insert into outbox (flow_id, profile_id, entry_key, depth)
    select f.id, j.profile_id, 'list/' || $1 || '/' || (extract(epoch from j.joined_at) * 1000000)::bigint, $4
    from joined j
    join list l on l.id = $1
    join flow f on f.status in ('live', 'manual') and not f.archived
        and exists (select from flow_trigger t where t.flow_id = f.id and t.kind = 'list' and t.key in (l.id, l.name))
    order by j.profile_id
), nudged as (
    insert into nudge (run_id)
    select distinct w.run_id from joined j join watch w on w.profile_id = j.profile_id and w.kind = 'list'
)
select profile_id from joined

-- name: list_leave
with gone as (
    delete from list_member where list_id = $1 and profile_id = any($2) returning profile_id
)
insert into nudge (run_id)
select distinct w.run_id from gone g join watch w on w.profile_id = g.profile_id and w.kind = 'list'

-- name: list_named
select id from list where id = $1 or name = $1 order by id = $1 desc, created_at, id limit 1

-- name: list_names
select id, name from list order by created_at, id

-- name: lists_of_profiles
select m.profile_id, l.id, l.name, l.opt_in_process, l.created_at, l.updated_at
from list_member m join list l on l.id = m.list_id where m.profile_id = any($1) order by l.id
