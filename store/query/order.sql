-- name: order_history
-- Every person's orders up to $3: the events of metric $2. Values of all currencies are added up as they are, as elsewhere.
select profile_id, count(*) as orders, trim_scale(coalesce(sum(value), 0)) as total,
    trim_scale(round(coalesce(sum(value), 0) / count(*), 2)) as average,
    trim_scale(round((extract(epoch from max(time) - min(time)) / 86400 / nullif(count(*) - 1, 0))::numeric, 2)) as days_between
from event
where profile_id = any($1) and metric_id = $2 and time <= $3
group by profile_id
