-- What is known of the person with the profile $1.

-- name: erase_outbox
delete from outbox where profile_id = $1

-- name: erase_retry
delete from retry t using run r where r.id = t.run_id and r.profile_id = $1

-- name: erase_review
with settled as (
    update review set decision = 'cancelled', decided_at = now(), decided_by = $2, done_at = now()
    where profile_id = $1 and done_at is null and decision <> 'cancelled'
    returning run_id, entered_at, step, kind, ahead
)
insert into outcome (run_id, entered_at, step, kind, result, reason, at)
select run_id, entered_at, step, kind, 'skipped', $2, now() + ahead * interval '1 microsecond' from settled
on conflict do nothing

-- name: erase_run
-- What steps kept for later ones: answers of webhooks, among others.
update run set data = '{}' where profile_id = $1 and data <> '{}'

-- name: erase_watch
delete from watch where profile_id = $1

-- name: erase_outcome
update outcome o set detail = redacted(o.detail, $2::text[])
from run r where r.profile_id = $1 and o.run_id = r.id and o.entered_at = r.entered_at and o.detail is not null

-- name: erase_message
update message set address = case when channel = 'email' then 'redacted.' || gen_random_uuid() || '@example.com' else 'redacted' end,
    subject = case when subject <> '' then 'redacted' else '' end,
    error = case when error <> '' then 'redacted' else '' end, response = null
where profile_id = $1

-- name: erase_event
-- What happened stays, and when, and what it was worth: numbers, true and false. Texts go.
update event set properties = redacted(properties, $2::text[]), unique_id = id::text where profile_id = $1

-- name: erase_event_key
delete from event_key where profile_id = $1

-- name: erase_purchase
delete from purchase where profile_id = $1

-- name: erase_refusal
delete from refusal where profile_id = $1

-- name: erase_date_change
delete from date_change where profile_id = $1

-- name: erase_send_timer
delete from send_timer where key = $1 or channel = 'sms' and $2 <> '' and key = $2

-- name: erase_property_type
-- Samples of properties may be the person's; so may names, of senders who put addresses there.
with named as (
    delete from property_type t where exists (select from unnest($1::text[]) w (word) where strpos(lower(t.name), w.word) > 0)
)
update property_type t set samples = (
    select coalesce(jsonb_agg(s.value order by s.n), '[]') from jsonb_array_elements(t.samples) with ordinality s (value, n)
    where not exists (select from unnest($1::text[]) w (word) where strpos(lower(s.value::text), w.word) > 0))
where exists (select from unnest($1::text[]) w (word) where strpos(lower(t.samples::text), w.word) > 0)
    and not exists (select from unnest($1::text[]) w (word) where strpos(lower(t.name), w.word) > 0)

-- name: erase_list_member
delete from list_member where profile_id = $1

-- name: erase_suppression
delete from suppression where profile_id = $1

-- name: erase_push_token
delete from push_token where profile_id = $1

-- name: erase_profile_alias
delete from profile_alias where profile_id = $1

-- name: erase_consent
delete from consent where profile_id = $1

-- name: erase_list_suppression
delete from list_suppression where profile_id = $1

-- name: erase_job_profile
delete from job_profile where profile_id = $1

-- name: erase_job_error
-- What was refused of an import is shown as it was sent.
update job_error e set payload = redacted(e.payload, $1::text[]), detail = 'redacted'
where exists (select from unnest($1::text[]) w (word) where strpos(lower(e.detail), w.word) > 0 or strpos(lower(e.payload::text), w.word) > 0)

-- name: erase_job_hold
-- Workers hold a job before the profiles of its part: whoever waits for them here does not wait with profiles in hand.
select id from job where status in ('queued', 'processing') order by created_at, id for update

-- name: erase_job_part
-- What waits to be done about the person with one of the ids $1, external ids $2, addresses $3, numbers $4 and anonymous
-- ids $5 is not done any more. It counts as skipped.
with sought as (
    select array(select lower(substr(t.text, 2, length(t.text) - 2)) -- as JSON has it
        from unnest($1::text[] || $2 || $3 || $4 || $5) w (word), lateral (select to_jsonb(w.word)::text) t (text)) as words
), thinned as (
    select p.job_id, p.position, i.kept, i.dropped
    from job_part p, sought s, lateral (
        select coalesce(jsonb_agg(x.item order by x.n) filter (where not x.theirs), '[]') as kept, count(*) filter (where x.theirs) as dropped
        from (
            select item, n, coalesce(c ->> 'ID' = any($1) or c ->> 'Exchanged' = any($1) or c #>> '{Attributes,external_id}' = any($2)
                or lower(c #>> '{Attributes,email}') = any($3) or c #>> '{Attributes,phone_number}' = any($4)
                or c #>> '{Attributes,anonymous_id}' = any($5)
                or exists (select from jsonb_array_elements_text(c -> 'AppendEmails') a (address) where lower(a.address) = any($3)), false) as theirs
            from jsonb_array_elements(p.items) with ordinality e (item, n), lateral (select item -> 'change') l (c)
        ) x
    ) i
    where exists (select from unnest(s.words) w (word) where strpos(lower(p.items::text), w.word) > 0) and i.dropped > 0
), written as (
    update job_part p set items = t.kept from thinned t where p.job_id = t.job_id and p.position = t.position
)
update job j set skipped = j.skipped + t.dropped from (select job_id, sum(dropped) as dropped from thinned group by job_id) t where j.id = t.job_id

-- name: erase_webhook_delivery
-- Calls name events and nobody, but what a receiver answered is kept when it refuses, and may say about whom.
update webhook_delivery d set error = 'redacted' where exists (select from unnest($1::text[]) w (word) where strpos(lower(d.error), w.word) > 0)
