-- name: list_by_id
select id, name, opt_in_process, created_at, updated_at from list where id = $1
