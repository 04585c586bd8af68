-- name: metric_select
select id, name, service, created_at, updated_at from metric

-- name: metric_insert
insert into metric (id, name, service, created_at, updated_at)
select id, name, service, $4, $4
from unnest($1::text[], $2::text[], $3::text[]) as fresh (id, name, service)
order by name, service
on conflict (name, service) do nothing

-- name: metric_addable
-- Those of the metrics with the names $1 and services $2 that are there, and as many of the others as make $3 that are not of
-- the service $4.
with wanted as (
    select w.n, m.id is not null as there
    from unnest($1::text[], $2::text[]) with ordinality as w (name, service, n) left join metric m using (name, service)
)
select n from (
    select n, there, row_number() over (partition by there order by n) as rank from wanted
) w
where there or rank + (select count(*) from metric where service <> $4) <= $3

-- name: metric_by_name
select id, name, service, created_at, updated_at from metric
where (name, service) in (select * from unnest($1::text[], $2::text[]))

-- name: metric_names
select id, name from metric order by created_at, id
