-- What the account says of itself, the parameters of links, and the webhooks that tell others of events.

-- +goose Up
alter table account
    add column industry     text,
    add column test_account boolean not null default false,
    add column tracking     jsonb not null default '{}'; -- see store.Tracking

-- What others subscribe to. Metrics of Legato itself have the prefix that receivers of the public API's webhooks
-- expect; those of senders have the name of the service that reports them.
alter table metric add column topic text collate "C" not null generated always as (
    'event:' || case service when 'legato' then 'klaviyo' else trim(both '_' from regexp_replace(lower(service), '[[:space:][:punct:]]+', '_', 'g')) end
    || '.' || trim(both '_' from regexp_replace(lower(name), '[[:space:][:punct:]]+', '_', 'g'))) stored;
create index metric_topic on metric (topic);

create table webhook (
    id              text collate "C" primary key,
    name            text not null,
    description     text,
    endpoint_url    text not null,
    secret_key      text not null,                  -- signs the calls, so it has to be kept as it is
    enabled         boolean not null default true,
    failing_since   timestamptz,                    -- when calls began to fail, with none taken since
    disabled_reason text,                           -- why it was disabled, if nobody asked for it
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);

create table webhook_topic (
    webhook_id text collate "C" not null references webhook on delete cascade,
    topic      text collate "C" not null,
    primary key (topic, webhook_id)
);
create index webhook_topic_webhook on webhook_topic (webhook_id);

-- Events that a webhook is to be told of, written in the transaction that stores the event. No foreign key: it would make
-- every event lock the webhook.
create table webhook_queue (
    id         bigint generated always as identity primary key,
    webhook_id text collate "C" not null,
    event_id   uuid not null,
    event_time timestamptz not null,                -- finds the event's partition
    topic      text not null,
    size       integer not null,                    -- of the event's properties, in bytes
    created_at timestamptz not null default now()
);
create index webhook_queue_webhook on webhook_queue (webhook_id, id);

-- +goose StatementBegin
create function webhook_wake() returns trigger language plpgsql as $$
begin
    -- Every stored event runs the insert, most with no rows; a notification makes commits queue up.
    if exists (select from fresh) then
        perform pg_notify('legato_webhooks', '');
    end if;
    return null;
end
$$;
-- +goose StatementEnd
create trigger webhook_wake after insert on webhook_queue referencing new table as fresh
    for each statement execute function webhook_wake();

-- Calls: what waits to be delivered, and for a while what was or could not be.
create table webhook_delivery (
    id          uuid primary key,                   -- the same for every attempt
    webhook_id  text collate "C" not null references webhook on delete cascade,
    events      jsonb not null,                     -- [{"id", "time", "topic"}]
    queued_at   timestamptz not null,               -- the first event's
    created_at  timestamptz not null,
    next_at     timestamptz,                        -- when to try, or to take an attempt for lost; null when finished
    attempts    integer not null default 0,
    delivered   boolean not null default false,
    status      integer,                            -- of the last answer
    error       text,                               -- of the last attempt
    finished_at timestamptz
);
create index webhook_delivery_due on webhook_delivery (next_at) where finished_at is null;
create index webhook_delivery_webhook on webhook_delivery (webhook_id, created_at desc, id);
create index webhook_delivery_finished on webhook_delivery (finished_at) where finished_at is not null;

-- +goose Down
drop table webhook_delivery, webhook_queue, webhook_topic, webhook;
drop function webhook_wake;
alter table metric drop column topic;
alter table account drop column tracking, drop column test_account, drop column industry;
