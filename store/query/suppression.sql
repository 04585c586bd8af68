-- name: suppression_insert
insert into suppression (profile_id, channel, reason, at) values ($1, $2, $3, $4) on conflict do nothing

-- name: suppression_of
select profile_id, channel, reason, at from suppression where profile_id = any($1) order by at, channel, reason

-- name: suppression_insert_many
insert into suppression (profile_id, channel, reason, at)
select id, $2, $3, $4 from unnest($1::text[]) id
order by id
on conflict do nothing
returning profile_id

-- name: suppression_delete
delete from suppression where profile_id = any($1::text[]) and channel = $2 and reason = any($3::text[]) returning profile_id
