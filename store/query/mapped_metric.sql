-- name: mapped_metric_select
select r.id, coalesce(r.metric_id, usual.id) as metric_id, r.custom_metric_id, r.updated_at
from mapped_metric r
left join lateral (
    select id from metric where name = r.usual order by created_at, id limit 1
) usual on not r.chosen

-- name: mapped_metric_update
update mapped_metric set chosen = true, metric_id = $2, custom_metric_id = $3, updated_at = $4
where id = $1

-- name: mapped_metric_hold
-- Keeps others from changing the role until the transaction ends.
select id from mapped_metric where id = $1 for update
