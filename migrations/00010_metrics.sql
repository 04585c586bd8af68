-- Numbers of metrics: what counting reads, metrics that are defined by others, and the roles that metrics play.

-- +goose Up
-- Counts, sums and numbers of people are read from this index alone, never from the events, which are far larger.
drop index event_metric;
create index event_metric on event (metric_id, time, id) include (profile_id, value, currency);

create table custom_metric (
    id         text collate "C" primary key,        -- 32 hexadecimal digits
    name       text not null unique,
    definition jsonb not null,                      -- as the public API has it
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index custom_metric_created on custom_metric (created_at, id);

-- What a shop's numbers are made of: each role is played by a metric or by a custom metric. Until somebody chooses, it
-- is the oldest metric that has the usual name.
create table mapped_metric (
    id               text collate "C" primary key,  -- of the role
    usual            text not null,                 -- the metric's name
    chosen           boolean not null default false,
    metric_id        text collate "C" references metric,
    custom_metric_id text collate "C" references custom_metric,
    updated_at       timestamptz not null default now(),
    check (num_nonnulls(metric_id, custom_metric_id) <= chosen::int)
);
create index mapped_metric_custom on mapped_metric (custom_metric_id);
insert into mapped_metric (id, usual) values
    ('added_to_cart', 'Added to Cart'),
    ('cancelled_sales', 'Cancelled Order'),
    ('ordered_product', 'Ordered Product'),
    ('refunded_sales', 'Refunded Order'),
    ('revenue', 'Placed Order'),
    ('started_checkout', 'Started Checkout'),
    ('viewed_product', 'Viewed Product');

-- +goose Down
drop table mapped_metric, custom_metric;
drop index event_metric;
create index event_metric on event (metric_id, time, id);
