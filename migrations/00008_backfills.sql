-- Letting people into a flow who triggered it before it was live, a batch at a time.

-- +goose Up
-- An entry that is not of now: re-entry rules do not hold for it.
alter table outbox add column past boolean not null default false;

create table backfill (
    id          bigint generated always as identity primary key,
    flow_id     text not null references flow on delete cascade,
    kind        text not null,                  -- metric | list: which trigger's past
    key         text not null,                  -- the metric's name, the list's id
    placed      boolean not null,               -- where they would be by now; else at the beginning
    per_second  integer not null,
    since       timestamptz not null,           -- what happened in [since, until) counts
    until       timestamptz not null,
    cursor_time timestamptz not null,           -- how far it has got
    cursor_id   text collate "C" not null default '',
    total       bigint not null,                -- how many there were to look at when it began
    seen        bigint not null default 0,
    status      text not null default 'running', -- running | done | cancelled
    created_at  timestamptz not null default now(),
    finished_at timestamptz
);
-- One at a time for each flow.
create unique index backfill_running on backfill (flow_id) where status = 'running';

-- +goose Down
drop table backfill;
alter table outbox drop column past;
