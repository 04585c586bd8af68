-- Work on many profiles that goes on after the request that asked for it, and what people agreed to.

-- +goose Up
create table job (
    id           text collate "C" primary key,  -- a ULID
    kind         text not null,                 -- profile-import | suppress | unsuppress
    status       text not null default 'queued', -- queued | processing | complete | cancelled
    list_ids     text[] not null default '{}',  -- profile-import: what the profiles join; else: whose members they are
    total        integer not null,
    completed    integer not null default 0,
    failed       integer not null default 0,
    skipped      integer not null default 0,    -- that were as asked for before
    created_at   timestamptz not null default now(),
    started_at   timestamptz,
    completed_at timestamptz,                   -- or cancelled
    expires_at   timestamptz not null           -- when nobody can ask for it any more
);
create index job_created on job (kind, created_at, id);
create index job_open on job (created_at, id) where status in ('queued', 'processing');
create index job_expires on job (expires_at);

-- What is left to do of a job, in parts that are done in a transaction each. The part goes in the transaction that
-- writes what came of it, so that a worker that dies leaves nothing out and does nothing twice.
create table job_part (
    job_id   text collate "C" not null references job on delete cascade,
    position integer not null,                  -- of its first item
    items    jsonb not null,
    primary key (job_id, position)
);

-- What could not be done.
create table job_error (
    id       text collate "C" primary key,      -- a ULID
    job_id   text collate "C" not null references job on delete cascade,
    position integer not null,                  -- of the item
    code     text not null,
    title    text not null,
    detail   text not null,
    pointer  text not null,                     -- into the request
    payload  jsonb                              -- the item as it was sent
);
create index job_error_job on job_error (job_id, position, id);

-- The profiles that a job created or updated.
create table job_profile (
    job_id     text collate "C" not null references job on delete cascade,
    profile_id text collate "C" not null references profile on delete cascade,
    primary key (job_id, profile_id)
);
create index job_profile_profile on job_profile (profile_id);

-- +goose StatementBegin
create function job_wake() returns trigger language plpgsql as $$
begin
    perform pg_notify('legato_jobs', '');
    return null;
end
$$;
-- +goose StatementEnd
create trigger job_wake after insert on job for each statement execute function job_wake();

-- What people agreed to or said no to, by channel. Whoever has no row was not asked. Consent and suppression are
-- independent of each other.
create table consent (
    profile_id    text collate "C" not null references profile on delete cascade,
    channel       text not null,                -- email | sms | push | whatsapp
    purpose       text not null,                -- marketing | transactional | conversational | open_tracking
    consent       text not null,                -- SUBSCRIBED | UNSUBSCRIBED
    at            timestamptz not null,         -- when they said so
    method        text not null,                -- API | ...
    method_detail text not null default '',     -- the source that the sender names
    updated_at    timestamptz not null,
    primary key (profile_id, channel, purpose)
);

-- Whom not to mail as a member of a list, though mail for other reasons is welcome.
create table list_suppression (
    profile_id text collate "C" not null references profile on delete cascade,
    list_id    text collate "C" not null references list on delete cascade,
    reason     text not null,                   -- UNSUBSCRIBE
    at         timestamptz not null,
    primary key (profile_id, list_id)
);
create index list_suppression_list on list_suppression (list_id);

-- +goose Down
drop table list_suppression, consent, job_profile, job_error, job_part, job;
drop function job_wake;
