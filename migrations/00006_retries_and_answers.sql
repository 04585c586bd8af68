-- What comes back from a call, when a message may be tried again, and failures that are to be tried again.

-- +goose Up
alter table message add column retry_at timestamptz;                  -- not to be handed over before then
alter table message add column response jsonb;                        -- what a webhook answered, as the run keeps it

-- Failed steps that somebody asked to repeat. The outcome is gone until there is a new one, so what it said is here.
create table retry (
    run_id     text collate "C" not null references run on delete cascade,
    step       text not null,
    kind       text not null,                   -- the step's kind
    reason     text not null,
    error      text not null default '',
    failed_at  timestamptz not null,            -- in the run's own time
    due_at     timestamptz not null default now(),
    primary key (run_id, step)
);
create index retry_due on retry (due_at);
create index outcome_failed on outcome (at desc) where result in ('failed', 'held');

-- +goose Down
drop index outcome_failed;
drop table retry;
alter table message drop column retry_at, drop column response;
