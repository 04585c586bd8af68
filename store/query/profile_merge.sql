-- What is profile $1's becomes profile $2's.

-- name: merge_lock_runs
select id from run where profile_id = any($1::text[]) and status = 'active' order by id for update

-- name: merge_lock
-- Not even the key may be shared: nobody joins a list meanwhile.
select id from profile where id = any($1::text[]) order by id for update

-- name: merge_event_doubles
-- What a sender named the same of both happened once.
delete from event e using metric m
where e.profile_id = $1 and m.id = e.metric_id and exists (
    select from event_key s join event_key d using (metric_id, unique_id)
    where s.profile_id = $1 and d.profile_id = $2 and s.metric_id = e.metric_id and s.unique_id = e.unique_id)
returning e.id, m.name as metric, e.properties

-- name: merge_event
-- Two events without a name of their own may have come in the same second.
update event e set profile_id = $2, unique_id = case when exists (
        select from event d where d.profile_id = $2 and d.metric_id = e.metric_id and d.time = e.time and d.unique_id = e.unique_id)
    then e.unique_id || '/' || $1 else e.unique_id end
where e.profile_id = $1

-- name: merge_event_key
with doubled as (
    delete from event_key s using event_key d
    where s.profile_id = $1 and d.profile_id = $2 and d.metric_id = s.metric_id and d.unique_id = s.unique_id
    returning s.metric_id, s.unique_id
)
update event_key k set profile_id = $2
where k.profile_id = $1
    and not exists (select from event_key d where d.profile_id = $2 and d.metric_id = k.metric_id and d.unique_id = k.unique_id)

-- name: merge_purchase_doubled
update purchase set quantity = greatest(quantity - $3::numeric, 0) where profile_id = $1 and item_id = $2

-- name: merge_purchase
with gone as (
    delete from purchase where profile_id = $1 returning item_id, quantity, last_at
)
insert into purchase as p (profile_id, item_id, quantity, last_at)
select $2, item_id, quantity, last_at from gone where quantity > 0
on conflict (profile_id, item_id) do update
    set quantity = p.quantity + excluded.quantity, last_at = greatest(p.last_at, excluded.last_at)

-- name: merge_outbox
update outbox set profile_id = $2 where profile_id = $1

-- name: merge_run
-- Which runs count is as for an entry: run_last_entries.
with looked as (
    select r.id, r.status, r.ahead,
        exists (select from run d where d.flow_id = r.flow_id and d.profile_id = $2 and d.entry_key = r.entry_key) as same,
        r.event_id = any($3::uuid[]) or exists (
            select from run d where d.flow_id = r.flow_id and d.profile_id = $2
                and d.reason not in ('Date Changed', 'Date Removed', 'Fails Flow Filters at Entry')
                and (d.entry_key = r.entry_key or p.body -> 'reentry' ->> 'mode' = 'never'
                    or p.body -> 'reentry' ->> 'mode' = 'after' and abs(extract(epoch from d.entered_at - r.entered_at))
                        < coalesce((p.body -> 'reentry' ->> 'after')::numeric, 0) / 1e9)) as twice
    from run r join plan p on p.hash = r.hash
    where r.profile_id = $1
), moved as (
    update run r set profile_id = $2,
        entry_key = case when l.same then r.entry_key || '/merged/' || $1 else r.entry_key end,
        status = case when l.status = 'active' and (l.twice or l.same) then 'cancelled' else r.status end,
        reason = case when l.status = 'active' and (l.twice or l.same) then $4 else r.reason end,
        finished_at = case when l.status = 'active' and (l.twice or l.same) then now() + l.ahead * interval '1 microsecond' else r.finished_at end,
        due_at = case when l.status = 'active' and (l.twice or l.same) then null else r.due_at end,
        place_from = case when l.status = 'active' and (l.twice or l.same) then null else r.place_from end
    from looked l where r.id = l.id
    returning r.id, r.status, r.reason, l.status as before
), settled as (
    update review v set decision = 'cancelled', decided_at = now(), decided_by = $4, done_at = now()
    from moved m where v.run_id = m.id and m.before = 'active' and m.status = 'cancelled' and v.decision = ''
    returning v.run_id, v.entered_at, v.step, v.kind, v.ahead
), told as (
    insert into outcome (run_id, entered_at, step, kind, result, reason, at)
    select run_id, entered_at, step, kind, 'skipped', $4, now() + ahead * interval '1 microsecond' from settled
    on conflict do nothing
), unwatched as (
    delete from watch w using moved m where w.run_id = m.id and m.status <> 'active'
)
insert into nudge (run_id)
select id from moved where before = 'active'
union
select w.run_id from watch w where w.profile_id = $2 -- what happened to the other has happened to them

