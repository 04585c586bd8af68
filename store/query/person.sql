-- name: people
select p.id, p.email, p.phone_number, p.external_id, p.anonymous_id, p.first_name, p.last_name, p.organization, p.locale,
    p.title, p.image, p.location, p.properties, p.created_at, p.updated_at,
    array(select s.channel from suppression s where s.profile_id = p.id order by 1) as suppressed
from profile p where p.id = any($1)

-- name: trigger_events
-- The time narrows each look-up to one partition.
select e.id, e.time, e.recorded_at, e.value, e.currency, e.properties, m.name as metric
from unnest($1::uuid[], $2::timestamptz[]) as x (id, time)
join lateral (select * from event e where e.id = x.id and e.time = x.time limit 1) e on true
join metric m on m.id = e.metric_id

-- name: members_of_list
select lm.profile_id from list_member lm join list l on l.id = lm.list_id
where (l.id = $1 or l.name = $1) and lm.profile_id = any($2)
