-- name: push_token_select
select id, token, platform, vendor, enablement_status, background, metadata, profile_id, created_at, recorded_at
from push_token

-- name: push_token_upsert
-- A token that is known moves to the profile of whoever says so last.
insert into push_token (id, token, platform, vendor, enablement_status, background, metadata, profile_id, created_at, recorded_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
on conflict (token) do update set platform = excluded.platform, vendor = excluded.vendor,
    enablement_status = excluded.enablement_status, background = excluded.background,
    metadata = push_token.metadata || excluded.metadata, profile_id = excluded.profile_id, recorded_at = excluded.recorded_at
returning id, token, platform, vendor, enablement_status, background, metadata, profile_id, created_at, recorded_at

-- name: push_token_delete
delete from push_token where id = $1 or token = $1

-- name: push_token_unregister
delete from push_token where token = $1 and ($2 = '' or vendor = $2) and profile_id = $3
