-- name: webhook_select
select w.id, w.name, w.description, w.endpoint_url, w.secret_key, w.enabled, w.failing_since, w.disabled_reason, w.created_at, w.updated_at,
    array(select t.topic from webhook_topic t where t.webhook_id = w.id order by t.topic) as topics
from webhook w

-- name: webhook_alone
-- Held by whoever adds one, so that nobody adds more than there may be.
select pg_advisory_xact_lock(hashtext('webhook'))

-- name: webhook_count
select count(*) from webhook

-- name: webhook_insert
insert into webhook (id, name, description, endpoint_url, secret_key, enabled, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $7)

-- name: webhook_update
update webhook set name = $2, description = $3, endpoint_url = $4, secret_key = $5, enabled = $6, failing_since = $7, disabled_reason = $8, updated_at = $9
where id = $1

-- name: webhook_delete
delete from webhook where id = $1

-- name: webhook_topics_delete
delete from webhook_topic where webhook_id = $1

-- name: webhook_topics_insert
insert into webhook_topic (webhook_id, topic) select $1, unnest($2::text[])

-- name: webhook_queue_drop
delete from webhook_queue where webhook_id = $1

-- name: webhook_topic_list
select topic from metric union select unnest($1::text[]) order by 1
