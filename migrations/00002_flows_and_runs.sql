-- Flows, and people's ways through them.

-- +goose Up
-- Plans are immutable: a run names the plan it entered by its hash, for ever.
create table plan (
    hash       text collate "C" primary key,
    flow_id    text not null,
    body       jsonb not null,
    created_at timestamptz not null default now()
);

create table flow (
    id         text primary key,
    name       text not null,
    status     text not null,                   -- draft | manual | live
    hash       text collate "C" not null references plan,
    archived   boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

-- What makes people enter: one row per flow and trigger, so that whoever stores an event or a membership
-- finds the flows it concerns in the same statement.
create table flow_trigger (
    flow_id text not null references flow on delete cascade,
    kind    text not null,                      -- metric | list | date
    key     text not null,                      -- the metric's name, the list's id or name, the date property
    primary key (flow_id, kind, key)
);
create index flow_trigger_key on flow_trigger (kind, key);

-- Content is read at send time in its current form, also by people already waiting.
create table template (
    id         text primary key,
    source     text not null,
    updated_at timestamptz not null default now()
);

create table feed (
    id         text primary key,
    kind       text not null,                   -- product | web
    definition jsonb not null,
    updated_at timestamptz not null default now()
);

-- Entries waiting for the dispatcher: written in the transaction of what caused them.
create table outbox (
    id         bigint generated always as identity primary key,
    flow_id    text not null,
    profile_id text collate "C" not null,
    entry_key  text not null,                   -- names the entry: event/<id>, list/<id>/<joined>, date/<day>
    event_id   uuid,
    event_time timestamptz,
    due_at     timestamptz,                     -- set by the date planner: when the run's first step is due
    ahead      bigint not null default 0,       -- microseconds by which the run's time begins ahead of the clock; development only
    created_at timestamptz not null default now()
);
create index outbox_flow on outbox (flow_id, id);

-- +goose StatementBegin
create function outbox_wake() returns trigger language plpgsql as $$
begin
    -- Every stored event runs the insert, most with no rows; a notification makes commits queue up.
    if exists (select from fresh) then
        perform pg_notify('legato_outbox', '');
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger outbox_wake after insert on outbox referencing new table as fresh
    for each statement execute function outbox_wake();

-- Why someone who triggered a flow did not enter it.
create table refusal (
    flow_id    text not null,
    profile_id text collate "C" not null,
    entry_key  text not null,
    reason     text not null,                   -- trigger_filter | profile_filter | reentry | flow_not_live | profile_deleted
    detail     jsonb,
    at         timestamptz not null default now(),
    primary key (flow_id, profile_id, entry_key)
);
create index refusal_profile on refusal (profile_id, at);

-- The people who entered one version of a flow together: one Temporal workflow.
create table cohort (
    id         text collate "C" primary key,    -- the workflow id
    flow_id    text not null,
    hash       text collate "C" not null references plan,
    size       integer not null,
    created_at timestamptz not null default now(),
    started_at timestamptz                      -- when Temporal acknowledged it
);
create index cohort_unstarted on cohort (created_at) where started_at is null;

create table run (
    id          text collate "C" primary key,
    flow_id     text not null,
    hash        text collate "C" not null references plan,
    profile_id  text collate "C" not null,
    entry_key   text not null,
    cohort_id   text collate "C" not null references cohort,
    event_id    uuid,
    event_time  timestamptz,
    entered_at  timestamptz not null,           -- in the run's own time; the reference of since_start
    ahead       bigint not null default 0,      -- microseconds by which the run's time is ahead of the clock; dev's --speed only
    step        text not null default '',       -- where the run is, or the step that ended it
    due_at      timestamptz,                    -- when that step is due, in the run's own time
    status      text not null default 'active', -- active | done | exited | cancelled
    reason      text not null default '',
    finished_at timestamptz,
    unique (flow_id, profile_id, entry_key)
);
create index run_reentry on run (flow_id, profile_id, entered_at desc);
create index run_profile on run (profile_id, entered_at);
create index run_active on run (flow_id, step) where status = 'active';
create index run_cohort on run (cohort_id);

-- What became of each step of each run: written with the step's effect, so that a repeat does nothing twice.
-- Partitioned by the run's entry, so that old rows can be dropped whole.
create table outcome (
    run_id     text collate "C" not null,
    entered_at timestamptz not null,            -- the run's, for the partition
    step       text not null,
    kind       text not null,                   -- the step's kind
    result     text not null,                   -- done | skipped | failed | held
    reason     text not null default '',        -- why it was skipped, failed or held
    detail     jsonb,
    at         timestamptz not null,            -- in the run's own time
    primary key (run_id, step, entered_at)
) partition by range (entered_at);
create table outcome_default partition of outcome default;

-- One row per message, claimed before it is handed over: the send key is what makes a repeat impossible.
create table message (
    send_key   text collate "C" primary key,    -- run/<run id>/<step id>
    message_id text not null,                   -- the Message-ID header
    flow_id    text,
    step       text,
    run_id     text collate "C",
    profile_id text collate "C" not null,
    channel    text not null,
    address    text not null,
    template   text not null default '',
    subject    text not null default '',
    status     text not null,                   -- claimed | handing | sent | failed | unknown
    owner      text not null,                   -- the attempt that holds the claim
    attempts   integer not null default 1,
    error      text not null default '',
    claimed_at timestamptz not null default now(),
    handed_at  timestamptz,
    sent_at    timestamptz
);
create index message_profile on message (profile_id, claimed_at);
create index message_flow on message (flow_id, step);

-- How far the date planner has looked, by flow and hash: a planner that stood still catches up from there.
create table date_plan (
    flow_id      text primary key references flow on delete cascade,
    planned_till timestamptz not null
);

-- +goose Down
drop table date_plan, message, outcome, run, cohort, refusal, outbox, feed, template, flow_trigger, flow, plan;
drop function outbox_wake;
