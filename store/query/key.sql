-- name: key_insert
insert into api_key (hash, name) values ($1, $2) on conflict do nothing

-- name: key_exists
select exists (select from api_key where hash = $1 and revoked_at is null)
