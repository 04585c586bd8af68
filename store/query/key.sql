-- name: key_insert
insert into api_key (hash, name, prefix, scopes) values ($1, $2, $3, $4) on conflict do nothing

-- name: key_valid
select hash, name, prefix, scopes, created_at, last_used_at, revoked_at from api_key where hash = $1 and revoked_at is null

-- name: key_used
update api_key set last_used_at = $2::timestamptz where hash = $1 and (last_used_at is null or last_used_at < $2::timestamptz - $3::float8 * interval '1 second')

-- name: key_list
select hash, name, prefix, scopes, created_at, last_used_at, revoked_at from api_key order by created_at, hash

-- name: key_called
select hash, name, prefix, scopes, created_at, last_used_at, revoked_at from api_key
where prefix = $1 or name = $1 order by created_at, hash for update

-- name: key_revoke
update api_key set revoked_at = $2 where hash = $1 and revoked_at is null
