-- name: feed_upsert
insert into feed (id, kind, definition) values ($1, $2, $3)
on conflict (id) do update set kind = excluded.kind, definition = excluded.definition, updated_at = now()
where (feed.kind, feed.definition) is distinct from (excluded.kind, excluded.definition)

-- name: feeds_by_id
select id, kind, definition, updated_at from feed where id = any ($1) order by id
