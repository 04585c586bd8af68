-- name: aggregate_plain
-- Counts the events of metric $1 in each bucket from $2 until $3 by dimensions, asking the index for one bucket after
-- the other: that is less work than to find the bucket of every event. {dims} is an array of text, {where} further
-- conditions, {total} the sum of the values, or 0 if nobody wants it.
with cell as (
    select bucket.n::int as bucket, counted.*
    from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality as bucket (since, until, n)
    cross join lateral (
        select {dims} as dims, count(*) as count, 0::bigint as people, {total} as total
        from event
        where metric_id = $1 and time >= bucket.since and time < bucket.until{where}
        {group}
    ) counted
)

-- name: aggregate_people
-- The same with how many people there are.
with cell as (
    select bucket.n::int as bucket, counted.*
    from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality as bucket (since, until, n)
    cross join lateral (
        select dims, sum(count)::bigint as count, count(*) as people, sum(total) as total
        from (
            select {dims} as dims, profile_id, count(*) as count, {total} as total
            from event
            where metric_id = $1 and time >= bucket.since and time < bucket.until{where}
            group by 1, 2
        ) person
        group by dims
    ) counted
)

-- name: aggregate_page
, whole as (
    select dims, {rank} as rank from cell group by dims
), page as (
    select dims, rank from whole
    where {after}
    order by rank{direction}, dims
    limit {limit}
)
select page.dims, page.rank::text as rank, cell.bucket, cell.count, cell.people, cell.total
from page join cell on cell.dims = page.dims
order by page.rank{direction}, page.dims, cell.bucket
