-- name: custom_metric_select
select id, name, definition, created_at, updated_at from custom_metric

-- name: custom_metric_insert
insert into custom_metric (id, name, definition, created_at, updated_at) values ($1, $2, $3, $4, $4)
on conflict (name) do nothing

-- name: custom_metric_update
-- What is null stays as it is.
update custom_metric set name = coalesce($2, name), definition = coalesce($3::jsonb, definition), updated_at = $4
where id = $1
returning id, name, definition, created_at, updated_at

-- name: custom_metric_delete
delete from custom_metric where id = $1
