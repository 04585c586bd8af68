-- name: metric_select
select id, name, service, created_at, updated_at from metric

-- name: metric_insert
insert into metric (id, name, service, created_at, updated_at)
select id, name, service, $4, $4
from unnest($1::text[], $2::text[], $3::text[]) as fresh (id, name, service)
order by name, service
on conflict (name, service) do nothing

-- name: metric_by_name
select id, name, service, created_at, updated_at from metric
where (name, service) in (select * from unnest($1::text[], $2::text[]))

-- name: metric_names
select id, name from metric order by created_at, id
