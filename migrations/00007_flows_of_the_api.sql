-- Flows can be deleted through the API. The row stays, so that runs and what became of them can be read.

-- +goose Up
alter table flow add column deleted_at timestamptz;                   -- null: it is there

-- +goose Down
alter table flow drop column deleted_at;
