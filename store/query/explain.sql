-- name: explain_profile
-- Whoever somebody means: by id, email, phone number or external id. A person may be named by one and the same text
-- in two ways, so there may be two.
select id from profile where id = $1
union select id from profile where lower(email) = lower($1)
union select id from profile where phone_number = $1
union select id from profile where external_id = $1
limit 2

-- name: explain_events
-- The latest events of a person that are of one of the metrics.
select e.id, e.profile_id, e.metric_id, m.name as metric, e.time, e.recorded_at, e.unique_id, e.value, e.currency, e.properties, e.backfill
from event e join metric m on m.id = e.metric_id
where e.profile_id = $1 and m.name = any($2)
order by e.time desc, e.id desc limit $3

-- name: explain_metrics
-- What a person has done, the most frequent first.
select m.name, count(*) as n, max(e.time) as last_at
from event e join metric m on m.id = e.metric_id
where e.profile_id = $1
group by 1 order by 2 desc, 1 limit $2
