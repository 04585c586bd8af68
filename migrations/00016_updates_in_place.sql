-- Runs and messages are updated soon after they are written, runs at every step: where a page has room and no index
-- knows what changes, Postgres updates a row in its place.

-- +goose Up
alter table run set (fillfactor = 50);
alter table message set (fillfactor = 50);
-- Without the step, which changes.
drop index run_active;
create index run_active on run (flow_id) where status = 'active';
-- The unique index over flow, profile and entry finds the few runs of a person in a flow as well.
drop index run_reentry;

-- +goose Down
create index run_reentry on run (flow_id, profile_id, entered_at desc);
drop index run_active;
create index run_active on run (flow_id, step) where status = 'active';
alter table message reset (fillfactor);
alter table run reset (fillfactor);
