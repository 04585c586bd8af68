-- name: send_timer_take
-- Takes the timers that nobody's message holds and that have run out, or, with $7, that run. A holder that is older
-- than $6 died before it handed its message over, unless the message says otherwise.
insert into send_timer as t (channel, key, holder, owner, held_at)
select $1::text, x.key, x.holder, $2::text, $3::timestamptz from unnest($4::text[], $5::text[]) as x (key, holder) order by x.key
on conflict (channel, key) do update set holder = excluded.holder, owner = excluded.owner, held_at = excluded.held_at
where ($7::boolean or t.until is null or t.until <= $3)
  and (t.holder is null or t.holder = excluded.holder
       or t.held_at < $6::timestamptz and not exists (
           select from message m where m.send_key = t.holder and m.status = 'handing'
               and m.handed_at + make_interval(secs => $8::float8) > $3))
returning key

-- name: send_timer_read
-- What keeps each of these messages ($3) back: the timer, and when the message that holds it was handed over.
select x.holder as send_key, t.until, t.held_at, other.handed_at, coalesce(own.status <> 'claimed', false) as gone
from unnest($2::text[], $3::text[]) as x (key, holder)
left join send_timer t on t.channel = $1 and t.key = x.key
left join message other on other.send_key = t.holder and t.holder <> x.holder
left join message own on own.send_key = x.holder

-- name: send_timer_start
-- A message that was handed over starts the timer anew, whatever it was. The last one counts.
insert into send_timer as t (channel, key, started_at, until)
select $1::text, x.key, max(m.handed_at), max(m.handed_at) + make_interval(secs => $4::float8)
from unnest($2::text[], $3::text[]) as x (key, holder)
join message m on m.send_key = x.holder and m.handed_at is not null
group by x.key order by x.key
on conflict (channel, key) do update set started_at = excluded.started_at, until = excluded.until,
    holder = null, owner = null, held_at = null
where t.started_at is null or t.started_at <= excluded.started_at

-- name: send_timer_release
-- Gives back what this attempt took and did not use. A message that another attempt is handing over keeps its timer.
with held as (
    select t.channel, t.key from send_timer t
    join unnest($3::text[], $4::text[]) as x (key, holder) on x.key = t.key and x.holder = t.holder
    where t.channel = $1 and t.owner = $2
      and not exists (select from message m where m.send_key = t.holder and m.status = 'handing')
    order by t.key for update of t
)
update send_timer t set holder = null, owner = null, held_at = null
from held where t.channel = held.channel and t.key = held.key
