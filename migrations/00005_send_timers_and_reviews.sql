-- What keeps a message from going out now: how lately the person had one, and that somebody has to look at it first.

-- +goose Up
-- When a person may get the next message of a channel. A row is held by the message that is on its way out, so that
-- two messages to one person cannot both find the way free.
create table send_timer (
    channel    text not null,                   -- email | sms | push
    key        text collate "C" not null,       -- the profile; the phone number for sms
    started_at timestamptz,                     -- when the last message left; null: none has yet
    until      timestamptz,                     -- until when the next ones are kept back: started_at and the window of then
    holder     text collate "C",                -- the send key of the message on its way out; null: none is
    owner      text,                            -- the attempt that holds it for that message
    held_at    timestamptz,
    primary key (channel, key)
);

-- Actions that wait until somebody approves or cancels them. Their runs have gone on.
create table review (
    id         bigint generated always as identity primary key,
    flow_id    text not null,
    run_id     text collate "C" not null references run on delete cascade,
    entered_at timestamptz not null,            -- the run's
    step       text not null,
    kind       text not null,                   -- the step's kind
    profile_id text collate "C" not null,
    ahead      bigint not null default 0,       -- microseconds by which its time is ahead of the clock; dev's --speed only
    created_at timestamptz not null default now(),
    decision   text not null default '',        -- '' | approved | cancelled
    decided_at timestamptz,
    decided_by text not null default '',
    due_at     timestamptz,                     -- of an approved one: when a worker may take it
    done_at    timestamptz,                     -- when its outcome was written
    unique (run_id, step)
);
create index review_waiting on review (flow_id, step, id) where decision = '';
create index review_due on review (due_at) where decision = 'approved' and done_at is null;

-- Whether the same message of a flow went to the same address before.
create index message_address on message (lower(address), claimed_at);

-- +goose Down
drop index message_address;
drop table review, send_timer;
