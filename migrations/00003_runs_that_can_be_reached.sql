-- Runs that can be reached while they wait: by what they wait for, and by people.

-- +goose Up
alter table flow add column paused_at timestamptz;                    -- since when its runs stand still; null: they go on

-- Every version that was applied, so that people see what ran when, and can go back.
create table flow_version (
    flow_id    text not null references flow on delete cascade,
    hash       text collate "C" not null references plan,
    status     text not null,                   -- draft | manual | live
    applied_at timestamptz not null default clock_timestamp(),
    primary key (flow_id, applied_at)
);
insert into flow_version (flow_id, hash, status, applied_at) select id, hash, status, updated_at from flow;

-- How many runs, each started by an event of the one before, led to this one: what keeps flows that start each
-- other from going on for ever.
alter table event add column depth smallint not null default 0;
alter table outbox add column depth smallint not null default 0;
alter table run add column depth smallint not null default 0;

-- A run that is to be placed where it would be, had it entered then: set by a backfill and by a date that changed.
alter table outbox add column place_from timestamptz;
alter table run add column place_from timestamptz;                    -- null once it has its place
alter table run add column data jsonb not null default '{}';          -- by step id, what a step keeps for later ones

-- What may happen to somebody who is inside: whoever stores an event, a profile or a membership finds the runs
-- that it concerns in the same statement.
create table watch (
    run_id     text collate "C" not null references run on delete cascade,
    profile_id text collate "C" not null,
    step       text not null,                   -- the wait_for that watches; '' for exit_on
    kind       text not null,                   -- event | profile | list
    key        text not null,                   -- the metric's name; '' for the others
    since      timestamptz not null,            -- events recorded from then on count
    primary key (run_id, step, kind, key)
);
create index watch_profile on watch (profile_id, kind, key);

-- Runs that ought to be looked at before they are due. The dispatcher tells their cohorts.
create table nudge (
    id         bigint generated always as identity primary key,
    run_id     text collate "C" not null,
    created_at timestamptz not null default now()
);
create trigger nudge_wake after insert on nudge referencing new table as fresh
    for each statement execute function outbox_wake();

-- +goose Down
drop table nudge, watch, flow_version;
alter table run drop column depth, drop column place_from, drop column data;
alter table outbox drop column depth, drop column place_from;
alter table event drop column depth;
alter table flow drop column paused_at;
