-- Profiles, metrics, events, lists and catalog: what comes in.
--
-- Ids of profiles are 26-character ULIDs, ids of lists and metrics short random strings, as in the public
-- API. Text ids compare bytewise (collate "C"), so that they index well and page in creation order.

-- +goose Up
create table account (
    id           text primary key,              -- the public company id of the client endpoints
    name         text not null default '',
    timezone     text not null default 'UTC',   -- IANA name; used where a profile has none
    currency     text not null default 'USD',   -- ISO 4217
    locale       text not null default 'en-US',
    organization jsonb not null default '{}'    -- name, url and address parts for footers
);

create table api_key (
    hash       text primary key,                -- SHA-256 of the key, hex: the key itself is never stored
    name       text not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

create table profile (
    id            text collate "C" primary key,
    email         text,
    phone_number  text,
    external_id   text,
    anonymous_id  text,
    first_name    text,
    last_name     text,
    organization  text,
    locale        text,
    title         text,
    image         text,
    location      jsonb not null default '{}',  -- address1, address2, city, region, zip, country, latitude, longitude, timezone, ip
    properties    jsonb not null default '{}',
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    last_event_at timestamptz
);
-- Email is an identity without regard to case; the spelling given is kept.
create unique index profile_email on profile (lower(email));
create unique index profile_phone_number on profile (phone_number);
create unique index profile_external_id on profile (external_id);
create unique index profile_anonymous_id on profile (anonymous_id);
create index profile_created on profile (created_at, id);
create index profile_updated on profile (updated_at, id);

-- Every property that holds a date, as the calendar date that was written, so that the people whose
-- anniversary falls on a day are found by an index and not by reading everyone.
create table profile_date (
    profile_id text collate "C" not null references profile on delete cascade,
    property   text not null,
    year       smallint not null,
    month      smallint not null,
    day        smallint not null,
    primary key (profile_id, property)
);
create index profile_date_anniversary on profile_date (property, month, day, profile_id);

create table metric (
    id         text collate "C" primary key,
    name       text not null,
    service    text not null default 'api',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (name, service)
);

create table event (
    id          uuid not null,
    profile_id  text collate "C" not null,
    metric_id   text collate "C" not null,
    time        timestamptz not null,
    recorded_at timestamptz not null default now(),
    unique_id   text collate "C" not null,      -- the sender's, else the time in whole seconds
    value       numeric,
    currency    text,
    properties  jsonb not null default '{}',
    backfill    boolean not null default false
) partition by range (time);
-- History questions ask for one person and one metric in a time range. Being unique, it also drops a repeat
-- that carries the same time; event_key drops the repeats that carry another.
create unique index event_history on event (profile_id, metric_id, time, unique_id);
create index event_profile on event (profile_id, time, id);
create index event_time on event (time, id);
create index event_metric on event (metric_id, time, id);
create index event_id on event (id);

-- A unique_id that the sender chose, over all partitions: the first one wins, whatever times they carry.
create table event_key (
    profile_id text collate "C" not null,
    metric_id  text collate "C" not null,
    unique_id  text collate "C" not null,
    primary key (profile_id, metric_id, unique_id)
);

-- +goose StatementBegin
create function ensure_event_partition(moment timestamptz) returns void language plpgsql as $$
declare
    first date := date_trunc('month', moment at time zone 'UTC');
    name  text := 'event_' || to_char(first, 'YYYYMM');
begin
    if to_regclass(name) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('ensure_event_partition'));
    execute format('create table if not exists %I partition of event for values from (%L) to (%L)',
        name, first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00');
end
$$;
-- +goose StatementEnd

create table list (
    id             text collate "C" primary key,
    name           text not null,
    opt_in_process text not null default 'single_opt_in',
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now()
);

create table list_member (
    list_id    text collate "C" not null references list on delete cascade,
    profile_id text collate "C" not null references profile on delete cascade,
    joined_at  timestamptz not null default now(),
    primary key (list_id, profile_id)
);
create index list_member_profile on list_member (profile_id);

-- Why a profile may not be mailed. Consent and suppression are independent.
create table suppression (
    profile_id text collate "C" not null references profile on delete cascade,
    channel    text not null,                   -- email | sms | push
    reason     text not null,                   -- HARD_BOUNCE | INVALID_EMAIL | SPAM_COMPLAINT | UNSUBSCRIBE | USER_SUPPRESSED
    at         timestamptz not null default now(),
    primary key (profile_id, channel, reason)
);

create table catalog_category (
    id   text collate "C" primary key,
    name text not null
);

create table catalog_item (
    id          text collate "C" primary key,   -- the external id
    title       text not null,
    description text not null default '',
    url         text not null default '',
    image       text not null default '',
    price       numeric,
    metadata    jsonb not null default '{}',
    published   boolean not null default true,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);

create table catalog_item_category (
    item_id     text collate "C" not null references catalog_item on delete cascade,
    category_id text collate "C" not null references catalog_category on delete cascade,
    primary key (item_id, category_id)
);
create index catalog_item_category_category on catalog_item_category (category_id);

create table catalog_variant (
    id               text collate "C" primary key,
    item_id          text collate "C" not null references catalog_item on delete cascade,
    title            text not null,
    sku              text not null default '',
    price            numeric,
    inventory        integer not null default 0,
    inventory_policy smallint not null default 1, -- 0 | 2: sell without stock; 1: hide when out of stock
    published        boolean not null default true
);
create index catalog_variant_item on catalog_variant (item_id);

-- Who bought what, kept as Ordered Product events arrive: what recommendations read.
create table purchase (
    profile_id text collate "C" not null,
    item_id    text collate "C" not null,
    quantity   numeric not null default 0,
    last_at    timestamptz not null,
    primary key (profile_id, item_id)
);
-- The latest buyers of an item, read from the index alone.
create index purchase_item on purchase (item_id, last_at, profile_id);

-- +goose Down
drop table purchase, catalog_variant, catalog_item_category, catalog_item, catalog_category, suppression,
    list_member, list, event_key, event, metric, profile_date, profile, api_key, account;
drop function ensure_event_partition;
