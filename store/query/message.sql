-- name: message_claim
-- A message that nobody has begun to hand over may be claimed again, once its time has come; one that was handed over
-- never is.
insert into message (send_key, message_id, flow_id, step, run_id, profile_id, channel, address, template, subject, status, owner)
select x.send_key, x.message_id, $1, x.step, x.run_id, x.profile_id, $2, x.address, x.template, x.subject, 'claimed', $3
from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
    as x (send_key, message_id, step, run_id, profile_id, address, template, subject)
on conflict (send_key) do update set owner = excluded.owner, claimed_at = now(), address = excluded.address,
    template = excluded.template, subject = excluded.subject, attempts = message.attempts + 1, retry_at = null
where message.status = 'claimed' and (message.retry_at is null or message.retry_at <= $12)
returning send_key, attempts

-- name: message_status
select send_key, status, error, handed_at, retry_at, coalesce(response::text, '') as response from message where send_key = any($1)

-- name: message_handing
-- The last gate: a run that was cancelled while its message was being made sends nothing.
update message m set status = 'handing', handed_at = x.at
from unnest($1::text[], $2::text[], $3::timestamptz[]) as x (send_key, owner, at)
where m.send_key = x.send_key and m.status = 'claimed' and m.owner = x.owner
  and not exists (select from run r where r.id = m.run_id and r.status = 'cancelled')
returning m.send_key, m.owner

-- name: message_finish
-- Of messages that $6 holds, or whoever holds them where that is empty. A message that goes back to claimed may be handed
-- over again from retry_at on, as if it had never left: nothing arrived. What is settled stays.
update message m set status = x.status, error = x.error, retry_at = x.retry_at, response = nullif(x.response, '')::jsonb,
    handed_at = case when x.status <> 'claimed' then m.handed_at end,
    sent_at = case when x.status = 'sent' then now() end
from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[]) as x (send_key, status, error, retry_at, response)
where m.send_key = x.send_key and m.status in ('claimed', 'handing') and ($6 = '' or m.owner = $6)
returning m.send_key

-- name: messages_of_profile
select send_key, message_id, flow_id, step, run_id, profile_id, channel, address, template, subject, status, error, claimed_at, handed_at, sent_at, attempts
from message where profile_id = $1 order by claimed_at, send_key limit $2

-- name: messages_to_others
-- The addresses that had the step's message since $5 by way of a profile other than the one given with it.
select distinct lower(x.address) as address, x.profile_id
from unnest($3::text[], $4::text[]) as x (address, profile_id)
join message m on lower(m.address) = lower(x.address) and m.claimed_at >= $5::timestamptz - interval '1 day'
    and m.flow_id = $1 and m.step = $2 and m.profile_id <> x.profile_id
    and m.status in ('handing', 'sent', 'unknown') and m.handed_at >= $5
