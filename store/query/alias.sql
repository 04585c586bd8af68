-- name: alias_claim
-- Makes each of $1 an identifier of a profile that is gone before anybody sees it. Who writes the same identifier
-- meanwhile waits for this transaction, as with any other; what is somebody's already is not claimed.
insert into profile (id, email, phone_number, external_id, anonymous_id)
select 'alias/' || a.kind || '/' || md5(a.key) || '/' || a.profile_id,
    case a.kind when 'email' then a.key end, case a.kind when 'phone_number' then a.key end,
    case a.kind when 'external_id' then a.key end, case a.kind when 'anonymous_id' then a.key end
from jsonb_to_recordset($1) as a (kind text, key text, profile_id text)
where a.kind <> 'id'
order by a.kind, a.key
on conflict do nothing
returning id

-- name: alias_insert
with unclaimed as (
    delete from profile where id = any($2::text[])
), marked as (
    update profile set aliased = true
    where not aliased and id in (select a.profile_id from jsonb_to_recordset($1) as a (profile_id text))
)
insert into profile_alias (kind, key, value, profile_id, created_at)
select kind, key, value, profile_id, created_at
from jsonb_to_recordset($1) as a (kind text, key text, value text, profile_id text, created_at timestamptz)
order by kind, key
on conflict do nothing
returning key

-- name: alias_trim
delete from profile_alias where kind = 'anonymous_id' and key in (
    select key from profile_alias where profile_id = $1 and kind = 'anonymous_id' order by created_at desc, key offset $2)

-- name: alias_delete
delete from profile_alias a using jsonb_to_recordset($1) as x (kind text, key text, profile_id text)
where a.kind = x.kind and a.key = x.key and a.profile_id = x.profile_id

-- name: alias_of_profile
select kind, key, value, profile_id, created_at from profile_alias where profile_id = $1 order by created_at, kind, key
