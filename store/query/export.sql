-- What is known of the person with the profile $1, a JSON document in each row.

-- name: export_profile_alias
select jsonb_build_object('kind', kind, 'value', value, 'since', created_at) from profile_alias where profile_id = $1 order by created_at, kind, key

-- name: export_list_member
select jsonb_build_object('list', l.id, 'name', l.name, 'joined_at', m.joined_at)
from list_member m join list l on l.id = m.list_id where m.profile_id = $1 order by m.joined_at, l.id

-- name: export_suppression
select jsonb_build_object('channel', channel, 'reason', reason, 'at', at) from suppression where profile_id = $1 order by at, channel, reason

-- name: export_push_token
select to_jsonb(t) - 'profile_id' from push_token t where profile_id = $1 order by created_at, id

-- name: export_event
-- With everything that was sent, and when it was taken in.
select jsonb_build_object('id', e.id, 'metric', m.name, 'service', m.service, 'time', e.time, 'recorded_at', e.recorded_at,
    'unique_id', e.unique_id, 'value', e.value, 'currency', e.currency, 'properties', e.properties, 'backfill', e.backfill)
from event e join metric m on m.id = e.metric_id where e.profile_id = $1 order by e.time, e.id

-- name: export_event_key
select jsonb_build_object('metric', m.name, 'unique_id', k.unique_id)
from event_key k join metric m on m.id = k.metric_id where k.profile_id = $1 order by m.name, k.unique_id

-- name: export_purchase
select jsonb_build_object('item', item_id, 'quantity', quantity, 'last_at', last_at) from purchase where profile_id = $1 order by last_at, item_id

-- name: export_message
select to_jsonb(m) - 'profile_id' - 'owner' from message m where profile_id = $1 order by claimed_at, send_key

-- name: export_send_timer
select jsonb_build_object('channel', t.channel, 'started_at', t.started_at, 'until', t.until)
from send_timer t
where t.key = $1 or t.channel = 'sms' and t.key = (select phone_number from profile where id = $1) order by t.channel

-- name: export_run
-- With what became of each step.
select to_jsonb(r) - 'profile_id' || jsonb_build_object('steps', coalesce((
    select jsonb_agg(jsonb_build_object('step', o.step, 'kind', o.kind, 'result', o.result, 'reason', o.reason, 'detail', o.detail, 'at', o.at)
        order by o.at, o.step)
    from outcome o where o.run_id = r.id and o.entered_at = r.entered_at), '[]'))
from run r where r.profile_id = $1 order by r.entered_at, r.id

-- name: export_watch
select to_jsonb(w) - 'profile_id' from watch w where profile_id = $1 order by run_id, step, kind, key

-- name: export_review
select to_jsonb(v) - 'profile_id' from review v where profile_id = $1 order by id

-- name: export_refusal
select to_jsonb(f) - 'profile_id' from refusal f where profile_id = $1 order by at, flow_id, entry_key

-- name: export_outbox
select to_jsonb(o) - 'profile_id' from outbox o where profile_id = $1 order by id

-- name: export_date_change
select to_jsonb(c) - 'profile_id' from date_change c where profile_id = $1 order by id

-- name: export_consent
select to_jsonb(c) - 'profile_id' from consent c where profile_id = $1 order by channel, purpose

-- name: export_list_suppression
select jsonb_build_object('list', list_id, 'reason', reason, 'at', at) from list_suppression where profile_id = $1 order by at, list_id

-- name: export_job_profile
select jsonb_build_object('job', j.id, 'kind', j.kind, 'at', j.created_at)
from job_profile p join job j on j.id = p.job_id where p.profile_id = $1 order by j.created_at, j.id
