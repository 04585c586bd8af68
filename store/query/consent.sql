-- name: consent_upsert
-- Writes what people said by channel, and gives those to whom it is new. An older word does not replace a newer one.
with said as materialized (
    select * from jsonb_to_recordset($1) as x (profile_id text, channel text, purpose text, consent text, at timestamptz, method text, method_detail text)
), before as (
    select c.profile_id, c.channel, c.purpose, c.consent from consent c join said s using (profile_id, channel, purpose)
), written as (
    insert into consent as c (profile_id, channel, purpose, consent, at, method, method_detail, updated_at)
    select profile_id, channel, purpose, consent, at, method, method_detail, $2 from said
    order by profile_id, channel, purpose
    on conflict (profile_id, channel, purpose) do update
        set consent = excluded.consent, at = excluded.at, method = excluded.method, method_detail = excluded.method_detail, updated_at = excluded.updated_at
        where excluded.at >= c.at
    returning profile_id, channel, purpose, consent
)
select w.profile_id, w.channel, w.purpose, w.consent from written w left join before b using (profile_id, channel, purpose)
where b.consent is distinct from w.consent

-- name: consent_of
select profile_id, channel, purpose, consent, at, method, method_detail, updated_at from consent where profile_id = any($1) order by profile_id, channel, purpose

-- name: list_suppression_insert
insert into list_suppression (profile_id, list_id, reason, at) select id, $2, 'UNSUBSCRIBE', $3 from unnest($1::text[]) id order by id
on conflict (profile_id, list_id) do update set at = excluded.at

-- name: list_suppression_delete
delete from list_suppression where profile_id = any($1) and list_id = $2

-- name: list_suppression_of
select profile_id, list_id, reason, at from list_suppression where profile_id = any($1) order by at, list_id

-- name: list_members_among
select profile_id from list_member where list_id = $1 and profile_id = any($2)

-- name: list_join_quietly
-- Makes $2 members of the list $1 without that anything follows from it.
insert into list_member (list_id, profile_id, joined_at) select $1, id, $3 from unnest($2::text[]) id order by id
on conflict do nothing
returning profile_id