-- name: merge_watch
update watch set profile_id = $2 where profile_id = $1

-- name: merge_review
update review set profile_id = $2 where profile_id = $1

-- name: merge_refusal
with doubled as (
    delete from refusal s using refusal d
    where s.profile_id = $1 and d.profile_id = $2 and d.flow_id = s.flow_id and d.entry_key = s.entry_key
)
update refusal s set profile_id = $2
where s.profile_id = $1
    and not exists (select from refusal d where d.profile_id = $2 and d.flow_id = s.flow_id and d.entry_key = s.entry_key)

-- name: merge_message
update message set profile_id = $2 where profile_id = $1

-- name: merge_send_timer
-- The phone number is the key for sms, and stays.
with gone as (
    delete from send_timer where channel <> 'sms' and key = $1 returning channel, started_at, until
)
insert into send_timer as t (channel, key, started_at, until)
select channel, $2, started_at, until from gone where started_at is not null
on conflict (channel, key) do update
    set started_at = greatest(t.started_at, excluded.started_at), until = greatest(t.until, excluded.until)

-- name: merge_list_member
-- Nobody joins: no flow begins.
insert into list_member as m (list_id, profile_id, joined_at)
select list_id, $2, joined_at from list_member where profile_id = $1
on conflict (list_id, profile_id) do update set joined_at = least(m.joined_at, excluded.joined_at)

-- name: merge_suppression
-- Who did not want it on either address does not get it on the other.
insert into suppression as s (profile_id, channel, reason, at)
select $2, channel, reason, at from suppression where profile_id = $1
on conflict (profile_id, channel, reason) do update set at = least(s.at, excluded.at)

-- name: merge_consent
-- Who said no for either address has said no. Else the later word counts.
insert into consent as c (profile_id, channel, purpose, consent, at, method, method_detail, updated_at)
select $2, channel, purpose, consent, at, method, method_detail, updated_at from consent where profile_id = $1
on conflict (profile_id, channel, purpose) do update set consent = excluded.consent, at = excluded.at, method = excluded.method,
    method_detail = excluded.method_detail, updated_at = excluded.updated_at
where (excluded.consent = 'UNSUBSCRIBED', excluded.at) > (c.consent = 'UNSUBSCRIBED', c.at)

-- name: merge_list_suppression
insert into list_suppression as s (profile_id, list_id, reason, at)
select $2, list_id, reason, at from list_suppression where profile_id = $1
on conflict (profile_id, list_id) do update set at = least(s.at, excluded.at)

-- name: merge_job_profile
insert into job_profile (job_id, profile_id) select job_id, $2 from job_profile where profile_id = $1 on conflict do nothing

-- name: merge_push_token
update push_token set profile_id = $2 where profile_id = $1

-- name: merge_date_change
update date_change set profile_id = $2 where profile_id = $1

-- name: merge_profile_alias
with moved as (
    update profile_alias set profile_id = $2 where profile_id = $1 returning profile_id
)
update profile set aliased = true where id in (select profile_id from moved)

-- name: profile_delete
delete from profile where id = $1

-- name: profile_inherit_age
-- A person is as old as the older of two profiles.
update profile set created_at = least(created_at, $2) where id = $1
