-- name: suppression_insert
insert into suppression (profile_id, channel, reason, at) values ($1, $2, $3, $4) on conflict do nothing

-- name: suppression_of
select profile_id, channel, reason, at from suppression where profile_id = any($1) order by at, channel, reason
